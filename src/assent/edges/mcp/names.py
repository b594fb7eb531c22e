"""Tool names that a person or a model could take for another one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

#: Letters of other scripts drawn like a Latin one (from Unicode TS 39, the common ones), after case folding.
_DRAWN_LIKE = str.maketrans(
    "авеорсухіјѕһԁԛԝьпґ" + "αβεηικνορτυχγω" + "ıɡɑℓ",
    "abeopcyxijshdqwbnr" + "abenikvoptuxyw" + "igal",
)
#: Also read as one another at a glance: they fold only for names that are not plain ASCII.
_INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def confusable(names: Iterable[str]) -> set[str]:
    """Names to leave out: with invisible characters, or drawn like a plainer name of the list.

    Plain ASCII names are never left out: they are what the others imitate.
    """
    listed = list(names)
    plain = {_skeleton(name) for name in listed if name.isascii()}
    left_out: set[str] = set()
    taken: dict[str, str] = {}
    for name in listed:
        if any(unicodedata.category(character) in _INVISIBLE for character in name) or not name:
            left_out.add(name)
        elif not name.isascii():
            skeleton = _skeleton(name)
            if skeleton in plain or taken.setdefault(skeleton, name) != name:
                left_out.add(name)
    return left_out


def _skeleton(name: str) -> str:
    """How a name looks: compatibility forms, case, accents and foreign letters folded."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(character for character in folded if not unicodedata.combining(character))
    return bare.translate(_DRAWN_LIKE).replace("0", "o").replace("1", "l")
