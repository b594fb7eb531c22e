"""The scripted agent's MCP client: JSON-RPC lines to a process, answers with a deadline."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assent.errors import UnavailableError

_HELLO = {"capabilities": {}, "clientInfo": {"name": "assent-demo", "version": "1"}, "protocolVersion": "2025-06-18"}
_PATIENCE = 30.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one tool call.

    Args:
        text: the text of the result, as the model would read it.
        decision: `_meta["assent/decision"]` of a refused call, else empty.
        failed: the result says `isError`.
    """

    text: str
    decision: Mapping[str, Any]
    failed: bool

    @property
    def verdict(self) -> str:
        """`allow`, or what refused it."""
        return str(self.decision.get("verdict", "allow"))

    @property
    def approval(self) -> str:
        """The question that waits, if any."""
        return str(self.decision.get("approval", ""))

    @property
    def why(self) -> str:
        """The first reason, for a person."""
        reasons = self.decision.get("reasons") or [{"message": ""}]
        return str(reasons[0]["message"])


class Wire:
    """One MCP server, spoken to over standard input and output."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], folder: Path, errors: Path) -> None:
        self._errors = errors
        with errors.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 - commands that the demo itself puts together
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=environ,
                cwd=folder,
                bufsize=0,
            )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output(), selectors.EVENT_READ)
        self._buffer = b""
        self._id = 0

    def _output(self) -> int:
        if self._process.stdout is None:
            raise UnavailableError("demo_pipe", "the server was started without a pipe")
        return self._process.stdout.fileno()

    def send(self, **message: object) -> None:
        """Write one message."""
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def hello(self) -> None:
        """The handshake."""
        self.ask("initialize", _HELLO)
        self.send(method="notifications/initialized")
        self.ask("tools/list", {})

    def ask(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        """One request; the message that answers it."""
        return self.answer(self.start(method, params))

    def start(self, method: str, params: Mapping[str, object]) -> int:
        """Send a request; its id."""
        self._id += 1
        self.send(id=self._id, method=method, params=params)
        return self._id

    def answer(self, id: int) -> dict[str, Any]:
        """The message that answers a request.

        Raises:
            UnavailableError: none came in time, or the process has ended.
        """
        end = time.monotonic() + _PATIENCE
        while True:
            line, found, rest = self._buffer.partition(b"\n")
            if found:
                self._buffer = rest
                message: dict[str, Any] = json.loads(line)
                if message.get("id") == id and "method" not in message:
                    return message
                continue
            if not self._selector.select(max(0.0, end - time.monotonic())):
                raise self._silent(f"no answer within {_PATIENCE:.0f} s")
            data = os.read(self._output(), 1 << 16)
            if not data:
                raise self._silent("it has ended")
            self._buffer += data

    def _silent(self, what: str) -> UnavailableError:
        said = self._errors.read_text("utf-8", "replace").strip().splitlines()[-3:]
        return UnavailableError("demo_server", f"a server does not answer: {what}", help="\n".join(said))

    def call(self, tool: str, meta: Mapping[str, object] | None = None, **arguments: object) -> Answer:
        """One tool call, as a model would make it."""
        return self.result(self.answer(self.start_call(tool, meta, **arguments)))

    def start_call(self, tool: str, meta: Mapping[str, object] | None = None, **arguments: object) -> int:
        """Send a tool call; its id."""
        params: dict[str, object] = {"arguments": arguments, "name": tool}
        return self.start("tools/call", params | ({"_meta": dict(meta)} if meta else {}))

    @staticmethod
    def result(message: Mapping[str, Any]) -> Answer:
        """What a message says as the result of a tool call."""
        result = message.get("result")
        if not isinstance(result, dict):
            error = message.get("error", {})
            return Answer(str(error.get("message", "")), {"verdict": "error"}, True)
        text = "\n".join(str(part.get("text", "")) for part in result.get("content", []))
        meta = result.get("_meta") or {}
        return Answer(text, meta.get("assent/decision") or {}, bool(result.get("isError")))

    def close(self) -> None:
        """Close its input and wait until it has ended."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._selector.close()
