"""The card of a question as plain lines: everything a person needs, nothing a tool can dress up."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from assent.catalog.methods import ELEVATE
from assent.model.approval import Approval

#: Invisible by category: controls, formats (bidirectional marks among them), private use, surrogates, separators.
_HIDDEN = frozenset(("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"))
#: Shown as nothing although of another category (Unicode Default_Ignorable_Code_Point, the blank Braille pattern).
_BLANK = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
)

#: Characters of the arguments that a notification shows at most.
MOST_TOLD = 200


def visible(text: str) -> str:
    r"""The text with every invisible, control and bidirectional character as `\u{…}`.

    What a tool or model wrote cannot move the cursor, hide or reorder anything.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if " " <= character <= "~":
        return character
    point = ord(character)
    if point in _BLANK or 0xE0000 <= point < 0xE1000 or unicodedata.category(character) in _HIDDEN:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\u{{{point:x}}}")
    return character


def notice(approval: Approval, *, values: bool) -> str:
    """What a notification says: who waits and what to do; arguments, cut short, only if `values`."""
    told = f"{approval.server}: an agent waits for your answer. Run: assent approvals"
    if not values:
        return told
    arguments = visible(_text(json.loads(approval.card)["arguments"]))
    return f"{told}\n{visible(approval.tool)} {arguments[:MOST_TOLD]}{'…' if len(arguments) > MOST_TOLD else ''}"


def lines(approval: Approval) -> list[tuple[str, str]]:
    """The card as (label, text) rows, in the order a person should read them."""
    card = json.loads(approval.card)
    rows = [
        ("who", visible(f"{card['principal']}, for {card['owner']}")),
        ("what", visible(f"{card['server']} / {card['tool']}")),
    ]
    arguments: Mapping[str, object] = card["arguments"]
    if card["method"] == ELEVATE:
        rows.append(
            ("gives", visible(f"{arguments.get('group')}, in this session, for {arguments.get('minutes')} min"))
        )
    rows += [(f"  {visible(name)}", visible(_text(value))) for name, value in sorted(arguments.items())]
    beside: Mapping[str, object] = card.get("beside", {})
    rows += [(f"  beside: {visible(name)}", visible(_text(value))) for name, value in sorted(beside.items())]
    rows += [("asked by", f"{asked.policy} (of {asked.group})") for asked in approval.asked]
    rows += [("note", visible(str(note))) for note in card["notes"]]
    rows += [(f"target {kind}", visible(", ".join(values))) for kind, values in card["targets"].items() if values]
    for referent in card["referents"]:
        pinned = str(referent["digest"] or "not pinned")
        rows.append(("runs or sends", f"{visible(str(referent['name']))} ({pinned})"))
    rows.append(("effect", ", ".join(card["effects"])))
    rows.append(("undo", _undo(card)))
    if card["cost"]:
        rows.append(("cost", visible(str(card["cost"]))))
    if card["labels"]:
        rows.append(("session has seen", visible(", ".join(card["labels"]))))
    if card["facts"].get("may_have_happened"):
        rows.append(("beware", "the same call was made before and may have happened"))
    if card["inferred"]:
        rows.append(("profile", "inferred: nobody has reviewed what this tool does"))
    return rows


def _text(value: object) -> str:
    """JSON, strings too: a typed backslash and a newline do not look the same."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _undo(card: Mapping[str, object]) -> str:
    if card["reversibility"] == "irreversible":
        return "cannot be undone"
    undo = card["undo"]
    if isinstance(undo, dict):
        return f"by {visible(str(undo['tool']))}"
    return "changes nothing" if card["effects"] == ["read"] else "the bytes from before are kept"
