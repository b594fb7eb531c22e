"""URLs and hosts: where a call goes, what kind of place that is, and whether the URL itself carries data out.

A URL is read twice, as browsers read it (url.spec.whatwg.org §4.4) and as RFC 3986 says;
where the two disagree about the host, both hosts count and nothing is known. Nothing is
looked up, and nothing is fetched: a redirect is followed by the server, unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from assent.catalog.analysers.address import read_one
from assent.catalog.analysers.host import Host, read_host
from assent.catalog.analysers.reading import NOTHING, together, unknown
from assent.catalog.analysers.secrets import carries_secret, strings
from assent.catalog.observation import NamedFile, Reading
from assent.model.profile import ToolProfile

#: Most characters of one URL, and most URLs of one argument; more is the worst case.
LONGEST, _MOST = 64 * 1024, 64
#: From here on a URL carries data: characters that are no words, and characters altogether.
CARRIES, CARRIES_ALTOGETHER = 64, 256
_WEB = frozenset({"http", "https"})
_ADDRESSED = frozenset({"mailto", "sms", "smsto", "tel"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):")
_PORT = re.compile(r"\d{1,5}(?=[/?#]|\Z)")
_END_OF_AUTHORITY = re.compile(r"[/?#]")
_TRIMMED = (
    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
    "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REMOVED = str.maketrans("", "", "\t\r\n")
_PARTS = re.compile(r"[^\W_]+")
#: A word or a number that says little: lower, upper, capital or camel case; a count, a date, a version.
_ORDINARY = re.compile(r"(?:[a-z]{1,24}|[A-Z]{1,12}|(?:[A-Z]?[a-z]{2,16}){1,3}|v?[0-9]{1,10})")
#: URLs within a URL, which a service in between fetches.
_WITHIN = re.compile(r"(?i)https?:[/\\]{1,4}([^\s/\\?#\"'<>&]{1,255})")
_MOST_WITHIN = 16
#: Schemes by which something is fetched or run; every other one in a resource's address is its server's own.
_FETCHED = frozenset(
    "http https ws wss ftp ftps file data javascript vbscript gopher dict ldap ldaps jar ssh sftp smb scp git ext "
    "mailto tel sms blob about view-source php phar expect netdoc tftp rsync s3 gs".split()
)
#: Most characters behind the host that are decoded; a URL that goes on carries data whatever they say.
_LOOKED_AT = 4096


def read_url(value: object, profile: ToolProfile) -> Reading:
    """What an argument that holds one URL or several reaches. Never raises."""
    if profile.tool.startswith("resources/") and isinstance(value, str) and _own_name(value):
        return NOTHING
    return each(value, _url)


def _own_name(text: str) -> bool:
    """Is it a server's name for one of its resources (`memo://insights`), which nothing is fetched by?"""
    scheme = _SCHEME.match(text)
    if scheme is None or len(text) > _LOOKED_AT or _WITHIN.search(text):
        return False
    return scheme[1].lower() not in _FETCHED


def read_host_name(value: object, profile: ToolProfile) -> Reading:
    """What an argument that holds a host, with or without port, reaches. Never raises."""
    return each(value, _host)


def each(value: object, read: Callable[[str], Reading]) -> Reading:
    """Every text of an argument read alone; of an object only what has a scheme, since keys are texts too."""
    if value is None:
        return NOTHING
    if isinstance(value, bool | int | float):
        return unknown("a URL or host that is no text")
    texts = [value] if isinstance(value, str) else list(strings(value))
    if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        texts = [text for text in texts if _SCHEME.match(text.lstrip(_TRIMMED))]
    if len(texts) > _MOST:
        return unknown("too many URLs or hosts to be read")
    return together([read(text) for text in texts])


def _url(text: str) -> Reading:
    if len(text) > LONGEST:
        return together([_url(text[:_LOOKED_AT]), unknown("a URL too long to be read")])
    trimmed = text.strip(_TRIMMED)
    spelled = trimmed.translate(_REMOVED)
    scheme, rest = _scheme(spelled)
    if scheme == "file":
        return _file(rest)
    if scheme in _ADDRESSED:
        return read_one(spelled)
    if spelled == "about:blank":
        return NOTHING
    if scheme not in _WEB:
        authority = _authority(rest[2:])[1] if rest[:2] == "//" else ""
        host = _of_authority(authority)[1]
        return replace(
            unknown(f"what `{scheme}:` does is not known", hosts=host.names if host else ()),
            facts=_facts([host, *_within(rest)]),
        )
    found = _web(rest)
    if _CONTROL.search(text.strip(" \t\r\n")):
        return together([found, unknown("a control character within a URL")])
    return found


def _scheme(spelled: str) -> tuple[str, str]:
    """Scheme and what follows it; a host alone, with or without port, is meant as https."""
    match = _SCHEME.match(spelled)
    if not match or _PORT.match(spelled, match.end()):
        return "https", "//" + spelled.lstrip("/\\")
    return match[1].lower(), spelled[match.end() :]


