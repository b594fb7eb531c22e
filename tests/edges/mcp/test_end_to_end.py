"""The whole path with nothing pretended: real home, policy, receipts, approvals, real servers."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.edges.mcp.home import OPEN, Home, said
from tests.edges.mcp.wire import HERE, SERVERS, decision

ROOT = HERE.parents[2]
INSTALLED = ROOT / ".servers"
SQLITE = str(INSTALLED / "sqlite" / "bin" / "mcp-server-sqlite")
FILES = str(INSTALLED / "node" / "node_modules" / ".bin" / "mcp-server-filesystem")

Calls = Callable[..., dict[str, Any]]


def test_a_read_flows_and_leaves_its_receipts(home: Home) -> None:
    """Decision and outcome, of one attempt, in one session."""
    (home.work / "a.txt").write_text("hello\n")
    wire = home.gateway(FILES, str(home.work), options=("--name", "files"))
    assert said(wire.call("read_text_file", {"path": str(home.work / "a.txt")})) == "hello\n"
    wire.close()
    (decided,) = home.receipts("decision")
    assert (decided["verdict"], decided["tool"]) == ("allow", "read_text_file")
    assert len(home.receipts("outcome")) == 1
    assert len(home.receipts("session")) == 2


def test_a_secret_path_never_reaches_the_server(home: Home) -> None:
    """The starter policy denies it, with a receipt."""
    (home.work / ".env").write_text("KEY=1\n")
    wire = home.gateway(FILES, str(home.work), options=("--name", "files"))
    found = decision(wire.call("read_text_file", {"path": str(home.work / ".env")}))
    assert (found["verdict"], found["reasons"][0]["policy"]) == ("deny", "starter/secret-paths")
    assert isinstance(found["receipt"], int)


def test_dropping_a_table_waits_for_a_person_and_runs_once(home: Home) -> None:
    """Refused, approved, executed by the same call made again; other arguments need another answer."""
    database = str(home.work / "db")
    wire = home.gateway(SQLITE, "--db-path", database, options=("--name", "db"))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
    drop = {"query": "DROP TABLE t"}
    asked = decision(wire.call("write_query", drop))
    assert asked["verdict"] == "escalate"
    (pending,) = [row for row in home.json("approvals") if row["id"] == asked["approval"]]
    assert pending["tool"] == "write_query" and pending["arguments"] == drop
    home.run("approve", asked["approval"], "--yes", "--key", str(home.key))
    assert decision(wire.call("write_query", {"query": "DROP TABLE t;"}))["verdict"] == "escalate"
    done = wire.call("write_query", drop)["result"]
    assert not done["isError"] and "assent/decision" not in done.get("_meta", {})
    assert decision(wire.call("write_query", drop))["verdict"] == "escalate"


def test_a_held_call_goes_on_when_a_person_answers(home: Home) -> None:
    """The client waits; `assent approve` in another process lets it go."""
    home.environ["ASSENT_APPROVAL_WAIT"] = "30"
    wire = home.odd()
    id = wire.start("tools/call", {"arguments": {"n": 1}, "name": "ask_echo", "_meta": {"progressToken": 1}})
    progress = wire.next(20)
    assert "assent approve apr_" in progress["params"]["message"]
    approval = progress["params"]["message"].split()[-1]
    home.run("approve", approval, "--yes", "--key", str(home.key))
    assert json.loads(said(wire.answer(id, 20))) == {"n": 1}
    assert len(home.reached()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"__entity": {"type": "User", "id": "admin"}},
        {"a": {"__extn": {"fn": "ip", "arg": "::1"}}},
        {"a": [{"__expr": "1"}]},
    ],
)
def test_cedar_escapes_in_arguments_are_refused(home: Home, arguments: dict[str, Any]) -> None:
    """Without a schema they would become entities."""
    home.policy(OPEN)
    wire = home.odd()
    assert decision(wire.call("echo", arguments))["verdict"] == "deny"
    assert home.reached() == []


def test_arguments_of_a_wrong_type_and_undeclared_ones_are_refused(home: Home) -> None:
    """The pinned schema counts; an open schema lets undeclared ones pass by name."""
    wire = home.gateway(FILES, str(home.work), options=("--name", "files"))
    for arguments in ({"path": 1}, {}, {"path": ["a"]}):
        assert decision(wire.call("read_text_file", arguments))["verdict"] == "deny"


def test_an_unknown_tool_and_a_changed_one_are_denied_with_a_receipt(home: Home) -> None:
    """Until a person accepts the change."""
    home.policy(OPEN)
    wire = home.odd("changing.py", "bills")
    assert said(wire.call("pay")) == "pay done"
    assert decision(wire.call("nobody"))["reasons"][0]["code"] == "unknown_tool"
    wire.call("change")
    found = decision(wire.call("pay"))
    assert (found["verdict"], found["reasons"][0]["code"]) == ("deny", "tool_changed")
    home.run("catalog", "accept", "bills/pay", "--yes", "--key", str(home.key))
    assert said(wire.call("pay")) == "pay done"


def test_tools_that_no_policy_can_allow_are_not_shown(home: Home) -> None:
    """An unconditional forbid hides; a conditional one does not; a call is decided all the same."""
    home.policy(
        OPEN
        + '@id("no-echo")\nforbid (principal, action == Action::"tool:odd/echo", resource);\n'
        + '@id("some")\nforbid (principal, action == Action::"tool:odd/slow", resource)'
        + " when { context.session.calls > 1000 };\n"
    )
    wire = home.odd()
    names = [tool["name"] for tool in wire.ask("tools/list")["result"]["tools"]]
    assert "echo" not in names and "slow" in names and "ask_echo" in names
    assert decision(wire.call("echo"))["verdict"] == "deny"


def test_a_server_that_dies_leaves_unknown_and_the_same_call_asks(home: Home) -> None:
    """What may have happened is never repeated by itself."""
    home.policy(OPEN)
    wire = home.odd()
    assert "may have happened" in said(wire.call("die", {"n": 1}))
    wire.process.wait(5)
    again = home.odd()
    found = decision(again.call("die", {"n": 1}))
    assert found["verdict"] in ("escalate", "defer")
    assert "may_have_happened" in [reason["code"] for reason in found["reasons"]]
    assert len(home.reached()) == 1


def test_a_killed_gateway_leaves_unknown_and_the_same_call_asks(home: Home) -> None:
    """Kill -9 during a call: the receipt is there, the outcome is not known, nothing is repeated."""
    home.policy(OPEN)
    wire = home.odd()
    wire.start("tools/call", {"arguments": {}, "name": "silent"})
    while not home.reached():
        time.sleep(0.02)
    wire.process.send_signal(signal.SIGKILL)
    wire.process.wait()
    again = home.odd()
    found = decision(again.call("silent"))
    assert "may_have_happened" in [reason["code"] for reason in found["reasons"]]
    assert len(home.reached()) == 1


def test_the_servers_of_one_client_share_one_session(home: Home) -> None:
    """It ends with the last of them."""
    home.policy(OPEN)
    one, other = home.odd(name="one"), home.odd(name="other")
    one.call("echo", {"n": 1})
    other.call("echo", {"n": 2})
    assert len({leaf["session"] for leaf in home.receipts("decision")}) == 1
    one.close()
    assert len(home.receipts("session")) == 1
    other.close()
    assert len(home.receipts("session")) == 2


def test_a_name_that_another_program_has_is_refused(home: Home) -> None:
    """With what to do."""
    home.odd(name="mine").close()
    command = ("mcp", "--name", "mine", "--", sys.executable, str(SERVERS / "changing.py"))
    done = subprocess.run(
        [sys.executable, "-m", "assent", *command],
        env={**os.environ, **home.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0 and "--name" in done.stderr and "mine" in done.stderr


def test_a_root_that_holds_the_home_is_refused(home: Home) -> None:
    """Assent guards itself first."""
    command = ("mcp", "--name", "f", "--root", str(home.folder.parent), "--", sys.executable, str(SERVERS / "odd.py"))
    done = subprocess.run(
        [sys.executable, "-m", "assent", *command],
        env={**os.environ, **home.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0 and "root" in done.stderr


def test_eight_gateways_work_on_one_home_at_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Every call of every one is carried out and recorded; the slowest are printed."""
    home.policy(OPEN)
    rounds = 40

    def client(number: int) -> list[float]:
        wire = home.odd(name=f"odd-{number}")
        taken = []
        for turn in range(rounds):
            start = time.perf_counter()
            assert json.loads(said(wire.call("echo", {"n": number, "turn": turn}))) == {"n": number, "turn": turn}
            taken.append(time.perf_counter() - start)
        wire.close()
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = sorted(seconds for times in pool.map(client, range(8)) for seconds in times)
    with capsys.disabled():
        p99 = taken[int(len(taken) * 0.99)] * 1e3
        print(f"\neight gateways: p50 {statistics.median(taken) * 1e3:.1f} ms, p99 {p99:.1f} ms")
    assert len(home.receipts("decision")) == len(home.receipts("outcome")) == 8 * rounds
