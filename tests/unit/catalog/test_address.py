"""Addresses: every recipient, normalised, and `?` for what cannot be read."""

from __future__ import annotations

import pytest

from assent.catalog.analysers.address import LONGEST, read_address, read_payee
from assent.model.profile import ToolProfile

PROFILE = ToolProfile("send", frozenset({"send"}), targets={"to": "address"})
MAIL = {
    "bob@example.com": "example.com",
    "Bob <bob@Example.COM>": "example.com",
    "Bob <bob@example.com.>": "example.com",
    "john.doe+tag@example.com": "example.com",
    "a@b.example, c@d.example; e@f.example": "b.example d.example f.example",
    '"Smith, John" <j@b.example>': "b.example",
    '"a b"@c.example': "c.example",
    "Team: a@b.example, c@d.example;": "b.example d.example",
    "a@b.example (at work (mostly))": "b.example",
    "u@bücher.de": "xn--bcher-kva.de",
    "u@XN--BCHER-KVA.de": "xn--bcher-kva.de",
    "u@[127.0.0.1]": "127.0.0.1",
    "u@[IPv6:::1]": "::1",
    "mailto:a@b.example": "b.example",
    "MAILTO:a@b.example,c@d.example?cc=e@f.example&bcc=g%40h.example&subject=x&body=y": (
        "b.example d.example f.example h.example"
    ),
}
UNSURE = {
    "": "?",
    "bob": "?",
    "#general": "?",
    "a@": "?",
    "@b.example": "? b.example",
    "undisclosed-recipients:;": "?",
    "Smith, John <j@x.example>": "? x.example",
    '"x@y.example z"@in.example': "in.example y.example",  # some servers deliver to the quoted one
    "user%evil.example@corp.example": "? corp.example",
    "evil.example!user@corp.example": "? corp.example",
    "@relay.example:user@corp.example": "? corp.example relay.example",
    "ceo@bank.example <x@evil.example>": "? bank.example evil.example",
    "a@b.example\r\nBcc: c@d.example": "? b.example d.example",
    "mailto:": "?",
    "mailto:?subject=x": "?",
    "a@b..example": "?",
    "*#06#": "?",
    "+1": "?",
    "a@b.example," * LONGEST: "?",
}
PHONES = {
    "+49 (0)30 123-4567": "tel:+49301234567",
    "0049 30 1234567": "tel:+49301234567",
    "+49.30.1234567": "tel:+49301234567",
    "tel:+49-30-1234567": "tel:+49301234567",
    "sms:+49301234567?body=hi": "tel:+49301234567",
    "＋４９ 30 1234567": "tel:+49301234567",
    "+49301234567 ext. 12": "tel:+49301234567",
    "(415) 555-2671": "tel:4155552671",
    "12345": "tel:12345",
}


@pytest.mark.parametrize(("text", "expected"), [*MAIL.items(), *PHONES.items()])
def test_recipients_are_normalised(text: str, expected: str) -> None:
    """Whatever stands around an address, its domain or number is the recipient."""
    found = read_address(text, PROFILE)
    assert found.recipients == tuple(expected.split())
    assert (found.effects, found.reversibility, found.complete) == ({"send"}, "irreversible", True)


@pytest.mark.parametrize(("text", "expected"), UNSURE.items())
def test_what_cannot_be_read_is_a_recipient_too(text: str, expected: str) -> None:
    """`?` fits no list of known recipients, and every domain that any mail program could take is told."""
    found = read_address(text, PROFILE)
    assert found.recipients == tuple(expected.split())
    assert "send" in found.effects
    assert found.complete == ("?" not in expected)


def test_a_line_break_in_an_address_is_the_worst() -> None:
    """It would begin another header."""
    assert "unknown" in read_address("a@b.example\nBcc: c@d.example", PROFILE).effects


@pytest.mark.parametrize(
    "text", ["x@аpple.com", "ａ＠b.example", '"ceo@bank.example" <x@evil.example>', "аdmin@b.example"]
)
def test_look_alikes_are_facts(text: str) -> None:
    """Mixed scripts in name or domain, and an address shown as the name of another."""
    assert "lookalike" in read_address(text, PROFILE).facts


def test_numbers_that_cost_are_noted() -> None:
    """For the person who is asked."""
    assert read_address("+1 900 555 1234", PROFILE).note == "a number that may cost extra"
    assert read_address("12345", PROFILE).note == "a short code"


def test_lists_objects_and_attachments() -> None:
    """Every address of a list; of an object what may be one; files that go along."""
    assert read_address(["a@b.example", "c@d.example"], PROFILE).recipients == ("b.example", "d.example")
    assert read_address({"name": "Bob", "email": "a@b.example"}, PROFILE).recipients == ("b.example",)
    assert read_address({"name": "Bob"}, PROFILE).recipients == ("?",)
    found = read_address("mailto:a@b.example?attach=/etc/shadow", PROFILE)
    assert [(file.text, file.use) for file in found.files] == [("/etc/shadow", "send")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DE89 3704 0044 0532 0130 00", "iban:DE89370400440532013000"),
        ("de89-3704-0044-0532-0130-00", "iban:DE89370400440532013000"),
        ("DE89370400440532013001", "?"),
        ("Acme", "?"),
        ("pay@shop.example", "shop.example"),
    ],
)
def test_accounts_are_checked(text: str, expected: str) -> None:
    """ISO 13616: two digits of the number check the rest."""
    found = read_payee(text, PROFILE)
    assert (found.recipients, found.effects) == ((expected,), {"pay"})
