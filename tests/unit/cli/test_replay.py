"""`assent replay`: a home, a file, one receipt or a range; other policies; one process or several."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from assent_verify.canonical import canonicalize, digest
from click.testing import CliRunner

import assent
from assent import assembly
from assent.cli import replaying
from assent.cli.main import cli
from assent.cli.replaying import Job, run
from assent.config import load
from assent.enforce.gather import Call
from assent.evidence.recorded import STRIPE, Wanted
from assent.model.ids import Digest
from assent.model.outcome import Outcome
from assent.model.profile import Server, ToolDefinition
from assent.stores.vault import FOLDER

SCHEMAS = Path(assent.__file__).parent / "schemas"
TOOL = {"name": "find", "inputSchema": {"type": "object", "properties": {"query": {"type": "string"}}}}
FIND = ToolDefinition("find", TOOL, Digest(digest(canonicalize(TOOL))))
CALLS = 6
NO = '@id("no") forbid (principal, action, resource);\n'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with some allowed calls."""
    place = tmp_path_factory.mktemp("replay") / "home"
    asyncio.run(_live(place))
    return place


async def _live(place: Path) -> None:
    with assembly.open_home(load(place, {})) as opened:
        session = await opened.sessions.join(opened.principal("claude"), "a:1:1", opened.process)
        for at in range(CALLS):
            params = {"name": "find", "arguments": {"query": f"item {at}"}}
            call = Call(session.id, Server("files", zone="local"), "tools/call", "find", FIND, params)
            ruling = await opened.guard.authorize(call)
            permit = getattr(ruling, "permit", None)
            if permit is not None:
                await opened.guard.begin(permit)
                await opened.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), {})


