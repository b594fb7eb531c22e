"""Real servers of both SDKs that take permits: through Assent they run, by themselves they do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edges.mcp.home import OPEN, Home
from tests.edges.mcp.wire import Wire

ROOT = Path(__file__).parents[2]
HELD = Path(__file__).with_name("held.py")
KINDS = ("fast1", "low1", "fast2", "low2")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home on which everything is allowed, and the keys of its permits in a file."""
    home = Home(tmp_path)
    home.policy(OPEN)
    (home.work / "home.jwks").write_text(home.run("permits", "jwks"))
    yield home
    home.end()


def server(home: Home, kind: str, store: str) -> list[str]:
    """The command of a held server."""
    python = ROOT / ".servers" / f"sdk{kind[-1]}" / "bin" / "python"
    work = home.work
    return [str(python), str(HELD), kind, str(work / "home.jwks"), store, str(work / "executor.key"), str(work / "ran")]


def ran(home: Home) -> list[dict[str, object]]:
    """What the server has run."""
    path = home.work / "ran"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("kind", KINDS)
def test_held_servers(home: Home, kind: str) -> None:
    """Through the gateway a call runs and is in the receipts on the executor's word; past it nothing runs."""
    store = str(home.work / "consumed.db")
    command = server(home, kind, store)
    direct = Wire(command, {}, errors=home.work / "direct")
    direct.hello()
    assert direct.ask("tools/list")["result"]["tools"]
    for meta in ({}, {"assent/permit": "a.b.c"}, {"assent/permit": 7}):
        answer = direct.call("put", {"path": "x", "size": 2}, **meta)
        assert answer["error"]["code"] == -32043, answer
        assert answer["error"]["data"]["code"] in ("permit_missing", "permit_invalid")
    if kind.startswith("fast"):
        assert direct.ask("prompts/get", {"name": "ask", "arguments": {"topic": "x"}})["error"]["code"] == -32043
    direct.close()
    assert ran(home) == []
    public = (home.work / "executor.key.pub").read_text()
    assert "may sign outcomes" in home.run("permits", "enrol", "files", "--public", public, "--key", str(home.key))
    wire = home.gateway(*command, options=("--name", "files", "--zone", "local", "--permits", "own"))
    answer = wire.call("put", {"path": "ä/1", "size": 2.5})
    assert answer["result"]["content"][0]["text"] == "done", (answer, (home.work / "errors").read_text())
    assert "assent/" not in json.dumps(answer["result"].get("_meta", {}))
    if kind.startswith("fast"):
        assert "result" in wire.ask("prompts/get", {"name": "ask", "arguments": {"topic": "t"}})
    wire.close()
    home.run("receipts", "export", "--output", str(home.work / "log.jsonl"))
    told = (home.work / "log.jsonl").read_text()
    assert told.count('"attested":"executor"') == len(home.receipts("outcome")), (home.work / "errors").read_text()
    assert ran(home)[0]["path"] == "ä/1"


def test_a_server_elsewhere(home: Home) -> None:
    """Over HTTP the permit goes along; who reaches the server some other way runs nothing."""
    store = str(home.work / "consumed.db")
    serving = subprocess.Popen(server(home, "http2", store), stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        url = serving.stdout.readline().strip()
        options = ("--name", "files", "--zone", "own", "--permits", "own", "--url", url)
        wire = home.gateway(options=options)
        assert wire.call("put", {"path": "1"})["result"]["content"][0]["text"] == "done"
        past = home.gateway(
            options=("--name", "files", "--zone", "own", "--url", url)
        )  # as if the agent had its address
        assert past.call("put", {"path": "2"})["error"]["data"]["code"] == "permit_missing"
    finally:
        serving.terminate()
        serving.wait(20)
    assert [one["path"] for one in ran(home)] == ["1"]


def test_a_server_that_asks_the_home(home: Home) -> None:
    """Permits used up at the home over HTTP; with nobody there nothing runs, and a permit is not used twice."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "assent", "--home", str(home.folder), "permits", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout is not None
    found = re.search(r"http://\S+", serving.stdout.readline())
    assert found is not None
    options = ("--name", "files", "--zone", "local", "--permits", "home")
    try:
        wire = home.gateway(*server(home, "fast2", found[0]), options=options)
        assert wire.call("put", {"path": "1"})["result"]["content"][0]["text"] == "done"
    finally:
        serving.terminate()
        serving.wait(20)
    answer = wire.call("put", {"path": "2"})
    assert answer["error"]["data"]["code"] == "consumption_unavailable", answer
    assert [one["path"] for one in ran(home)] == ["1"]
