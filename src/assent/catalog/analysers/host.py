"""Hosts: one name for every spelling of an address, and what kind of place it is.

Nothing is looked up: a name that resolves to a private address is not known as one.
Sources: url.spec.whatwg.org §3.5, RFC 3986 §3.2.2, inet_aton(3), UTS 46, IANA special-purpose registries.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from assent.catalog.analysers.lookalike import lookalike

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Address

_LONGEST = 1024
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,126}")
_NUMBER = re.compile(r"0x[0-9a-f]{0,32}|[0-9]{1,32}")
_ZONE = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_DOTS = str.maketrans("。．｡", "...")
#: Signs that UTS 46 drops from a name.
_DROPPED = re.compile(r"[\u00ad\u034f\u180b-\u180d\u200b-\u200d\u2060\u2064\ufe00-\ufe0f\ufeff]")
#: Ranges that no public host has (IANA IPv4 special-purpose address registry, multicast, reserved).
_PRIVATE = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
)
#: Ends of names that stay within a network, and of services that answer with the address in the name.
_INNER = tuple(
    (
        ".localhost .local .localdomain .internal .intranet .private .corp .home .lan .home.arpa .test .cluster.local "
        ".nip.io .sslip.io .xip.io .traefik.me .localtest.me .lvh.me .vcap.me .lacolhost.com"
    ).split()
)
#: Where clouds hand out a machine's credentials: AWS, ECS and EKS, GCP, Azure, Alibaba, Oracle, Tencent, Equinix.
_METADATA = frozenset(
    (
        "169.254.169.254 169.254.170.2 169.254.170.23 169.254.0.23 100.100.100.200 192.0.0.192 168.63.129.16 "
        "fd00:ec2::254 fd00:ec2::23 fd20:ce::254 metadata metadata.google.internal metadata.goog instance-data "
        "instance-data.ec2.internal metadata.azure.com metadata.azure.internal metadata.tencentyun.com "
        "metadata.packet.net metadata.platformequinix.com metadata.oraclecloud.com opc.oraclecloud.com"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Host:
    """One host as spelled.

    Args:
        names: lower case, ASCII, addresses in their usual form; more than one where programs disagree.
        private: not a public address, or a name that only a network of one's own knows.
        metadata: hands out a machine's credentials.
        lookalike: a person may read it as another name.
        shown: as a person reads it, without `xn--`.
    """

    names: tuple[str, ...]
    private: bool = False
    metadata: bool = False
    lookalike: bool = False
    shown: str = ""


def read_host(text: str) -> Host | None:
    """The host that a text names, without port; None if it cannot be read. Never raises."""
    if not text or len(text) > _LONGEST:
        return None
    if text[0] == "[" or text.count(":") > 1:
        return _six(text)
    spelled = text
    for _ in range(3):  # a proxy in front of the host may decode again
        spelled = unquote(spelled) if "%" in spelled else spelled
    # IDNA 2003 and 2008 disagree on these two letters: both names may be reached
    forms = {spelled, spelled.replace("ß", "ss").replace("ς", "σ")}
    found = [_one(form) for form in sorted(forms)]
    known = [one for one in found if one]
    if len(known) < len(found):
        return None
    return Host(
        tuple(sorted({name for one in known for name in one.names})),
        any(one.private for one in known),
        any(one.metadata for one in known),
        lookalike(spelled, whole=True) or any(lookalike(one.shown, whole=True) for one in known),
        known[0].shown,
    )


def _one(spelled: str) -> Host | None:
    plain = _DROPPED.sub("", unicodedata.normalize("NFKC", spelled).lower().translate(_DOTS))
    labels = unicodedata.normalize("NFC", plain).rstrip(".").split(".")
    if any(len(label) > 63 for label in labels):
        return None
    try:
        ascii = [label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels]
        shown = [label[4:].encode().decode("punycode") if label[:4] == "xn--" else label for label in ascii]
    except (UnicodeError, ValueError, OverflowError):
        return None
    name, written = ".".join(ascii), "".join(shown)
    if len(name) > 253 or not _NAME.fullmatch(name) or unicodedata.normalize("NFKC", written).lower() != written:
        return None
    if any(label.isascii() for label, coded in zip(shown, ascii, strict=True) if coded[:4] == "xn--"):
        return None  # a name that only says that it is coded
    if _NUMBER.fullmatch(ascii[-1]) or ascii[-1].isdecimal():
        return _four(ascii)
    inner = "." not in name or name.endswith(_INNER)
    holds = inner and any(f".{one}." in f".{name.replace('-', '.')}" for one in _METADATA if one[-1].isdigit())
    return Host((name,), inner, name in _METADATA or holds, shown=".".join(shown))


def _four(parts: list[str]) -> Host | None:
    """An IPv4 address in any form that inet_aton(3) takes; a leading zero is octal to some and nothing to others."""
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    values = {value for octal in (True, False) if (value := _value(parts, octal)) is not None}
    if not values:
        return None
    names = sorted({_dotted(value) for value in values})
    private = any(value in network for value in map(_address, names) for network in _private())
    return Host(tuple(names), private, bool(_METADATA & {*names}), shown=names[0])


def _value(parts: list[str], octal: bool) -> int | None:
    numbers = []
    for part in parts:
        base = 16 if part[:2] == "0x" else 8 if octal and part[0] == "0" else 10
        try:
            numbers.append(int(part[2:] or "0", 16) if base == 16 else int(part, base))
        except ValueError:
            return None
    *high, last = numbers
    if any(number > 255 for number in high) or last >= 256 ** (5 - len(numbers)):
        return None
    return sum(number << (24 - 8 * at) for at, number in enumerate(high)) + last


def _dotted(value: int) -> str:
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _address(text: str) -> Any:
    from ipaddress import IPv4Address

    return IPv4Address(text)


@lru_cache(maxsize=1)
def _private() -> tuple[IPv4Network, ...]:
    from ipaddress import IPv4Network

    return tuple(IPv4Network(one) for one in _PRIVATE.split())


def _six(text: str) -> Host | None:
    """An IPv6 address, with or without brackets and zone; one that stands for an IPv4 address has its name."""
    from ipaddress import IPv6Address

    inner = text[1:-1] if text[0] == "[" and text[-1] == "]" else text
    inner, _, zone = unquote(inner).partition("%")
    if not inner.isascii() or "[" in inner or (zone and not _ZONE.fullmatch(zone)):
        return None
    try:
        address = IPv6Address(inner)
    except ValueError:
        return None
    mapped, inside = _inside(address)
    four = _four(_dotted(inside).split(".")) if inside is not None else None
    if four and mapped:
        return four
    name = str(address)
    public = int(address) >> 125 == 1 and int(address) >> 96 != 0x20010DB8
    private = four.private if four else not public
    return Host((name,), private, name in _METADATA or bool(four and four.metadata), shown=name)


def _inside(address: IPv6Address) -> tuple[bool, int | None]:
    """Is it only another form of an IPv4 address, and which IPv4 address it leads to, if any."""
    whole = int(address)
    low, high = whole & 0xFFFFFFFF, whole >> 32
    if high == 0xFFFF:  # RFC 4291 §2.5.5.2
        return True, low
    if (high == 0 and low > 1) or high in (0xFFFF0000, 0x0064FF9B << 64):  # RFC 4291 §2.5.5.1, 2765 §2.1, 6052 §2.1
        return False, low
    if whole >> 80 == 0x0064FF9B0001 or high & 0xFDFFFFFF == 0x5EFE:  # RFC 8215, RFC 5214 §6.1
        return False, low
    if whole >> 112 == 0x2002:  # RFC 3056 §2
        return False, whole >> 80 & 0xFFFFFFFF
    if whole >> 96 == 0x20010000:  # RFC 4380 §4
        return False, low ^ 0xFFFFFFFF
    return False, None
