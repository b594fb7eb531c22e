"""Servers as their gateway last described them."""

from __future__ import annotations

import json

from assent.decide.exact import decode
from assent.model.profile import Server
from assent.ports import Reader


def server_of(reader: Reader, name: str) -> Server:
    """The server of this name; one nobody has started is external and without roots."""
    text = reader.state(f"about:{name}")
    return decode(Server, json.loads(text)) if text else Server(name)


def servers(reader: Reader) -> list[Server]:
    """Every server that tools have been pinned of."""
    return [server_of(reader, name) for name in sorted({pin.server for pin in reader.pins()})]
