"""The card of a question as plain lines: everything a person needs, nothing a tool can dress up."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from assent.model.approval import Approval

#: Invisible by category: controls, formats (bidirectional marks among them), surrogates, private use, separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str) -> str:
    """Text with every invisible or bidirectional character written out, as `\\u202e`."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN and (character == " " or not character.isspace()):
        return character
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\u{ord(character):04x}")


def lines(approval: Approval) -> list[tuple[str, str]]:
    """The card as (label, text) rows, in the order a person should read them."""
    card = json.loads(approval.card)
    rows = [
        ("who", f"{card['principal']}, for {card['owner']}"),
        ("what", plain(f"{card['server']} / {card['tool']}")),
    ]
    arguments: Mapping[str, object] = card["arguments"]
    rows += [(f"  {plain(name)}", plain(_text(value))) for name, value in sorted(arguments.items())]
    rows += [("asked by", f"{asked.policy} (of {asked.group})") for asked in approval.asked]
    rows += [("note", plain(str(note))) for note in card["notes"]]
    rows += [(f"target {kind}", plain(", ".join(values))) for kind, values in card["targets"].items() if values]
    for referent in card["referents"]:
        pinned = str(referent["digest"] or "not pinned")
        rows.append(("runs or sends", f"{plain(str(referent['name']))} ({pinned})"))
    rows.append(("effect", ", ".join(card["effects"])))
    rows.append(("undo", _undo(card)))
    if card["labels"]:
        rows.append(("session has seen", plain(", ".join(card["labels"]))))
    if card["facts"].get("may_have_happened"):
        rows.append(("beware", "the same call was made before and may have happened"))
    if card["inferred"]:
        rows.append(("profile", "inferred: nobody has reviewed what this tool does"))
    return rows


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _undo(card: Mapping[str, object]) -> str:
    if card["reversibility"] == "irreversible":
        return "cannot be undone"
    undo = card["undo"]
    if isinstance(undo, dict):
        return f"by {plain(str(undo['tool']))}"
    return "changes nothing" if card["effects"] == ["read"] else "the bytes from before are kept"
