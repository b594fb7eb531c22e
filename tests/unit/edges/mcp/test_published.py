"""The manual's table of classes is the table that the gateway goes by."""

from __future__ import annotations

import re
from pathlib import Path

from assent.edges.mcp import classes

MANUAL = Path(__file__).resolve().parents[4] / "docs" / "mcp.md"


def rows() -> dict[str, tuple[list[str], list[str]]]:
    """Class → methods of the client and of the server, as published."""
    found = {}
    for line in MANUAL.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].partition(":")[0] in ("governed", "passed"):
            found[cells[0].partition(":")[0]] = (re.findall(r"`([^`]+)`", cells[1]), re.findall(r"`([^`]+)`", cells[2]))
    return found


def test_every_class_is_published() -> None:
    """Neither more nor less."""
    for name, (client, server) in rows().items():
        assert client == [method for method, found in classes.CLIENT_REQUESTS.items() if found == name]
        assert server == [method for method, found in classes.SERVER_REQUESTS.items() if found == name]
    assert set(rows()) == {"governed", "passed"}
