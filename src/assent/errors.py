"""Every exception of Assent, in families by whose turn it is to act.

A bug is not in this list and is not caught: it surfaces as itself. `code` is
stable and lowercase; `message` is one line without a final stop; `help` says
what to do. The agent sees only `code` and the first line of the message.
"""

from __future__ import annotations

from assent_verify.errors import ProofError

__all__ = [
    "AssentError",
    "ConfigError",
    "ConflictError",
    "PolicyError",
    "ProofError",
    "RefusedError",
    "RequestError",
    "UnavailableError",
]


class AssentError(Exception):
    """Base of every expected error: a stable `code`, one line, and what to do.

    Args:
        code: stable identifier, `[a-z0-9_]+`.
        message: one line, lowercase, input in backticks, no final stop.
        help: what the person whose turn it is can do; may be empty.
    """

    def __init__(self, code: str, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


class RefusedError(AssentError):
    """The agent's turn: what it asked for is not allowed to happen."""


class RequestError(AssentError):
    """The caller's turn: the request itself is malformed or ambiguous."""


class PolicyError(AssentError):
    """The policy author's turn: a policy, catalog or profile text is refused.

    Args:
        file: name of the text as the author knows it.
        line: 1-based line of the first offending character; 0 if unknown.
        column: 1-based column of it; 0 if unknown.
        text: the offending text, one line, cut to 200 characters.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        file: str = "",
        line: int = 0,
        column: int = 0,
        text: str = "",
        help: str = "",
    ) -> None:
        super().__init__(code, message, help=help)
        self.file = file
        self.line = line
        self.column = column
        self.text = text


class UnavailableError(AssentError):
    """The operator's turn: a part that is needed is not there (disk, store, key)."""


class ConfigError(AssentError):
    """The operator's turn: settings contradict each other or are unsafe."""


class ConflictError(AssentError):
    """Nobody's turn: a version moved between decision and commit; decide again."""
