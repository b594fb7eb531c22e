"""The executor's id is read where the profile says it stands, and nowhere else."""

from __future__ import annotations

import pytest

from assent.catalog.external import PATH, external_id

TEXT = '{"id": 7, "sha": "abc", "deep": {"list": ["x", "y"]}}'
RESULT = {
    "structuredContent": {"sha": "1f2e", "number": 42, "flag": True, "list": [1], "long": "x" * 257, "none": None},
    "content": [{"type": "text", "text": TEXT}, {"type": "text", "text": '{"a": 1, "a": 2}'}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.structuredContent.sha", "1f2e"),
        ("$.structuredContent.number", "42"),
        ("$.content[0].text.id", "7"),
        ("$.content[0].text.deep.list[1]", "y"),
    ],
)
def test_an_id_is_a_short_text_or_a_number(path: str, found: str) -> None:
    """By name and place; a step into a text reads it as JSON."""
    assert external_id(path, RESULT) == found


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$.structuredContent",
        "$.structuredContent.flag",
        "$.structuredContent.long",
        "$.structuredContent.none",
        "$.structuredContent.list",
        "$.content[9].text",
        "$.content.text",
        "$.content[0].text.sha.x",
        "$.no.way",
        "$.content[1].text.a",
    ],
)
def test_whatever_else_stands_there_is_no_id(path: str) -> None:
    """A server is not trusted: objects, long texts, flags, and text that is no strict JSON name nothing."""
    assert external_id(path, RESULT) == ""


def test_a_result_is_read_only_so_far() -> None:
    """A text of any size costs nothing: beyond the bound it is not parsed."""
    assert external_id("$.a.id", {"a": '{"id":"x"' + " " * 70_000 + "}"}) == ""
    assert external_id("$.a" + ".a" * 15, {"a": "[" * 60_000}) == ""


@pytest.mark.parametrize("path", ["structuredContent", "$", "$..a", "$.a[-1]", "$.a[x]", "$.a[1:2]", "$" + ".a" * 17])
def test_a_path_has_one_form(path: str) -> None:
    """Names and places after `$`, sixteen at most."""
    assert PATH.fullmatch(path) is None
