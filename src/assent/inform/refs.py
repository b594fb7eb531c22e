"""Git references, read without running git: which commit a name points to (gitrepository-layout(5))."""

from __future__ import annotations

import os
import re
from hashlib import sha256

from assent.model.ids import Digest

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
#: A name that can be looked up; what computes on others (`HEAD~2`, `@{u}`, `a..b`) is not pinned.
_NAME = re.compile(r"(?!.*\.\.)(?!.*//)[A-Za-z0-9][A-Za-z0-9._/+-]{0,250}\Z")
#: Where git looks for a short name, in its order.
_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_MOST_LINKS, _MOST_ABOVE, _MOST_BYTES = 5, 64, 4 * 1024 * 1024


def repository(folder: str) -> str:
    """The `.git` directory that a folder belongs to, empty if there is none."""
    for _ in range(_MOST_ABOVE):
        place = os.path.join(folder, ".git")
        if os.path.isdir(place):
            return place
        if os.path.isfile(place):  # a worktree or a submodule: the file says where
            said = _text(place)
            return os.path.normpath(os.path.join(folder, said[7:].strip())) if said.startswith("gitdir:") else ""
        if os.path.isfile(os.path.join(folder, "HEAD")) and os.path.isdir(os.path.join(folder, "refs")):
            return folder
        if folder == (folder := os.path.dirname(folder)):
            break
    return ""


def digest_of_ref(folder: str, name: str) -> Digest | None:
    """SHA-256 over the id of the commit that a name points to; None if it cannot be told without running git."""
    own = repository(folder)
    commit = _commit(own, name) if own else ""
    return Digest("sha256:" + sha256(f"git_ref\0{commit}".encode()).hexdigest()) if commit else None


def _commit(own: str, name: str) -> str:
    if _COMMIT.match(name):
        return name
    common = os.path.normpath(os.path.join(own, _text(os.path.join(own, "commondir")).strip() or "."))
    for _ in range(_MOST_LINKS):
        if not _NAME.match(name):
            return ""
        found = next((text for each in _PLACES if (text := _named(own, common, each.format(name)))), "")
        if not found.startswith("ref:"):
            return found if _COMMIT.match(found) else ""
        name = found[4:].strip()
    return ""


def _named(own: str, common: str, name: str) -> str:
    """What one full name says: a commit, `ref: …`, or nothing."""
    for place in dict.fromkeys((own, common)):
        if text := _text(os.path.join(place, name)).strip():
            return text
    for line in _text(os.path.join(common, "packed-refs")).splitlines():
        if line.endswith(" " + name) and line[0] not in "#^":
            return line.partition(" ")[0]
    return ""


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace") if os.path.isfile(path) else ""
    except (OSError, ValueError):
        return ""
