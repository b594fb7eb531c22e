"""Processes: nothing is left behind, signals arrive, output and exit code are the server's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edges.mcp.wire import SCRIPTED, SERVERS, Scripted, children, decision, gone

Start = Callable[..., Scripted]


def test_the_end_of_the_client_ends_the_server_and_the_session(scripted: Start) -> None:
    """Exit code zero, quickly: clients kill what needs two seconds."""
    wire = scripted()
    (child,) = children(wire.process.pid)
    start = time.monotonic()
    assert wire.close() == 0
    assert time.monotonic() - start < 1.5
    assert gone(child) and wire.events("leave")


def test_a_server_that_will_not_end_is_killed(scripted: Start) -> None:
    """Neither the end of its input nor SIGTERM moves it; it is gone within two seconds all the same."""
    wire = scripted()
    pid = int(wire.call("ignore_the_end")["result"]["content"][0]["text"])
    start = time.monotonic()
    assert wire.close() == 128 + signal.SIGKILL
    assert time.monotonic() - start < 2 and gone(pid)


def test_a_killed_gateway_leaves_no_server_behind(scripted: Start) -> None:
    """Kill -9 closes the server's input and, on Linux, makes the kernel end it."""
    wire = scripted()
    (child,) = children(wire.process.pid)
    wire.kill()
    assert gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_killed_gateway_ends_a_busy_server_too(scripted: Start) -> None:
    """A server that does not read its input while it works is ended by the kernel."""
    wire = scripted()
    (child,) = children(wire.process.pid)
    wire.start("tools/call", {"arguments": {}, "name": "silent"})
    while not wire.events("begin"):
        time.sleep(0.02)
    wire.kill()
    assert gone(child)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_passed_on_and_leave_nothing_open(scripted: Start, number: int) -> None:
    """A call under way is settled as unknown before the gateway ends."""
    wire = scripted()
    (child,) = children(wire.process.pid)
    wire.start("tools/call", {"arguments": {}, "name": "silent"})
    while not wire.events("begin"):
        time.sleep(0.02)
    wire.process.send_signal(number)
    code = wire.process.wait(30)
    # a server that has not ended by its signal in time is ended by SIGTERM
    assert code in (128 + number, 128 + signal.SIGTERM, 1) and gone(child)
    assert wire.events("settle")[0]["status"] == "unknown" and wire.events("leave")


def test_grandchildren_are_ended_with_the_group(scripted: Start, tmp_path: Path) -> None:
    """A launcher that starts the real server in a shell leaves neither behind."""
    script = tmp_path / "launcher.sh"
    script.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/pid\n{sys.executable} {SERVERS}/odd.py\n")
    script.chmod(0o755)
    command = [sys.executable, str(SCRIPTED), str(tmp_path), str(script)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        time.sleep(0.02)
    pid = int((tmp_path / "pid").read_text())
    process.communicate(b"", timeout=8)
    assert gone(pid)


def test_error_output_is_passed_through_unchanged(scripted: Start) -> None:
    """What the server says there arrives as it is."""
    wire = scripted()
    assert "odd: started\n" in wire.said()


def test_the_server_does_not_get_our_settings(scripted: Start) -> None:
    """Nothing that configures or unlocks Assent is in the server's environment; all else is."""
    wire = scripted(ASSENT_HOME="/nowhere", ASSENT_PASSPHRASE="secret", THEIRS="1")
    listed = wire.call("environment")["result"]["content"][0]["text"]
    assert "ASSENT" not in listed and "THEIRS" in listed


def test_requests_before_the_end_of_input_are_answered(tmp_path: Path) -> None:
    """A script may write its messages from a file and read the answers into one."""
    lines = (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}\n'
        '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{}}}\n'
    )
    (tmp_path / "in").write_text(lines)
    command = [sys.executable, str(SCRIPTED), str(tmp_path), sys.executable, str(SERVERS / "odd.py")]
    with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as target:
        assert subprocess.run(command, stdin=source, stdout=target, timeout=20).returncode == 0
    assert '"id":2' in (tmp_path / "out").read_text()


def test_the_end_of_the_client_ends_a_held_call_at_once(scripted: Start) -> None:
    """Nobody waits for a person any more; whoever still reads is told how to go on."""
    wire = scripted(SCRIPT_WAIT="30")
    id = wire.start("tools/call", {"arguments": {}, "name": "ask_echo"})
    while not wire.events("authorize"):
        time.sleep(0.02)
    assert wire.process.stdin is not None
    wire.process.stdin.close()
    assert decision(wire.answer(id, 2))["verdict"] == "escalate"
    assert wire.process.wait(3) == 0


def test_a_client_that_vanishes_during_a_call_leaves_its_result_kept(scripted: Start) -> None:
    """The next identical call of the session gets it once."""
    wire = scripted()
    wire.start("tools/call", {"arguments": {"seconds": 0.4}, "name": "slow"})
    while not wire.events("begin"):
        time.sleep(0.02)
    assert wire.process.stdout is not None and wire.process.stdin is not None
    wire.process.stdout.close()
    wire.process.stdin.close()
    wire.process.wait(5)
    assert [event["status"] for event in wire.events("settle")] == ["succeeded"]
    assert wire.events("keep")


def test_a_command_that_cannot_be_started_is_said_so(tmp_path: Path) -> None:
    """Before anything else happens."""
    command = [sys.executable, str(SCRIPTED), str(tmp_path), "/no/such/program"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and "/no/such/program" in done.stderr


def test_a_client_that_does_not_read_stops_the_server(scripted: Start) -> None:
    """Back-pressure: what it does not take is not piled up here."""
    wire = scripted()
    for number in range(60):
        wire.start("tools/call", {"arguments": {"bytes": 1_000_000}, "name": "huge"}, id=1000 + number)
    time.sleep(1.5)
    status = Path(f"/proc/{wire.process.pid}/status").read_text()
    resident = int(status.partition("VmRSS:")[2].split()[0]) // 1024
    assert resident < 110, resident
    assert len({wire.next(20)["id"] for _ in range(60)}) == 60
    os.kill(wire.process.pid, 0)


def test_input_that_no_loop_can_watch_is_read_to_its_end(tmp_path: Path) -> None:
    """`/dev/null` and a regular file end like a pipe does: no traceback, nobody left waiting."""
    command = [sys.executable, str(SCRIPTED), str(tmp_path), sys.executable, f"{SERVERS}/odd.py"]
    with open(os.devnull, "rb") as nothing:
        done = subprocess.run(command, stdin=nothing, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"Traceback" not in done.stderr
