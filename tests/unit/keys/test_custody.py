"""The key of credentials: a file, or what a command prints; and rows that open only as they were sealed."""

from __future__ import annotations

import base64
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assent.errors import UnavailableError
from assent.keys import custody
from assent.model.credential import Credential, Secret

KEY = base64.b64encode(bytes(range(32))).decode()
ROW = Credential("github", "github", "env:TOKEN", ('Agent::"a"',), b"", 1)
SECRET = Secret("the-secret-itself", "read", "far")


def test_a_command_gives_the_key_and_nothing_is_written(tmp_path: Path) -> None:
    """What one process sealed with the key that a command printed, another opens with the same."""
    command = [sys.executable, "-c", f"print('{KEY}')"]
    sealed = custody.load(tmp_path, command).sealed(ROW, SECRET)
    assert custody.load(tmp_path, command).opened(sealed) == SECRET
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnavailableError, match="does not open"):
        custody.load(tmp_path, []).opened(sealed)


@pytest.mark.parametrize(
    "program",
    [
        "print('short')",
        "print('A' * 5000)",
        "import sys; sys.exit(3)",
        "import sys; sys.stderr.write('x'); sys.exit(1)",
        "",
    ],
)
def test_a_command_that_gives_no_key(tmp_path: Path, program: str) -> None:
    """No key, no credentials: and what it printed is not in the error."""
    with pytest.raises(UnavailableError) as refused:
        custody.load(tmp_path, [sys.executable, "-c", program])
    assert refused.value.code == "credentials_key_unavailable" and "AAAA" not in refused.value.message
    with pytest.raises(UnavailableError, match="gave no key"):
        custody.load(tmp_path, [str(tmp_path / "nothing")])


@pytest.mark.parametrize(
    "changed", [{"name": "gitlab"}, {"server": "other"}, {"how": "env:OTHER"}, {"principals": ()}, {"sealed": b"x"}]
)
def test_a_row_opens_only_as_it_was_sealed(tmp_path: Path, changed: dict[str, object]) -> None:
    """For another server, place or principal it does not open; nor does a damaged one."""
    held = custody.load(tmp_path, [])
    sealed = held.sealed(ROW, SECRET)
    assert held.opened(sealed) == SECRET and b"secret-itself" not in sealed.sealed
    with pytest.raises(UnavailableError) as refused:
        held.opened(replace(sealed, **changed))  # type: ignore[arg-type]
    assert refused.value.code == "credential_unreadable"


def test_no_secret_in_a_repr(tmp_path: Path) -> None:
    """Neither of the secret nor of what opens it."""
    held = custody.load(tmp_path, [])
    assert "itself" not in repr(SECRET) + repr(held) + repr(held.sealed(ROW, SECRET))
    assert (tmp_path / custody.FILE).stat().st_mode & 0o077 == 0
