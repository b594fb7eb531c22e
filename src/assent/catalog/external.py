"""The id that an executor gave what it did, where its answer carries one: a transaction, a commit, an ETag.

A profile says where it stands (`external`), as a path into the result:
`$.structuredContent.sha`, `$.content[0].text.id`. A step into a text reads the text as
JSON, since many servers give their objects so. The server is not trusted: what is no
short text or number is no id.
"""

from __future__ import annotations

import re

from assent_verify.canonical import parse
from assent_verify.errors import ProofError

#: Form of a path: `$`, then names and places, sixteen at most.
PATH = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_-]{0,63}|\[[0-9]{1,3}\]){1,16}")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[([0-9]+)\]")
#: Characters of an id, and of a text that is read as JSON for one.
_LONGEST, _READ = 256, 65_536


def external_id(path: str, response: object) -> str:
    """The id at this path of a result; empty if the profile names none, or there is none.

    Args:
        path: as `PATH` takes it, or empty.
        response: the parsed result.
    """
    if not path:
        return ""
    value = response
    for name, place in _STEP.findall(path):
        if isinstance(value, str):
            value = _read(value)
        if name and isinstance(value, dict):
            value = value.get(name)
        elif place and isinstance(value, list) and int(place) < len(value):
            value = value[int(place)]
        else:
            return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST else ""


def _read(text: str) -> object:
    if len(text) > _READ:
        return None
    try:
        return parse(text.encode("utf-8", "replace"))
    except ProofError:
        return None
