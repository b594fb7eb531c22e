"""Names of principals: plain ASCII, and none that a person could take for another one.

Two names look alike if their skeletons are one (unicode.org/reports/tr39 §4, whose
mappings within ASCII these are, with two pairs of letters beside them). A name is
claimed in the store with its principal's first row, so that looking costs the same
with a hundred principals and with a hundred thousand.
"""

from __future__ import annotations

import re

from assent.errors import RequestError
from assent.model.ids import PrincipalId
from assent.model.principal import KINDS, PrincipalKind
from assent.ports import Reader, Transaction

#: `Agent::"ci/deploy"`, or its name alone, which is an agent's.
_TEXT = re.compile(r'(?:(User|Agent|Service|Model)::)?(?:"([^"]*)"|([^"]*))')
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@:+-]{0,127}")
#: confusables.txt within ASCII; `vv` and `cl` are what imitators use beside it.
_DRAWN = (("0", "O"), ("1", "l"), ("I", "l"), ("|", "l"), ("m", "rn"), ("w", "vv"), ("d", "cl"))
_LOOKS, _CASED = "looks:", "cased:"  # state keys


def parse(text: str) -> tuple[PrincipalKind, str]:
    """Kind and name of `Agent::"ci/deploy"`, or of `ci/deploy`, which is an agent.

    Raises:
        RequestError: `bad_principal`: not of that form, or not of the letters that a name may have.
    """
    match = _TEXT.fullmatch(text)
    name = (match[2] or match[3] or "") if match else ""
    if match is None or not _NAME.fullmatch(name):
        shown = ascii(text)[1:-1][:80]
        help = 'write, for example, Agent::"ci/deploy": letters, digits and `._/@:+-`, at most 128, ASCII alone'
        raise RequestError("bad_principal", f"`{shown}` is not the name of a principal", help=help)
    kind: PrincipalKind = next((kind for kind in KINDS if kind == match[1]), "Agent")
    return kind, name


def id_of(text: str) -> PrincipalId:
    """The id of what `parse` reads.

    Raises:
        RequestError: `bad_principal`.
    """
    kind, name = parse(text)
    return PrincipalId(f'{kind}::"{name}"')


def skeleton(name: str) -> str:
    """What a name is drawn like (UTS 39 §4): two names with one skeleton look alike."""
    for sign, drawn in _DRAWN:
        name = name.replace(sign, drawn)
    return name


def claim(tx: Transaction, principal: PrincipalId) -> None:
    """Take a principal's name; again and again without harm.

    Raises:
        RequestError: `looks_like_another`: one of its kind that exists is drawn like it.
    """
    kind, _, name = principal.partition("::")
    for key in (f"{_LOOKS}{kind}:{skeleton(name[1:-1])}", f"{_CASED}{kind}:{name[1:-1].casefold()}"):
        holder = tx.state(key) or ""
        if key.startswith(_LOOKS) and holder not in ("", principal):
            text = f"`{principal}` looks like `{holder}`, which exists"
            raise RequestError("looks_like_another", text, help="give it a name that nobody takes for the other")
        if not holder:
            tx.put_state(key, principal)


def differs_in_case(reader: Reader, principal: PrincipalId) -> str:
    """The first principal of this kind whose name is the same but for its case; empty if there is none."""
    kind, _, name = principal.partition("::")
    holder = reader.state(f"{_CASED}{kind}:{name[1:-1].casefold()}") or ""
    return holder if holder != principal else ""
