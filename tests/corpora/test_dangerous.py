"""Over three hundred dangerous calls, half of them disguised: each is held back, or named in docs/limits.md."""

from __future__ import annotations

from pathlib import Path

from tests.corpora.judge import allowed, corpus

LIMITS = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text("utf-8")


def test_the_corpus_is_large_and_much_of_it_disguised() -> None:
    """At least three hundred calls, half of them disguised, none twice."""
    every = corpus()
    assert len(every) >= 300
    assert sum(danger.disguised for danger in every) * 2 >= len(every)
    assert len({danger.name for danger in every}) == len(every)


def test_every_dangerous_call_is_asked_about_or_denied(tmp_path: Path) -> None:
    """What passes all the same is named where users look for it."""
    passed = [danger.name for danger in allowed(tmp_path)]
    assert [name for name in passed if f"`{name}`" not in LIMITS] == []
