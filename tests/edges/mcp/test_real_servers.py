"""Real clients of both SDKs see through the gateway what they see without it, on real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.edges.mcp.wire import HERE, SCRIPTED, gone

ROOT = HERE.parents[2]
INSTALLED = ROOT / ".servers"
NODE = INSTALLED / "node" / "node_modules" / ".bin"
CLIENTS = {"first": INSTALLED / "sdk1" / "bin" / "python", "second": INSTALLED / "sdk2" / "bin" / "python"}


def tasks(folder: Path) -> dict[str, tuple[list[str], list[tuple[str, dict[str, Any]]]]]:
    """Server → its command and the calls of the scripted agent."""
    (folder / "a.txt").write_text("one\n")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return {
        "git": (
            [str(INSTALLED / "git" / "bin" / "mcp-server-git")],
            [("git_status", {"repo_path": str(folder)}), ("git_log", {"repo_path": str(folder)})],
        ),
        "sqlite": (
            [str(INSTALLED / "sqlite" / "bin" / "mcp-server-sqlite"), "--db-path", str(folder / "db")],
            [
                ("create_table", {"query": "CREATE TABLE IF NOT EXISTS t (x)"}),
                ("list_tables", {}),
                ("read_query", {"query": "SELECT 1 AS one"}),
                ("read_query", {"query": "nonsense"}),
            ],
        ),
        "time": (
            [str(INSTALLED / "time" / "bin" / "mcp-server-time")],
            [("convert_time", {"source_timezone": "UTC", "time": "10:00", "target_timezone": "Asia/Tokyo"})],
        ),
        "filesystem": (
            [str(NODE / "mcp-server-filesystem"), str(folder)],
            [("read_text_file", {"path": str(folder / "a.txt")}), ("list_allowed_directories", {})],
        ),
        "memory": ([str(NODE / "mcp-server-memory")], [("read_graph", {})]),
        "everything": (
            [str(NODE / "mcp-server-everything"), "stdio"],
            [("echo", {"message": "hi"}), ("get-sum", {"a": 1, "b": 2})],
        ),
    }


def see(client: str, command: list[str], calls: object, environ: dict[str, str]) -> dict[str, Any]:
    """What the scripted agent of one SDK saw."""
    task = {"calls": calls, "command": command, "env": {**os.environ, **environ}}
    script = HERE / "clients" / f"{client}.py"
    done = subprocess.run(
        [str(CLIENTS[client]), str(script), json.dumps(task)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("client", ["first", "second"])
@pytest.mark.parametrize("server", ["git", "sqlite", "time", "filesystem", "memory", "everything"])
def test_what_passes_is_the_same_with_and_without_the_gateway(tmp_path: Path, client: str, server: str) -> None:
    """Protocol generation, tools in their order, results to the last field; and no process is left."""
    (tmp_path / "work").mkdir()
    (tmp_path / "gate").mkdir()
    command, calls = tasks(tmp_path / "work")[server]
    environ = {"MEMORY_FILE_PATH": str(tmp_path / "work" / "memory.json")}
    direct = see(client, command, calls, environ)
    wrapped = see(client, [sys.executable, str(SCRIPTED), str(tmp_path / "gate"), *command], calls, environ)
    assert wrapped == direct
    assert len(direct["results"]) == len(calls) and direct["tools"]
    events = [json.loads(line) for line in (tmp_path / "gate" / "log").read_text().splitlines()]
    assert [event["tool"] for event in events if event["event"] == "authorize"] == [name for name, _ in calls]
    assert events[-1]["event"] == "exit"


@pytest.mark.parametrize("server", ["git", "sqlite", "filesystem", "memory"])
def test_a_killed_gateway_leaves_no_real_server_behind(tmp_path: Path, server: str) -> None:
    """The end of its input is enough for every server that people use."""
    command, _ = tasks(tmp_path)[server]
    started = [sys.executable, str(SCRIPTED), str(tmp_path), *command]
    process = subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None and process.stdout is not None
    hello = {"capabilities": {}, "clientInfo": {"name": "x", "version": "1"}, "protocolVersion": "2025-11-25"}
    request = {"id": 1, "jsonrpc": "2.0", "method": "initialize", "params": hello}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    pids = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    process.kill()
    process.wait()
    assert pids and all(gone(pid) for pid in pids)


@pytest.mark.parametrize("client", ["first", "second"])
def test_a_held_call_reaches_the_client_as_progress_and_then_as_its_result(tmp_path: Path, client: str) -> None:
    """The person's answer comes while the client waits."""
    command = [sys.executable, str(SCRIPTED), str(tmp_path), sys.executable, str(HERE / "servers" / "odd.py")]
    answer = [
        "sh",
        "-c",
        f"while ! grep -q authorize {tmp_path}/log; do sleep 0.05; done; sleep 0.3; touch {tmp_path}/yes",
    ]
    person = subprocess.Popen(answer, stderr=subprocess.DEVNULL)
    try:
        seen = see(client, command, [("ask_echo", {"x": 1})], {"SCRIPT_WAIT": "20"})
    finally:
        person.terminate()  # would wait for ever for a call that never came
        person.wait()
    assert [text for text in seen["progress"] if "apr_1" in text]
    assert seen["results"][0]["content"][0]["text"] == '{"x": 1}'
