"""The address of a database may hold a password, and nothing that goes wrong with it may show it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from assent.errors import UnavailableError
from assent.stores.postgres import PostgresStore


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret%zz@127.0.0.1:1/db",
        "postgresql://u:s3cret@[::1/db",
        "postgresql://u:s3cret#x@127.0.0.1:1/db",
        "postgresql://u:s3cret/x@127.0.0.1:1/db",
        "postgresql://u:s3cret@127.0.0.1:1/db",
    ],
    ids=["percent", "bracket", "hash", "slash", "nobody there"],
)
def test_an_address_that_leads_nowhere_is_not_shown(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Mistyped, not encoded, or right: neither the error nor the log of the pool quotes it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UnavailableError) as refused:
        PostgresStore(url, tmp_path, patience=0.5)
    out, err = capfd.readouterr()
    said = f"{refused.value} {refused.value.message} {refused.value.help} {caplog.text} {out} {err}"
    assert "s3cret" not in said
