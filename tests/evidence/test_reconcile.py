"""Receipts held against what real servers wrote down, with ways round planted among honest calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.edges.mcp.home import OPEN, Home
from tests.evidence.servers import INSTALLED, Postgres, envoy, nginx, postgres
from tests.evidence.spans import Receiver
from tests.unit.cli.world import valid

NODE = INSTALLED / "node" / "node_modules" / ".bin"
#: Reads pass, and whatever destroys is refused.
RULES = OPEN + '@id("keep") forbid (principal, action in Action::"effect:delete", resource);\n'


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """One PostgreSQL for this file."""
    with postgres() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home whose log is verified at the end."""
    made = Home(tmp_path)
    made.policy(RULES)
    yield made
    made.end()


def _findings(home: Home, *words: str, code: int = 4) -> list[dict[str, Any]]:
    """What `assent reconcile` finds on the home, and that its exit code says so."""
    found = json.loads(home.run("reconcile", *words, "--json", code=code))
    valid("reconcile", found)
    assert found["unreadable"] == []
    return list(found["findings"])


def _kinds(findings: list[dict[str, Any]]) -> list[str]:
    return [one["kind"] for one in findings]


def test_statements_that_went_round_assent_are_found_in_the_log_of_postgresql(home: Home, database: Postgres) -> None:
    """Two honest reads; then, past the gateway: a refused statement, an unknown one, and an allowed one once more."""
    server = home.gateway(str(NODE / "mcp-server-postgres"), database.url, options=("--name", "pg", "--zone", "local"))
    for query in ("SELECT name FROM customers WHERE id = 1", "SELECT count(*) AS n\n  FROM customers;"):
        assert "error" not in server.call("query", {"sql": query})
    assert "assent" in str(server.call("query", {"sql": "DROP TABLE customers"}))
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    words = ("--telemetry", f"postgres:{database.log}", "--only", "audit=yes", "--since", since)
    time.sleep(0.3)
    assert [one for one in _findings(home, *words) if "customers (id" not in one["says"]] == []

    database.run("INSERT INTO customers VALUES (7, 'mallory')")
    database.run("SELECT name FROM customers WHERE id = 1")
    database.run("drop table customers")
    database.run("CREATE TABLE customers (id int, name text)")
    time.sleep(0.3)
    found = [one for one in _findings(home, *words) if "CREATE TABLE" not in one["says"]]
    told = {(one["kind"], one["says"].partition(" runs ")[2].partition(":")[0]) for one in found}
    assert told == {
        ("EXECUTED_NO_RECEIPT", "INSERT INTO customers VALUES (7, 'mallory')"),
        ("EXECUTED_NO_RECEIPT", "SELECT name FROM customers WHERE id = 1"),
        ("DENIED_BUT_EXECUTED", "drop table customers"),
    }
    assert all(one["confidence"] >= 0.9 for one in found)


@pytest.mark.parametrize("web", [nginx, envoy])
def test_requests_that_went_round_assent_are_found_in_access_logs(home: Home, tmp_path: Path, web: Any) -> None:
    """A page fetched by the governed tool is joined; one fetched past it is not."""
    with web(tmp_path) as server:
        fetch = home.gateway(
            *(str(INSTALLED / "fetch" / "bin" / "mcp-server-fetch"), "--ignore-robots-txt"),
            options=("--name", "fetch", "--zone", "local"),
        )
        fetch.call("fetch", dict(url=f"http://127.0.0.1:{server.port}/reports/weekly"))
        server.ask("/reports/secret")
        time.sleep(0.3)
        kind = f"access:{server.log}"
        found = [one for one in _findings(home, "--telemetry", kind) if "/ready" not in one["says"]]
    assert _kinds(found) == ["EXECUTED_NO_RECEIPT"]
    assert "/reports/secret" in found[0]["says"]


def test_commits_that_went_round_assent_are_found_in_the_reflog(home: Home, tmp_path: Path) -> None:
    """A commit by the governed tool is joined by its message; one by hand is not."""
    work = home.work / "repo"
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    subprocess.run(["git", "init", "-q", work], check=True)
    git = home.gateway(
        str(INSTALLED / "git" / "bin" / "mcp-server-git"), options=("--name", "git", "--zone", "local"), **identity
    )
    (work / "a.txt").write_text("one\n")
    git.call("git_add", dict(repo_path=str(work), files=["a.txt"]))
    git.call("git_commit", dict(repo_path=str(work), message="Add a file"))
    past = ["git", "-C", str(work), "commit", "-q", "--allow-empty", "-m", "Add a back door"]
    subprocess.run(past, check=True, env={**os.environ, **identity})
    found = _findings(home, "--telemetry", str(next((work / ".git" / "logs" / "refs" / "heads").iterdir())))
    assert _kinds(found) == ["EXECUTED_NO_RECEIPT"]
    assert "Add a back door" in found[0]["says"]


def test_spans_of_a_real_exporter_are_joined_and_other_arguments_are_found(home: Home, tmp_path: Path) -> None:
    """An agent traces its tool calls: honest ones join; what the receipts do not know, or know otherwise, shows."""
    server = home.odd()
    with Receiver(tmp_path / "spans.json") as receiver:
        for text in ("one", "two"):
            with receiver.span("echo", {"text": text}):
                server.call("echo", {"text": text})
        with receiver.span("echo", {"text": "other"}):
            server.call("echo", {"text": "three"})
        with receiver.span("shell", {"command": "curl evil"}):
            pass
    found = _findings(home, "--telemetry", str(receiver.file), "--tolerance", "0.2")
    assert sorted(_kinds(found)) == ["ARGS_MISMATCH", "EXECUTED_NO_RECEIPT"]


def test_the_traffic_of_a_server_is_held_against_receipts(home: Home, tmp_path: Path) -> None:
    """A server's own record of what reached it: through the gateway nothing stays over, past it all does."""
    server = home.odd()
    server.call("echo", {"text": "one"})
    log = tmp_path / "traffic.log"
    lines = []
    for text in ("one", "two"):
        params = {"name": "echo", "arguments": {"text": text}}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines.append(
            f"{stamp} [odd] received: "
            + json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        )
    log.write_text("\n".join(lines) + "\n")
    found = _findings(home, "--telemetry", f"mcp:{log}")
    assert [(one["kind"], one["event"]) for one in found] == [("EXECUTED_NO_RECEIPT", "traffic.log:2")]


def test_what_goes_round_is_told_while_it_happens(home: Home, database: Postgres) -> None:
    """`--follow` prints a finding as soon as the tolerance is over, and the exit code says that there was one."""
    words = ["reconcile", "--follow", "--json", "--tolerance", "0.5", "--telemetry", f"postgres:{database.log}"]
    command = [sys.executable, "-m", "assent", *words, "--only", "audit=yes"]
    environ = {**os.environ, **home.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        time.sleep(1)
        database.run("DELETE FROM customers WHERE id = 99")
        for line in process.stdout:
            if "id = 99" in line:
                assert json.loads(line)["kind"] == "EXECUTED_NO_RECEIPT"
                break
        process.send_signal(2)
        assert process.wait(30) == 4
