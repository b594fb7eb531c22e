"""Rules of `--disclose NAME`: single values open, and what was not given cannot be found by trying."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from assent_verify.canonical import canonicalize
from assent_verify.receipt import PARTS

from tests.unit.cli.world import World

QUERY = "SELECT * FROM orders"


def _disclosed(
    world: World, names: str, *chosen: str, code: int = 0
) -> tuple[list[dict[str, Any]], dict[str, Any], Path]:
    """The `opened` lines of an export or a bundle, what the verifier says of it, and the file."""
    path = world.folder / "some.export"
    done = world.run("receipts", "export", *(chosen or ("-o", str(path))), "--disclose", names)
    assert done.code == code, done.err
    lines = [json.loads(line) for line in path.read_bytes().splitlines()] if not code else []
    report = world.run("verify", str(path), "--json").json if not code else {}
    return [line["opened"] for line in lines if "opened" in line], report, path


def test_one_argument_opens_alone(world: World) -> None:
    """In an export and in a bundle; no salt of a leaf leaves, and DISCLOSED says yes."""
    opened, report, path = _disclosed(world, "argument:query")
    assert report["disclosed"] is True and b'"disclosed"' not in path.read_bytes()
    values = [line["values"]["argument:query"]["value"] for line in opened]
    assert ["query", QUERY] in values and all(set(line["values"]) == {"argument:query"} for line in opened)
    session = world.run("sessions", "--all", "--json").json[0]["id"]
    some, report, _ = _disclosed(world, "argument:query", "--bundle", str(path), "--session", session)
    assert some and report["disclosed"] is True and report["sound"] is True


def test_one_part_of_the_facts_opens_with_the_commitments_of_the_others(world: World) -> None:
    """The context of a decision, and nothing of its action, which holds the arguments."""
    opened, report, path = _disclosed(world, "facts:context")
    assert report["disclosed"] is True
    assert all(set(line["values"]) == {"facts", "facts:context"} for line in opened)
    assert all(sorted(line["values"]["facts"]["value"]) == sorted(PARTS) for line in opened)
    assert QUERY.encode() not in path.read_bytes()


def test_what_was_not_disclosed_cannot_be_found_by_trying(world: World) -> None:
    """The reader knows the arguments and tries them: with the salts that he was given no commitment comes out."""
    opened, _, path = _disclosed(world, "resource,facts:versions")
    leaves = [json.loads(line) for line in path.read_bytes().splitlines()]
    committed = {each for leaf in leaves if leaf.get("kind") == "decision" for each in leaf["action"]["arguments"]}
    given = [base64.b64decode(value["salt"]) for line in opened for value in line["values"].values()]
    assert committed and given
    for salt in given:
        for derived in (salt, sha256(salt + b"argument:query").digest()):
            tried = "sha256:" + sha256(derived + canonicalize(["query", QUERY])).hexdigest()
            assert tried not in committed


def test_a_changed_value_does_not_open(world: World) -> None:
    """One letter of a disclosed argument: DISCLOSED says no."""
    _, _, path = _disclosed(world, "argument:query")
    path.write_bytes(path.read_bytes().replace(QUERY.encode(), QUERY.lower().encode(), 1))
    found = world.run("verify", str(path), "--json").json
    assert found["disclosed"] is False


def test_a_name_that_no_receipt_commits_to_is_refused(world: World) -> None:
    """A misspelt name would silently disclose nothing."""
    done = world.run("receipts", "export", "-o", str(world.folder / "none"), "--disclose", "argumnts")
    assert done.code == 1 and "unknown_disclosure" in done.err and not (world.folder / "none").exists()
