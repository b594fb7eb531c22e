"""Settings: file, then environment; every mistake is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from assent.config import Config, load
from assent.errors import ConfigError


def test_defaults_then_file_then_environment(tmp_path: Path) -> None:
    """The environment wins."""
    assert load(tmp_path, {"USER": "ana"}) == Config(home=tmp_path, user="ana")
    (tmp_path / "assent.toml").write_text('user = "bea"\napproval_wait = 10\nprior_limit = 5\n')
    found = load(tmp_path, {"ASSENT_APPROVAL_WAIT": "0"})
    assert (found.user, found.approval_wait, found.prior_limit) == ("bea", 0.0, 5)


def test_the_home_is_the_option_then_the_environment_then_the_default(tmp_path: Path) -> None:
    """`--home`, `ASSENT_HOME`, `~/.assent`."""
    environ = {"HOME": str(tmp_path), "ASSENT_HOME": str(tmp_path / "b")}
    assert load(tmp_path / "a", environ).home == tmp_path / "a"
    assert load(None, environ).home == tmp_path / "b"
    assert load(None, {"HOME": str(tmp_path)}).home == tmp_path / ".assent"


_ISSUER = "[[issuers]]\nkind = 'oauth'\nissuer = 'https://idp.example'\naudience = ['a']\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aproval_wait = 1", "no setting `aproval_wait`"),
        ("approval_wait = 51", "from 0 to 50"),
        ("approval_wait = true", "a number"),
        ("max_body = 1.5", "a whole number"),
        ('show_values = "yes"', "true or false"),
        ("witness_required = true", "expected the table"),
        ("witness = true", "expected the table"),
        ("[witness_x]\nrequired = true", "expected the table"),
        ("[witness]\nrequired = 1", "true or false"),
        ("[witness]\nmax_lag = 9", "from 10 to 86400"),
        ("[witness]\nrequierd = true", "no setting `witness_requierd`"),
        ('user = "a b"', "is not a name"),
        ('[token]\nissuer = "http://assent.example"', "an https address"),
        ('[token]\nissuer = "https://assent.example/"', "an https address"),
        ("[token]\nlife = 901", "from 30 to 900"),
        ("issuers = 1", "expected tables"),
        ("[[issuers]]\nkind = 'saml'", "`kind` expected one of"),
        (f"{_ISSUER}jwks = 'http://idp.example/jwks'", "`jwks` expected"),
        (f"{_ISSUER}jwks = 'http://localhost.evil.example/jwks'", "`jwks` expected"),
        (f"{_ISSUER}jwks = '/k'\nalgorithms = ['HS256']", "is not asymmetric"),
        (f"{_ISSUER}jwks = '/k'\nalgorithms = ['none']", "is not asymmetric"),
        (f"{_ISSUER}jwks = '/k'\nbearer = 1", "true or false"),
        (f"{_ISSUER}jwks = '/k'\nbaerer = true", "no member `baerer`"),
        (f"{_ISSUER}jwks = '/k'\nprincipals = {{ a = 'bot' }}", "subjects and their principals"),
        (f"{_ISSUER}jwks = '/k'\n{_ISSUER}jwks = '/k'", "stands twice"),
        ("[[issuers]]\nkind = 'spiffe'\nissuer = 'https://a.example'\njwks = '/k'\naudience = ['a']", "a trust domain"),
        ("[[issuers]]\nkind = 'oauth'\nissuer = 'https://a.example'\njwks = '/k'", "`audience` expected"),
        ("[[clients]]\nid = 'a'\nprincipal = 'Agent::\"x\"'\nsecret = 'hunter2'", "`secret` expected"),
        ("home = 'x'", "no setting"),
        ("= 1", "not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    """An unknown key would silently be a default."""
    (tmp_path / "assent.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, {})
    assert words in refused.value.message
    assert "assent.toml" in refused.value.message


def test_settings_of_witnesses_stand_in_a_table(tmp_path: Path) -> None:
    """`[witness]` in the file, full names in the environment."""
    (tmp_path / "assent.toml").write_text("[witness]\nrequired = true\nmax_lag = 20\n")
    found = load(tmp_path, {})
    assert (found.witness_required, found.witness_max_lag) == (True, 20)
    assert load(tmp_path, {"ASSENT_WITNESS_MAX_LAG": "30"}).witness_max_lag == 30


@pytest.mark.parametrize(
    ("name", "value"), [("ASSENT_APPROVAL_WIAT", "1"), ("ASSENT_APPROVAL_WAIT", "-1"), ("ASSENT_MAX_BODY", "1e9")]
)
def test_a_mistake_in_the_environment_is_named(tmp_path: Path, name: str, value: str) -> None:
    """Also a misspelt name with our prefix."""
    with pytest.raises(ConfigError, match=name):
        load(tmp_path, {name: value})


@pytest.mark.parametrize("name", ["on", "7", "true"])
def test_a_name_is_a_name_whatever_else_it_could_mean(tmp_path: Path, name: str) -> None:
    """`ASSENT_USER=on` is a person called on."""
    assert load(tmp_path, {"ASSENT_USER": name}).user == name


def test_a_person_without_a_plain_name_still_has_one(tmp_path: Path) -> None:
    """The owner's id must be ASCII and unique on the machine."""
    assert load(tmp_path, {"USER": "ana maría"}).user.startswith("uid-")


def test_issuers_and_clients_are_read_from_their_tables(tmp_path: Path) -> None:
    """One table for each; what is left out has its usual value, the strict one."""
    text = f"""
[token]
issuer = "https://assent.example"
audiences = ["https://tools.example"]
{_ISSUER}jwks = "https://idp.example/jwks"
[[issuers]]
kind = "id-jag"
issuer = "https://idp.example"
audience = ["https://assent.example"]
jwks = "https://idp.example/jwks"
[issuers.principals]
"ana@example.org" = 'User::"ana"'
[[clients]]
id = "reporter"
principal = 'Agent::"ci/reporter"'
secret = "sha256:{"0" * 64}"
"""
    (tmp_path / "assent.toml").write_text(text)
    found = load(tmp_path, {})
    assert [(one.kind, one.types, one.bearer) for one in found.issuers] == [
        ("oauth", ("at+jwt",), False),
        ("id-jag", ("oauth-id-jag+jwt",), False),
    ]
    assert found.issuers[1].principals == {"ana@example.org": 'User::"ana"'}
    assert (found.clients[0].id, found.clients[0].bearer) == ("reporter", False)
    assert (found.token_issuer, found.token_audiences) == ("https://assent.example", ("https://tools.example",))