def _web(rest: str) -> Reading:
    """An http or https URL, from behind its colon."""
    tail, browser = _authority(rest.replace("\\", "/").lstrip("/"))
    tail = tail[:_LOOKED_AT]
    strict = _authority(rest[2:])[1] if rest[:2] == "//" else ""
    user, host = _of_authority(browser)
    other = _of_authority(strict)[1]
    if host is None:
        return unknown("a URL whose host cannot be read", hosts=other.names if other else ())
    facts = _facts([host, other, *_within(tail)])
    carried = _carries(host, tail)
    parts = [Reading(frozenset({"read"}), "reversible", hosts=host.names, facts=facts, note=_told(facts))]
    if user or strict.rpartition("@")[0]:
        parts.append(
            replace(_sends("a URL with a user name or password", host), facts=frozenset({"credentials_in_url"}))
        )
    if carried:
        parts.append(_sends(carried, host))
    if other is None or other.names != host.names or " " in browser:
        names = other.names if other else ()
        parts.append(unknown("a URL whose host depends on who reads it", hosts=names))
    elif len(host.names) > 1:
        parts.append(unknown("a host that is another one to other programs"))
    return together(parts)


def _authority(rest: str) -> tuple[str, str]:
    """What follows the authority, and the authority."""
    end = _END_OF_AUTHORITY.search(rest)
    at = end.start() if end else len(rest)
    return rest[at:], rest[:at]


def _of_authority(authority: str) -> tuple[str, Host | None]:
    """User information and host of `user@host:port`; no host if a part cannot be read."""
    user, _, place = authority.rpartition("@")
    name, colon, port = place.rpartition(":")
    if colon and not place.endswith("]") and name.count(":") * (name[-1:] != "]") == 0:
        if port and not (_PORT.fullmatch(port) and int(port) < 65_536):
            return user, None
        place = name
    return user, read_host(place)


def _sends(note: str, host: Host) -> Reading:
    return Reading(frozenset({"send"}), "irreversible", recipients=host.names, note=note)


def _facts(hosts: list[Host | None]) -> frozenset[str]:
    known = [host for host in hosts if host]
    found = {
        "lookalike": any(host.lookalike for host in known),
        "metadata_host": any(host.metadata for host in known),
        "private_host": any(host.private for host in known),
    }
    return frozenset(name for name, holds in found.items() if holds)


def _told(facts: frozenset[str]) -> str:
    """The most serious of what a host is, for a person."""
    told = {
        "metadata_host": "an address that hands out a machine's credentials",
        "lookalike": "a host written like another one",
        "private_host": "an address of this machine or of a private network",
    }
    return next((words for fact, words in told.items() if fact in facts), "")


def _within(tail: str) -> list[Host | None]:
    """Hosts of URLs in the rest of a URL."""
    found = _WITHIN.findall(_decoded(tail)) if ":" in tail or "%" in tail else []
    return [_of_authority(authority)[1] for authority in found[:_MOST_WITHIN]]


def _decoded(text: str) -> str:
    for _ in range(3):
        text = unquote(text) if "%" in text else text
    return text


def _carries(host: Host, tail: str) -> str:
    """Why path, query, fragment and inner labels of the host carry data out; empty if they only name a page."""
    inner = ".".join(host.shown.split(".")[:-2]) if not host.shown[-1:].isdigit() else ""
    decoded = f"{inner} {_decoded(tail)}"
    if carries_secret(decoded) or carries_secret(decoded.replace("/", " ")):  # `/` is also a sign of base64
        return "a secret in a URL"
    if len(decoded) > CARRIES_ALTOGETHER:
        return "a URL long enough to carry data out"
    odd = sum(len(part) for part in _PARTS.findall(decoded) if not _ordinary(part))
    odd += sum(not char.isascii() and not char.isalnum() for char in decoded)
    return "a URL that carries data out" if odd >= CARRIES else ""


def _ordinary(part: str) -> bool:
    return bool(_ORDINARY.fullmatch(part)) if part.isascii() else len(part) <= 24 and part.isalpha()


def _file(rest: str) -> Reading:
    """A file URL: the file it names, with and without what looks like a query (RFC 8089)."""
    place = rest.replace("\\", "/")
    name = ""
    if place[:2] == "//":
        path, name = _authority(place[2:])
        place = path
    short = re.split(r"[?#]", place, maxsplit=1)[0]
    files = tuple(NamedFile(one or "/") for one in dict.fromkeys((short, place)))
    if name.lower() not in ("", "localhost"):
        host = read_host(name)
        return unknown("a file on another machine", files=files, hosts=host.names if host else ())
    return Reading(frozenset({"read"}), "reversible", files=files)


def _host(text: str) -> Reading:
    trimmed = text.strip(_TRIMMED)
    if len(trimmed) > LONGEST or "://" in trimmed:
        return _url(text)
    host = _of_authority(trimmed)[1]
    if host is None:
        return unknown("a host that cannot be read")
    facts = _facts([host])
    found = Reading(frozenset({"read"}), "reversible", hosts=host.names, facts=facts, note=_told(facts))
    return found if len(host.names) == 1 else together([found, unknown("a host that is another one to other programs")])
