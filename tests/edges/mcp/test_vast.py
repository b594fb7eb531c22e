"""Tool lists that are too much: bounded time, a clear word, and the gateway goes on serving."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.edges.mcp.wire import SERVERS, Wire, decision

Start = Callable[[str], Wire]
#: Seconds that one listing may take; a machine that is used for something else takes its time.
BOUND = 60


@pytest.fixture
def vast(tmp_path: Path) -> Iterator[Start]:
    """Starts `assent mcp` before a server whose list is too much in the way that is named."""
    started: list[Wire] = []

    def start(how: str) -> Wire:
        command = [sys.executable, "-m", "assent", "mcp", "--name", "vast", "--zone", "local", "--"]
        environ = {"ASSENT_HOME": str(tmp_path / "home"), "HOME": str(tmp_path), "ASSENT_APPROVAL_WAIT": "0"}
        server = [sys.executable, str(SERVERS / "vast.py"), how]
        wire = Wire([*command, *server], environ, errors=tmp_path / "errors")
        started.append(wire)
        wire.hello()
        return wire

    yield start
    for wire in started:
        wire.kill()


def names(wire: Wire) -> list[str]:
    """What the client is shown."""
    return [tool["name"] for tool in wire.ask("tools/list", seconds=BOUND)["result"]["tools"]]


def works(wire: Wire, tool: str = "get_thing") -> bool:
    """Is a call carried out?"""
    return bool(wire.call(tool)["result"].get("content", [{}])[0].get("text") == f"{tool} done")


def test_five_thousand_tools_are_listed_and_one_is_called(vast: Start) -> None:
    """On one page; others are served meanwhile, and memory stays bounded."""
    wire = vast("many")
    listing, ping = wire.start("tools/list"), wire.start("ping")
    wire.answer(ping, BOUND)
    assert not any(message.get("id") == listing for message in wire.aside)  # the ping did not wait for the list
    assert len(wire.answer(listing, BOUND)["result"]["tools"]) == 5_000
    assert works(wire, "get_thing_4999")
    peak = int(Path("/proc", str(wire.process.pid), "status").read_text().partition("VmHWM:")[2].split()[0])
    assert peak < 300 * 1024


def test_fifty_pages_are_one_list(vast: Start) -> None:
    """A tool of the last page can be called after the first page was asked for."""
    wire = vast("pages")
    assert len(names(wire)) == 100
    assert works(wire, "get_thing_4999")


def test_a_description_of_ten_mebibytes_takes_its_tool_out_and_no_other(vast: Start, tmp_path: Path) -> None:
    """Said with the limit; the session is not taken to have seen a secret for it."""
    wire = vast("wide")
    assert names(wire) == ["get_thing"]
    assert decision(wire.call("get_wide"))["reasons"][0]["code"] == "tool_unavailable"
    assert works(wire)
    assert "'get_wide' has a definition over 262144 bytes" in (tmp_path / "errors").read_text()


def test_a_list_that_changes_on_every_call_stops_what_changed(vast: Start) -> None:
    """The rest goes on, however often it is asked."""
    wire = vast("moving")
    names(wire)  # pinned as it is listed first
    for _ in range(5):
        shown = names(wire)
        assert "get_thing" in shown and "get_moving" not in shown
    assert decision(wire.call("get_moving"))["reasons"][0]["code"] == "tool_changed"
    assert works(wire)


def test_schemas_that_contain_themselves_take_down_nothing(vast: Start) -> None:
    """A recursive one and a deep one: their calls are judged or refused, the other works."""
    wire = vast("knotted")
    assert "get_thing" in names(wire)
    assert works(wire)
    for tool in ("get_knot", "get_deep"):
        assert "result" in wire.call(tool, {"a": {"a": {}}})
    assert works(wire)


def test_names_that_imitate_are_left_out_or_no_reads(vast: Start) -> None:
    """A Cyrillic letter in a name that stands alone is seen as well."""
    wire = vast("alike")
    assert "g\u0435t_thing" not in names(wire)
    assert decision(wire.call("g\u0435t_thing"))["reasons"][0]["code"] == "ambiguous_name"
    assert decision(wire.call("list_d\u0435lete"))["verdict"] in ("escalate", "defer")


def test_pages_without_end_are_not_believed(vast: Start) -> None:
    """Every call defers, and what needs no tool is still answered."""
    wire = vast("endless")
    assert decision(wire.call("get_thing"))["reasons"][0]["code"] == "tools_unlisted"
    assert "result" in wire.ask("ping")