@pytest.fixture
def damaged(home: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    with sqlite3.connect(home / "assent.db") as source, sqlite3.connect(copy / "assent.db") as target:
        source.backup(target)
    shutil.copytree(home / FOLDER, copy / FOLDER)
    return copy


def ran(home: Path, *words: str, code: int = 0) -> str:
    """What a command printed."""
    found = CliRunner().invoke(cli, ["--home", str(home), *words], standalone_mode=False, obj=None)
    assert (found.return_value or 0) == code, (found.output, found.exception)
    return found.stdout


def of_json(home: Path, *words: str, code: int = 0) -> Any:
    """The same as JSON, held to its schema."""
    value = json.loads(ran(home, "replay", *words, "--json", code=code))
    jsonschema_rs.validator_for(json.loads((SCHEMAS / "replay.json").read_text())).validate(value)
    return value


def test_a_home_is_replayed(home: Path) -> None:
    """Every decision of it, in words and in JSON; the exit code is 0."""
    assert "REPLAYED   yes" in ran(home, "replay")
    found = of_json(home)
    assert (found["replayed"], found["decisions"], found["agree"]) == (True, CALLS, CALLS)


def test_one_receipt_or_a_range(home: Path) -> None:
    """By index, range, attempt, hash, session and time; a word that is nothing of these is wrong usage."""
    rows = json.loads(ran(home, "receipts", "list", "--kind", "decision", "--json"))
    first, last = rows[0]["index"], rows[-1]["index"]
    for words, many in (
        ((f"{first}",), 1),
        ((f"{first}..{last}",), CALLS),
        ((f"{last}..",), 1),
        ((rows[1]["attempt"],), 1),
        ((rows[1]["leaf_hash"],), 1),
        (("--session", rows[0]["session"]), CALLS),
        (("--since", rows[0]["time"]), CALLS),
        (("--since", "2099-01-01"), 0),
        (("--until", "2001-01-01T00:00Z"), 0),
    ):
        assert of_json(home, *words)["decisions"] == many, words
    for wrong in (("nowhere",), ("--since", "yesterday"), ("--session", "x"), ("1", "2")):
        assert CliRunner().invoke(cli, ["--home", str(home), "replay", *wrong]).exit_code == 2


def test_an_auditor_replays_a_file(home: Path, tmp_path: Path) -> None:
    """With values and policies in it, without the home; without policies or values it is no pass."""
    whole, bare, values = tmp_path / "whole", tmp_path / "bare", tmp_path / "values"
    ran(home, "receipts", "export", "-o", str(whole), "--disclose", "--with-policies")
    ran(home, "receipts", "export", "-o", str(values), "--disclose")
    ran(home, "receipts", "export", "-o", str(bare))
    elsewhere = tmp_path / "no-home"
    assert of_json(elsewhere, str(whole))["agree"] == CALLS
    assert of_json(elsewhere, str(bare))["not_replayable"] == {"not_disclosed": CALLS}
    assert of_json(elsewhere, str(bare))["replayed"] is None
    assert of_json(elsewhere, str(values), code=4)["differ"] == {"context": CALLS}  # the profile is asked for first
    report = json.loads(ran(elsewhere, "verify", str(whole), "--replay", "--json"))
    assert (report["sound"], report["disclosed"], report["replayed"]) == (True, True, True)
    assert json.loads(ran(elsewhere, "verify", str(whole), "--json"))["replayed"] is None
    assert CliRunner().invoke(cli, ["--home", str(home), "receipts", "export", "--with-policies"]).exit_code == 2


def test_an_auditor_replays_a_bundle(home: Path, tmp_path: Path) -> None:
    """Evidence about one session, with values and policies: every decision in it; without values none."""
    session = json.loads(ran(home, "receipts", "list", "--kind", "decision", "--json"))[0]["session"]
    whole, bare = tmp_path / "whole", tmp_path / "bare"
    ran(home, "receipts", "export", "--bundle", str(whole), "--session", session, "--disclose", "--with-policies")
    ran(home, "receipts", "export", "--bundle", str(bare), "--session", session)
    elsewhere = tmp_path / "no-home"
    assert of_json(elsewhere, str(whole))["agree"] == CALLS
    assert of_json(elsewhere, str(bare))["not_replayable"] == {"not_disclosed": CALLS}
    indexes = {row["index"] for row in json.loads(ran(home, "receipts", "list", "--kind", "decision", "--json"))}
    with replaying.evidence(whole) as found:
        assert {one.index for one in found.decisions(Wanted())} == indexes
    assert json.loads(ran(elsewhere, "verify", str(whole), "--replay", "--json"))["replayed"] is True


def test_verify_shows_what_replay_found(home: Path, damaged: Path) -> None:
    """A changed policy archive turns REPLAYED to no, with a code, and ends with 4; an untouched home is yes."""
    assert "REPLAYED   yes" in ran(home, "verify", "--replay")
    with sqlite3.connect(damaged / "assent.db") as database:
        database.execute("UPDATE archive SET content = x'7b7d' WHERE kind = 'bundle'")
    report = json.loads(ran(home, "verify", str(damaged), "--replay", "--json", code=4))
    assert report["replayed"] is False
    assert {problem["code"] for problem in report["problems"]} == {"replay_policy"}
    assert "policy" in ran(damaged, "replay", code=4)


def test_what_is_erased_is_no_pass(damaged: Path) -> None:
    """Without its values nothing is replayed, and the answer is `not checked`."""
    with sqlite3.connect(damaged / "assent.db") as database:
        database.execute("DELETE FROM sidecar")
    told = ran(damaged, "replay")
    assert "REPLAYED   not checked" in told
    assert "erased" in told


def test_other_policies_are_tried_on_the_past(home: Path, tmp_path: Path) -> None:
    """A file or a directory; what would change is told with an example, and nothing counts as failed."""
    file = tmp_path / "new.cedar"
    file.write_text(NO)
    told = ran(home, "replay", "--policy", str(file))
    assert "allow → deny" in told
    assert "item 0" in told
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "a.cedar").write_text(NO)
    (folder / "entities.json").write_text("[]")
    found = of_json(home, "--policy", str(folder))
    assert (found["changed"], found["same"], found["not_judged"]) == (CALLS, 0, {})
    assert found["changes"][0]["policies"] == [{"name": "no", "changes": CALLS}]
    same = of_json(home, "--policy", str(home / "policy"))
    assert (same["changed"], same["same"]) == (0, CALLS)


def test_policies_that_cannot_be_loaded_are_refused(home: Path, tmp_path: Path) -> None:
    """A mistake in them is an error of its author, not a change."""
    file = tmp_path / "new.cedar"
    file.write_text("permit (principal")
    found = CliRunner().invoke(cli, ["--home", str(home), "replay", "--policy", str(file)], standalone_mode=False)
    assert getattr(found.exception, "code", "") == "syntax"


def test_several_processes_find_the_same(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripes of two processes add up to what one finds, for a home, a file, and other policies."""
    monkeypatch.setattr(replaying, "ENOUGH", 1)
    whole = tmp_path / "whole"
    ran(home, "receipts", "export", "-o", str(whole), "--disclose", "--with-policies")
    for place in (home, whole):
        for policies in (None, (replaying.Source("new.cedar", NO),)):
            job, done = Job(place, Wanted(), policies), []
            alone = run(job, 1, done.append)
            assert run(job, 2, done.append).as_json() == alone.as_json()
            assert done[-1] == CALLS
    assert STRIPE > CALLS
