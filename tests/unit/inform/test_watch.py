"""Further detectors: named by configuration, loaded at first use, and never a way to let something through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assent.catalog.detectors import Found
from assent.errors import ConfigError
from assent.inform import watch
from assent.inform.watch import DetectSecrets, Watch, check

TOKEN = "gh" + "p_" + "a1" * 18


class Broken:
    """A plugin with a bug."""

    name, version = "broken", "0"

    def find(self, text: str) -> Iterator[Found]:
        """Fails at its first text."""
        raise ZeroDivisionError(text)


class Blind(Broken):
    """A plugin that finds nothing."""

    def find(self, text: str) -> Iterator[Found]:
        """Nothing."""
        return iter(())


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a package offered these."""
    monkeypatch.setattr(watch, "available", lambda: {"broken": Broken, "blind": Blind})


def test_a_name_that_nobody_offers_is_refused() -> None:
    """A misspelt detector must not silently be none."""
    with pytest.raises(ConfigError, match="detect-secretz"):
        check(["detect-secretz"])
    check(["detect-secrets"])


def test_ours_always_looks_first(offered: None) -> None:
    """No plugin takes a find away."""
    assert Watch(("blind",)).holds(TOKEN)
    assert not Watch(("blind",)).holds("nothing to see here")


def test_one_that_fails_has_found_something(offered: None) -> None:
    """It has not looked, so nothing is known to be harmless."""
    assert Watch(("broken",)).holds("nothing to see here")


def test_detect_secrets_runs_without_entropy_and_allowances() -> None:
    """The real library: a shape of its own is found, a digest is none, and a comment of the agent's changes nothing."""
    found = DetectSecrets()
    token = "T" + "LSH" + "x" * 4
    assert found.version
    key = "AK" + "IA" + "Q3EGRTFZ5UXNK7YM"
    assert [one.kind for one in found.find(f"x\n{key}  # pragma: allowlist secret\n")]
    assert not list(found.find("d41d8cd98f00b204e9800998ecf8427e\n" + token))
