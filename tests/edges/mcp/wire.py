"""A client that can say anything: raw lines to a process, and its answers with a deadline."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SERVERS = HERE / "servers"
SCRIPTED = HERE / "scripted.py"
HELLO = {"capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}, "protocolVersion": "2025-11-25"}


class Wire:
    """One process spoken to over its standard input and output."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], *, errors: Path | None = None) -> None:
        self.errors = errors
        stderr = errors.open("ab") if errors else None
        self.process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **environ},
            bufsize=0,
        )
        self._buffer = b""
        self._id = 0

    def raw(self, line: bytes) -> None:
        """Write bytes as they are, and a line end."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")

    def send(self, **message: Any) -> None:
        """Write one message."""
        self.raw(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def line(self, seconds: float = 60) -> bytes | None:
        """The next raw line; None at the end.

        Raises:
            TimeoutError: nothing came in time.
        """
        assert self.process.stdout is not None
        end = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"nothing within {seconds} s; so far {self._buffer[:200]!r}")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def next(self, seconds: float = 60) -> dict[str, Any]:
        """The next message."""
        line = self.line(seconds)
        assert line is not None, "the process has closed its output"
        message: dict[str, Any] = json.loads(line)
        return message

    def start(self, method: str, params: Mapping[str, Any] | None = None, id: Any = None) -> Any:
        """Send a request; its id."""
        if id is None:
            self._id += 1
            id = self._id
        self.send(id=id, method=method, params=dict(params or {}))
        return id

    def answer(self, id: Any, seconds: float = 60) -> dict[str, Any]:
        """The answer to a request; whatever comes before it is put aside."""
        while (message := self.next(seconds)).get("id") != id or "method" in message:
            self.aside.append(message)
        return message

    @property
    def aside(self) -> list[dict[str, Any]]:
        """Messages that came while an answer was awaited."""
        return self.__dict__.setdefault("_aside", [])  # type: ignore[no-any-return]

    def ask(self, method: str, params: Mapping[str, Any] | None = None, seconds: float = 60) -> dict[str, Any]:
        """A request and its answer."""
        return self.answer(self.start(method, params), seconds)

    def call(self, name: str, arguments: Mapping[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
        """The answer to a `tools/call`."""
        params: dict[str, Any] = {"arguments": dict(arguments or {}), "name": name}
        return self.ask("tools/call", {**params, "_meta": meta} if meta else params)

    def hello(self) -> dict[str, Any]:
        """The handshake of the stateful generation."""
        answer = self.ask("initialize", HELLO)
        self.send(method="notifications/initialized")
        return answer

    def quiet(self, seconds: float = 0.3) -> bool:
        """Does nothing come for a while?"""
        try:
            self.aside.append(self.next(seconds))
        except TimeoutError:
            return True
        return False

    def close(self, seconds: float = 8) -> int:
        """Close its input; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


class Scripted(Wire):
    """A gateway before a scripted guard, with a server of this folder behind it."""

    def __init__(self, folder: Path, server: str = "odd.py", **environ: str) -> None:
        self.folder = folder
        self.seen = folder / "seen"
        command = [sys.executable, str(SCRIPTED), str(folder), sys.executable, str(SERVERS / server)]
        super().__init__(command, {"ODD_SEEN": str(self.seen), **environ}, errors=folder / "errors")

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What the guard was asked."""
        lines = (self.folder / "log").read_text().splitlines() if (self.folder / "log").exists() else []
        found = [json.loads(line) for line in lines]
        return [event for event in found if not kind or event["event"] == kind]

    def reached(self) -> list[dict[str, Any]]:
        """What the server saw."""
        return [json.loads(line) for line in self.seen.read_text().splitlines()] if self.seen.exists() else []

    def flag(self, name: str, content: bytes = b"") -> None:
        """Change the guard's mind."""
        (self.folder / name).write_bytes(content)

    def said(self) -> str:
        """What went to standard error."""
        return (self.folder / "errors").read_text()


def decision(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The structured decision of a refused call."""
    result = answer["result"]
    assert result["isError"] is True and result["content"][0]["type"] == "text"
    found: dict[str, Any] = result["_meta"]["assent/decision"]
    return found


def gone(pid: int, seconds: float = 3) -> bool:
    """Has a process ended (or is it only waiting to be reaped)?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def children(pid: int) -> list[int]:
    """Process ids of the direct children."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
