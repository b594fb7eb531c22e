"""Rows and events say what a leaf says, and nothing that it only commits to."""

from __future__ import annotations

import csv
import io
import json

import pytest

from assent.evidence.exports import ocsf, table
from tests.unit.evidence.exporting import placed

#: What OCSF 1.5.0 requires of the two classes and their objects, and the numbers it knows.
REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
CLASSES = {6003: {"actor", "api", "src_endpoint"}, 3004: {"entity"}}
ACTIVITIES = {6003: {1, 2, 3, 4, 99}, 3004: set(range(1, 14)) | {99}}
NAMES = {"Unknown": 0, "Success": 1, "Failure": 2, "Other": 99}


def _events() -> list[dict[str, object]]:
    return [ocsf.event(one.index, one.data, one.leaf, "assent/sample") for one in placed()]


def test_every_leaf_becomes_an_event_with_all_that_its_class_requires() -> None:
    """Required members, known numbers, captions that belong to them, and an endpoint and entity that are named."""
    for event in _events():
        uid = int(str(event["class_uid"]))
        assert event.keys() >= REQUIRED | CLASSES[uid]
        assert event["activity_id"] in ACTIVITIES[uid]
        assert event["type_uid"] == uid * 100 + int(str(event["activity_id"]))
        assert NAMES[str(event["status"])] == event["status_id"]
        metadata = event["metadata"]
        assert isinstance(metadata, dict) and metadata["version"] == ocsf.VERSION and metadata["product"]["name"]


@pytest.mark.parametrize(
    ("verdict", "action", "disposition"),
    [("allow", "Allowed", "Allowed"), ("deny", "Denied", "Blocked"), ("escalate", "Denied", "Challenge")],
)
def test_a_verdict_becomes_an_action_and_a_disposition(verdict: str, action: str, disposition: str) -> None:
    """Only an allow is `Allowed`: what waits for a person has not happened."""
    found = [
        (event["action"], event["disposition"])
        for event, one in zip(_events(), placed(), strict=True)
        if one.leaf.get("verdict") == verdict and one.leaf["kind"] == "decision" and not one.leaf["approvals"]
    ]
    assert set(found) == {(action, disposition)}


def test_a_row_has_the_columns_of_its_heading_and_finds_its_leaf_again() -> None:
    """RFC 4180: the same number of fields in every line; the leaf hash is there."""
    leaves = placed()
    text = "".join(table.rows((one.index, one.data, one.leaf) for one in leaves))
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [int(line["index"]) for line in lines] == [one.index for one in leaves]
    assert all(None not in line and line["leaf_hash"].startswith("sha256:") for line in lines)
    assert {line["verdict"] for line in lines} >= {"allow", "deny"}


def test_no_cell_is_a_formula() -> None:
    """A tool name may begin with `=`; a spreadsheet must read it as text (OWASP, CSV injection)."""
    one = placed()[5]
    leaf = json.loads(one.data)
    leaf["action"]["tool"] = '=HYPERLINK("http://x")'
    [_, line] = table.rows([(5, one.data, leaf)])
    assert """'=HYPERLINK""" in line


def test_no_form_holds_a_disclosed_value() -> None:
    """What the sample log discloses stands in none of the forms."""
    everything = "".join(json.dumps(event) for event in _events())
    everything += "".join(table.rows((one.index, one.data, one.leaf) for one in placed()))
    assert "hello" not in everything
