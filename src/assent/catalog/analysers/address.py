"""E-mail addresses, phone numbers and accounts: who gets what is sent or paid.

Mail programs disagree about quotes, comments and display names (RFC 5322), so every domain
that stands behind an `@` counts as a recipient; what cannot be read is the recipient `?`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

from assent.catalog.analysers.host import read_host
from assent.catalog.analysers.lookalike import lookalike
from assent.catalog.analysers.reading import NOTHING, together, unknown
from assent.catalog.analysers.secrets import strings
from assent.catalog.observation import NamedFile, Reading
from assent.model.profile import ToolProfile

#: Most characters of one text, and most texts of one argument; more is the worst case.
LONGEST, _MOST = 16 * 1024, 256
#: Most different domains and separate addresses that are told; more is `?` besides.
_MOST_DOMAINS = 256
#: The recipient that could not be read.
NOBODY_KNOWS = "?"
_DOMAIN = re.compile(r"@[ \t]*(\[[^\]@]{0,128}\]|[^\s@<>()\[\],;:\"\\]{0,1024})")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)')  # one that is not closed goes to the end: linear
_COMMENT = re.compile(r"\([^()]*+\)")
_BETWEEN = re.compile(r"[,;]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\u0085\u2028\u2029]")
#: What a local part or a domain has only with quotes, comments, routes or by mistake.
_ODD_LOCAL, _ODD_DOMAIN = re.compile(r"[@%!<>()\[\]:,;\"\\\s]"), re.compile(r"[\s<>(]")
_PHONE = re.compile(r"(\+|00)?([0-9(][0-9\s().\/\u2010-\u2015-]{1,40})(?:\s?(?:;?ext\.?=?|x|#|,)\s?[0-9]{1,8})?", re.I)
_SCHEME = re.compile(r"(?i)\s*(mailto|tel|sms|smsto):")
#: Beginnings of numbers that cost whoever calls or writes to them (ITU-T E.164 and national plans).
_PREMIUM = tuple(
    (
        "1900 1976 979 2090 3069 31900 31906 31909 3289 3290 33081 33089 3389 34803 34806 34807 34905 35115 3519 "
        "36690 36691 3989 40900 40906 41900 41901 41906 42090 42190 4387 43900 43901 43930 43931 449 4487 4590 4694 "
        "46900 46939 47829 4870 49900 611900 619 64900 7809 81990 86168 881 882 883 888 905 91186"
    ).split()
)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SPACES = re.compile(r"[\s.-]")


def read_address(value: object, profile: ToolProfile) -> Reading:
    """Whom an argument that holds addresses sends to. Never raises."""
    if value is None:
        return NOTHING
    texts = [value] if isinstance(value, str) else list(strings(value))
    if isinstance(value, bool | int | float):
        texts = [str(value)]
    elif not (isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))):
        texts = [text for text in texts if "@" in text or text[:1] == "+"] or [""]  # of an object, not its other texts
    if len(texts) > _MOST:
        return _sent({NOBODY_KNOWS}, note="too many addresses to be read")
    return together([read_one(text) for text in texts])


def read_payee(value: object, profile: ToolProfile) -> Reading:
    """Whom an argument that holds an account pays. Never raises."""
    text = unicodedata.normalize("NFKC", value[:LONGEST]) if isinstance(value, str) else ""
    account = _SPACES.sub("", text).upper() if len(text) <= 64 else ""
    if account.isascii() and _IBAN.fullmatch(account) and _checks(account):
        odd = isinstance(value, str) and lookalike(value)
        return _sent({f"iban:{account}"}, effect="pay", odd=odd)
    if "@" in text:
        found = read_one(text)
        return replace(found, effects=found.effects - {"send"} | {"pay"})
    return _sent({NOBODY_KNOWS}, effect="pay", odd=lookalike(text), note="an account that cannot be read")


def _checks(account: str) -> bool:
    """ISO 7064 mod 97-10."""
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97 == 1


def read_one(text: str) -> Reading:
    """One text: addresses, a `mailto:` or a phone number."""
    if len(text) > LONGEST:
        return _sent({NOBODY_KNOWS}, note="addresses too long to be read")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "mailto":
        return _mailto(text[scheme.end() :])
    if scheme:
        numbers = unquote(text[scheme.end() :].partition("?")[0])
        return together([_phone(number) for number in numbers.split(",")[:_MOST_DOMAINS]])
    return _mail(text) if "@" in unicodedata.normalize("NFKC", text) else _phone(text)


def _sent(
    recipients: set[str], *, effect: str = "send", odd: bool = False, note: str = "", files: tuple[NamedFile, ...] = ()
) -> Reading:
    return Reading(
        frozenset({effect}),
        "irreversible",
        recipients=tuple(sorted(recipients)),
        files=files,
        facts=frozenset({"lookalike"} if odd else ()),
        complete=NOBODY_KNOWS not in recipients,
        note=note,
    )


def _mail(text: str) -> Reading:
    """Every domain behind an `@`, and `?` for what is no plain list of addresses."""
    plain = unicodedata.normalize("NFKC", text)
    spelled = [match[1] for match in _DOMAIN.finditer(plain)]
    hosts = [read_host(_literal(name)) for name in list(dict.fromkeys(spelled))[:_MOST_DOMAINS]]
    recipients = {name for host in hosts if host for name in host.names}
    odd = lookalike(text) or any(host.lookalike for host in hosts if host)
    bare, named = _structure(plain)
    parts = [part.strip() for part in _BETWEEN.split(bare)]
    parts = [part for part in parts if part]
    if None in hosts or len({*spelled}) > _MOST_DOMAINS or not parts or not all(map(_plain, parts)):
        recipients.add(NOBODY_KNOWS)
    found = _sent(recipients, odd=odd or named, note="an address within the name of another" if named else "")
    if _CONTROL.search(text.strip()):
        return together([replace(found, complete=False), unknown("a line break or control character in an address")])
    return found


def _literal(domain: str) -> str:
    inner = domain[1:-1] if domain[:1] == "[" else domain
    if inner[:5].lower() == "ipv6:":
        return f"[{inner[5:]}]"
    return inner


def _structure(plain: str) -> tuple[str, bool]:
    """The text without what is quoted or a comment; and whether an address stands in the name of another."""
    bare = _QUOTED.sub("q", plain)
    for _ in range(16):
        if bare == (bare := _COMMENT.sub(" ", bare)):
            break
    named = False
    for part in _BETWEEN.split(plain):
        shown, angle, meant = part.rpartition("<")
        if angle and "@" in shown and (there := _DOMAIN.search(shown)) and (sent := _DOMAIN.search(meant)):
            named = named or there[1].lower().rstrip(".") != sent[1].lower().rstrip(".")
    return bare, named


def _plain(part: str) -> bool:
    """`name <local@domain>` or `local@domain`, also first in a group."""
    part = part.rpartition(":")[2] if "@" not in part.partition(":")[0] else part
    inner = part
    if "<" in part:
        before, _, rest = part.partition("<")
        inner, closed, after = rest.partition(">")
        if "@" in before or not closed or after.strip():
            return False
    local, at, domain = inner.strip().rpartition("@")
    return (
        bool(at and local and domain) and not set(local) & set('@%!<>()[]:,;"\\ \t') and not set(domain) & set(" \t<>(")
    )


def _mailto(rest: str) -> Reading:
    """RFC 6068: recipients stand before the `?` and in the fields `to`, `cc` and `bcc`."""
    place, _, query = rest.partition("?")
    found = [unquote(place)] if place else []
    files: list[NamedFile] = []
    fields = [field.partition("=") for field in re.split(r"[&;]", query)[:_MOST_DOMAINS]]
    for name, _, value in fields:
        called = unquote(name).strip().lower()
        if called in ("to", "cc", "bcc"):
            found.append(unquote(value))
        elif called in ("attach", "attachment"):
            files.append(NamedFile(unquote(value), "send"))
    parts = [_mail(text) if "@" in text else _sent({NOBODY_KNOWS}) for text in found] or [_sent({NOBODY_KNOWS})]
    return together([*parts, *([_sent(set(), files=tuple(files), note="an attached file")] if files else [])])


def _phone(text: str) -> Reading:
    """A number in its international form (ITU-T E.164), or as it is dialled where the country is not said."""
    plain = unicodedata.normalize("NFKC", text).strip()
    match = _PHONE.fullmatch(plain)
    if not match:
        return _sent({NOBODY_KNOWS}, odd=lookalike(text), note="an address that cannot be read")
    country, rest = match.groups()
    digits = "".join(char for char in (rest.replace("(0)", "") if country else rest) if char.isdecimal())
    if not digits:
        return _sent({NOBODY_KNOWS}, note="an address that cannot be read")
    if country:
        if not 7 <= len(digits) <= 15 or digits[0] == "0":
            return _sent({NOBODY_KNOWS}, note="no phone number is as long or as short as that")
        note = "a number that may cost extra" if digits.startswith(_PREMIUM) else ""
        return _sent({f"tel:+{digits}"}, note=note)
    return _sent({f"tel:{digits}"}, note="a short code" if len(digits) <= 6 else "")
