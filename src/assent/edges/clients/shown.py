"""What changes in a configuration, shown to a person: only servers' own lines, and no value that may be a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from assent.catalog.analysers.secrets import holds_secret
from assent.edges.clients.entries import Entry
from assent.edges.clients.tree import Document, Edit, edited, texts

#: Longest line shown, in characters.
_LONGEST = 400
_MASK = '"***"'
#: Members whose values are shown; environment, headers and whatever else a client knows are not.
_PLAIN = frozenset({"command", "args", "type", "transport", "cwd"})
_LOGIN = re.compile(r"://(?:[^/\s@:]{0,256}:[^\s@]{1,256}|[^/\s@]{1,256})@")
_NAMED = re.compile(r"(?i)pass|pwd|secret|token|key|credential|auth|bearer|cookie|[?&;]sig|sas=")
_GIVEN = re.compile(r"[=:\s]\S")
#: Options that hand a variable or a header on.
_HANDED = frozenset({"-e", "--env", "-H", "--header"})


def hidden(word: str, before: str = "") -> bool:
    """May a word of a command line be a secret, by its shape, its name, or the option before it?"""
    if holds_secret(word) or _LOGIN.search(word) or (_NAMED.search(word) and _GIVEN.search(word)):
        return True
    option = before.startswith("-") and "=" not in before and bool(_NAMED.search(before))
    return before in _HANDED or (option and not word.startswith("--"))


def difference(before: Document, after: Document, old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[str]:
    """The lines of a unified diff of those servers that differ.

    Args:
        before: the text as it is.
        after: the text as it would be.
        old: servers of the first.
        new: servers of the second.
    """
    later = {entry.keys: entry for entry in new}
    masks, masks_after = list(_masks(before, old)), list(_masks(after, new))
    for entry in old:
        other = later.get(entry.keys)
        if other is None or entry.state != "stdio" or other.node.shape() == entry.node.shape():
            continue
        yield f"@@ line {before.line(_span(before, entry)[0])}: {entry.label} @@"
        lines = difflib.unified_diff(_lines(before, entry, masks), _lines(after, other, masks_after), lineterm="")
        yield from (_cut(line) for line in lines if not line.startswith(("---", "+++", "@@")))


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def _lines(document: Document, entry: Entry, masks: Sequence[Edit]) -> list[str]:
    start, end = _span(document, entry)
    inside = [one for one in masks if one.start < end and one.end > start]
    clipped = [Edit(max(one.start, start) - start, min(one.end, end) - start, one.text) for one in inside]
    return edited(document.text[start:end], clipped).splitlines()


def _span(document: Document, entry: Entry) -> tuple[int, int]:
    """From the line of the first of command and arguments to that of the last, cut where another server begins."""
    text = document.text
    members = [entry.node.members[name] for name in ("command", "args") if name in entry.node.members]
    first, last = min(one.start for one in members), max(one.node.end for one in members)
    start, end = text.rfind("\n", 0, first) + 1, text.find("\n", last)
    end = len(text) if end < 0 else end
    if document.format == "json":
        if text[start:first].strip():  # the entry, or more of it, stands on the same line
            start = max(start, entry.node.start)
        end = min(end, entry.node.end)
    return start, end


def _masks(document: Document, entries: Sequence[Entry]) -> Iterator[Edit]:
    """What takes the place of every value that is not shown."""
    shown: set[int] = set()
    for entry in entries:
        for name, member in entry.node.members.items():
            if name in _PLAIN:
                words = [node for _, node in texts(member.node)]
                before = ["", *(node.value for node in words)]
                shown |= {node.start for node, last in zip(words, before, strict=False) if not hidden(node.value, last)}
    for _, node in texts(document.root):
        if node.start not in shown:
            yield Edit(node.start, node.end, _MASK)
    for start, end in document.comments:
        if hidden(document.text[start:end]):
            yield Edit(start, end, "/* *** */" if document.format == "json" else "# ***")
