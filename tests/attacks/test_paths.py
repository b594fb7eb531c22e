"""Spellings of paths: what cannot be resolved reaches everything, what a server may open is judged as such."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Place, verdict

SERVER = """
import json, sys
P = {"type": "object", "properties": {"path": {"type": "string"}, "name": {"type": "string"}}}
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m:
        continue
    result = {"content": [], "contents": []}
    if m["method"] == "initialize":
        result = {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}, "resources": {}},
                  "serverInfo": {"name": "own", "version": "1"}}
    elif m["method"] == "tools/list":
        result = {"tools": [{"name": "read_it", "inputSchema": P}]}
    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": result}), flush=True)
"""


def test_no_spelling_of_the_home_is_read(place: Place) -> None:
    """DESIGN §3: every path and URL that reaches the home is denied."""
    wire = place.script(SERVER)
    home, link = str(place.home), place.work / "link"
    link.symlink_to(place.home)
    (place.work / "hard").hardlink_to(place.home / "assent.toml")
    spelled = [
        home,
        home + "/assent.toml",
        f"/tmp{'/.' * 3000}/..{home}/assent.toml",
        f"{home}/./policy/..//assent.toml",
        f"  {home}/assent.toml\n",
        f"\n{home}/assent.toml",
        "../home/assent.toml",
        "link/assent.toml",
        str(link),
        "hard",
        f"file://{home}/assent.toml",
        f"FILE://localhost{home}/assent.toml",
        f" file:{home}/assent.toml",
        home.replace("/", "%2f") + "%2fassent.toml",
        home.replace("/", "%252f") + "%252fassent.toml",
        home.upper() + "/assent.toml",
        home.replace("/", "\\\\") + "\\\\assent.toml",
        f"{home}/assent.toml\0.txt",
        str(place.folder),
        "..",
    ]
    for text in spelled:
        assert verdict(wire.call("read_it", {"path": text})) == "deny", text
        if text not in (str(place.folder), "..", "hard") and "\0" not in text:
            assert verdict(wire.call("read_it", {"name": text})) == "deny", text
        if ":" in text:
            assert verdict(wire.ask("resources/read", {"uri": text})) == "deny", text


def test_no_path_at_all_is_the_directory_itself(place: Place) -> None:
    """An empty path is where the server runs; here that holds the home."""
    place.work = place.folder
    assert verdict(place.script(SERVER).call("read_it", {"path": ""})) == "deny"


@pytest.mark.parametrize("uri", ["file:///x/.env", "FILE:///x/.ssh/id_ed25519", "file:///x/%2eenv", " file:///x/.env"])
def test_a_secret_is_not_read_as_a_resource(place: Place, uri: str) -> None:
    """The starter policy keeps secret paths shut for every method, not only for tools."""
    assert verdict(place.script(SERVER).ask("resources/read", {"uri": uri})) == "deny"
