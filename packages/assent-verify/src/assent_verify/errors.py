"""What the verifier refuses, and why."""

from __future__ import annotations


class ProofError(Exception):
    """The auditor's turn: a proof, leaf, note or document does not hold.

    Args:
        code: stable identifier, `[a-z0-9_]+`.
        message: one line that says what was expected and what was found.
        help: what the auditor can do; may be empty.
    """

    def __init__(self, code: str, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
