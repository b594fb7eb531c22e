"""The last look at what leaves for the client."""

from __future__ import annotations

import asyncio
import json

from assent.catalog.detectors.held import Held
from assent.edges.mcp.checked import Checked

SECRET = "a-secret/with+signs"


class Kept:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.lines: list[bytes] = []

    async def write(self, line: bytes, credential: str = "") -> bool:
        self.lines.append(line)
        return True

    async def ready(self) -> None:
        """There is room."""

    def close(self) -> None:
        """Nothing to close."""

    async def flushed(self, seconds: float) -> None:
        """Nothing to flush."""


async def test_a_line_that_holds_a_secret_is_not_written() -> None:
    """An answer becomes an error under the same id, a notification or a request is dropped, the rest is untouched."""
    kept = Kept()
    outlet = Checked(kept, Held(frozenset({("key", SECRET)})).in_bytes)
    fine = b'{"id":1,"jsonrpc":"2.0","result":{}}\n'
    assert await outlet.write(fine)
    for message in (
        {"id": "two", "result": {"text": f"x{SECRET}"}},
        {"id": 3, "error": {"code": 1, "message": json.dumps(SECRET)}},
        {"method": "notifications/message", "params": {"data": SECRET}},
        {"id": 4, "method": "elicitation/create", "params": {"message": SECRET}},
    ):
        assert await outlet.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    assert kept.lines[0] == fine
    left = [json.loads(line) for line in kept.lines[1:]]
    assert [one["id"] for one in left] == ["two", 3]
    assert all(one["error"]["data"]["code"] == "credential_in_answer" for one in left)
    assert SECRET.encode() not in b"".join(kept.lines)
