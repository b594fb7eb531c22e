"""Rules of the manual: it shows sessions that were run, and they still run like that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.story import FILES, MANUAL, Story, manual, played


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_session_goes_as_it_is_written(path: Path, tmp_path: Path) -> None:
    """Each command and tool call of a story prints exactly what the file says."""
    story = Story.parse(path.read_text())
    assert any(not step.prose for step in story.steps)
    for wanted, came in zip(story.steps, played(story, tmp_path), strict=True):
        assert came.output == wanted.output, wanted.line


def test_the_manual_shows_the_same_files() -> None:
    """`docs/manual.md` is made of the stories and nothing else: `python -m tests.stories.story --write`."""
    assert MANUAL.read_text() == manual()
