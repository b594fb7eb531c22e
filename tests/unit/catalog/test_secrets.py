"""Secrets in text are found by shape, in bounded time; labels follow from them."""

from __future__ import annotations

import time

import pytest

from assent.catalog.analysers.secrets import holds_secret
from assent.catalog.labels import labels_of
from assent.model.profile import ToolProfile

FOUND = [
    "-----BEGIN OPENSSH PRIVATE " + "KEY-----",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "token ghp_" + "a" * 36,
    "xoxb-" + "123456789012-abcdef",
    "sk_live_" + "a" * 24,
    "sk-ant-" + "a" * 30,
    'password = "' + "hunter2hunter2" + '"',
    "DATABASE_PASSWORD: " + "s3cr3t-value",
    "DB_PASSWORD=" + "correcthorse",
    '{"clientSecret":' + '"abcd.efgh"}',
    "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
]
QUIET = [
    "password = ${PASSWORD}",
    "the password is changed often",
    "api_key: <your key>",
    "id 1234567890",
    "password = getpass.getpass()",
    'SECRET_KEY = os.environ["SECRET_KEY"]',
    "apiKey: process.env.API_KEY",
    "",
    "a" * 5000,
]


@pytest.mark.parametrize("text", FOUND)
def test_credentials_are_found(text: str) -> None:
    """Wherever they stand in the text."""
    assert holds_secret(text)
    assert holds_secret(f"some words before\n{text}\nand after")


@pytest.mark.parametrize(
    "word", ["passphrase", "passwort", "api-key", "accesstoken", "private_key", "CREDENTIAL", "secret"]
)
def test_every_word_for_a_credential_is_looked_for(word: str) -> None:
    """With a value after it."""
    assert holds_secret(f"{word} = " + "'zt61" + "qpw83'")


@pytest.mark.parametrize("text", QUIET)
def test_ordinary_text_is_no_secret(text: str) -> None:
    """Placeholders and prose."""
    assert not holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 900_000,
        "a-" * 450_000,
        "password" * 100_000,
        "eyJ" * 300_000,
        "-eyJ" * 240_000,
        "-sk-" * 240_000,
        "-----BEGIN " * 80_000,
        "=" * 900_000,
    ],
)
def test_hostile_text_takes_bounded_time(text: str) -> None:
    """Linear patterns; generous bound, for a shared machine."""
    start = time.process_time()
    holds_secret(text)
    assert time.process_time() - start < 2


def test_outputs_are_untrusted_unless_a_reviewed_profile_says_otherwise() -> None:
    """DESIGN §5: integrity and confidentiality of everything a server sends."""
    inferred = ToolProfile("t", frozenset({"read"}))
    trusted = ToolProfile("t", frozenset({"read"}), inferred=False, output_trust={"$": "internal"})
    assert labels_of(inferred, {"x": "y"}) == {"untrusted"}
    assert labels_of(trusted, {"x": "y"}) == frozenset()
    assert labels_of(trusted, {"x": ["deep", {"y": FOUND[1]}]}) == {"secret"}
