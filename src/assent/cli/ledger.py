"""Reading the log for a person: one leaf with what opens it, and lines that tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assent_verify.canonical import parse
from assent_verify.merkle import leaf_hash
from assent_verify.opening import open_values
from assent_verify.receipt import read

from assent.cli.output import verdict_word, visible
from assent.errors import ProofError, RequestError, UnavailableError
from assent.model.ids import LeafIndex
from assent.ports import Reader


@dataclass(frozen=True, slots=True)
class Receipt:
    """One leaf of the log.

    Args:
        index: its position.
        data: the exact stored bytes.
        leaf: the parsed leaf.
    """

    index: int
    data: bytes
    leaf: Mapping[str, object]

    @property
    def hash(self) -> str:
        """Leaf hash, `sha256:…` (RFC 6962 §2.1)."""
        return "sha256:" + leaf_hash(self.data).hex()

    @property
    def kind(self) -> str:
        """`decision`, `outcome`, `approval`, `session` or `system`."""
        return str(self.leaf["kind"])

    @property
    def session(self) -> str | None:
        """Id of its session; None for a system leaf."""
        session = self.leaf.get("session")
        return str(session["id"]) if isinstance(session, dict) else None

    @property
    def attempt(self) -> str | None:
        """Id of the attempt it is about, if any."""
        attempt = self.leaf.get("attempt")
        return attempt if isinstance(attempt, str) else None

    def text(self, *path: str) -> str:
        """A member as text, empty if absent: `text("action", "tool")`."""
        value: object = self.leaf
        for name in path:
            value = value.get(name, "") if isinstance(value, Mapping) else ""
        return value if isinstance(value, str) else json.dumps(value)

    def texts(self, name: str) -> list[str]:
        """A member that is a list of strings."""
        value = self.leaf.get(name)
        return [str(item) for item in value] if isinstance(value, list) else []


def receipts(reader: Reader, start: int = 0, stop: int | None = None) -> Iterator[Receipt]:
    """The leaves from `start` on, in log order.

    Raises:
        ProofError: one is no receipt (any more).
    """
    for index, data in reader.leaves(start, stop):
        yield receipt_of(index, data)


def receipt_of(index: int, data: bytes) -> Receipt:
    """A stored leaf, strictly read: a changed byte must not end in half a story.

    Raises:
        ProofError: it is no receipt (any more).
    """
    try:
        read(data)
    except ProofError as error:
        help = "it has been damaged or changed; run: assent verify"
        raise ProofError(error.code, f"leaf {index} is no receipt: {error.message}", help=help) from error
    return Receipt(index, data, json.loads(data))


def values_of(reader: Reader, receipt: Receipt) -> Mapping[str, object] | None:
    """The clear values of a leaf, which are what it commits to; None if it has none or they are erased.

    Raises:
        ProofError: they have been changed.
    """
    sidecar = reader.sidecar(LeafIndex(receipt.index))
    if sidecar is None:
        return None
    try:
        values = parse(sidecar.values.encode())
        if not isinstance(values, dict):
            raise ProofError("not_opened", "they are not an object")
        open_values(receipt.leaf, sidecar.salt, values)
    except ProofError as error:
        help = "they have been damaged or changed; run: assent verify --values"
        raise ProofError(error.code, f"clear values of leaf {receipt.index}: {error.message}", help=help) from error
    return values


def tool_of(reader: Reader, receipt: Receipt) -> str:
    """The tool of a decision leaf; `?` if its name was the agent's word and is erased."""
    tool = receipt.text("action", "tool")
    if tool != "?":
        return tool
    return str((values_of(reader, receipt) or {}).get("tool", "?"))


def observed(receipt: Receipt) -> str:
    """The verdict of policy where it was observed only and would have been another; else empty."""
    if receipt.leaf.get("mode") != "observe" or receipt.text("decided") == receipt.text("verdict"):
        return ""
    return receipt.text("decided")


class Lines:
    """Turns leaves in log order into rows and lines.

    Args:
        tools: attempt → server and tool, filled on the way.
    """

    def __init__(self, reader: Reader, tools: dict[str, tuple[str, str]] | None = None) -> None:
        self._reader = reader
        self._tools = {} if tools is None else tools

    def row(self, receipt: Receipt) -> dict[str, object]:
        """The object of `assent receipts list --json`."""
        server, tool = self._named(receipt)
        verdict = receipt.text("verdict") or None
        return {
            "index": receipt.index,
            "leaf_hash": receipt.hash,
            "kind": receipt.kind,
            "time": receipt.text("time"),
            "verdict": verdict,
            "status": receipt.text("status") or None,
            "event": receipt.text("event") or None,
            "server": server or None,
            "tool": tool or None,
            "session": receipt.session,
            "attempt": receipt.attempt,
            "principal": receipt.text("principal") or None,
            "reasons": receipt.texts("reasons"),
            "observed": observed(receipt) or None,
        }

    def cells(self, receipt: Receipt) -> list[str]:
        """The cells of one line for a person."""
        server, tool = self._named(receipt)
        what = visible(f"{server}/{tool}") if tool else ""
        words = {
            "decision": ", ".join(dict.fromkeys(receipt.texts("reasons"))),
            "outcome": receipt.text("detail"),
            "approval": f"{receipt.text('by')} with {receipt.text('assurance')}",
            "session": receipt.text("reason"),
        }.get(receipt.kind, "")
        if would := observed(receipt):
            words = f"allowed because observing; would have been: {would} ({words})"
        word = receipt.text("verdict") or receipt.text("status") or receipt.text("event")
        return [
            str(receipt.index),
            receipt.text("time"),
            receipt.kind,
            verdict_word(word),
            what or receipt.text("principal") or (receipt.session or ""),
            visible(words),
        ]

    def _named(self, receipt: Receipt) -> tuple[str, str]:
        attempt = receipt.attempt
        if attempt is None:
            return "", ""
        if receipt.kind == "decision":
            self._tools[attempt] = receipt.text("action", "server"), tool_of(self._reader, receipt)
        return self._tools.get(attempt, ("", ""))


def find(reader: Reader, id: str) -> list[Receipt]:
    """The leaves that an id names: an index, a leaf hash, an attempt, an approval.

    For an approval, and for a leaf that belongs to an attempt, all leaves of the attempt.

    Raises:
        RequestError: nothing on this home has that id.
        UnavailableError: `leaves_archived`: nothing here has it, and what was sealed was not looked through.
    """
    found = _named_by(reader, id)
    if not found and (end := away(reader)):
        text = f"nothing here is called `{visible(id)}`; receipts 1 to {end - 1} lie in an archive"
        raise UnavailableError("leaves_archived", text, help="give the archive with --archive")
    if not found:
        raise RequestError(
            "unknown_id",
            f"nothing on this home is called `{visible(id)}`",
            help="give a receipt index, a leaf hash (sha256:…), an attempt (att_…), an approval (apr_…) "
            "or a session (ses_…); `assent receipts list` shows them",
        )
    return found


def away(reader: Reader) -> int:
    """Index after the last leaf that lies in an archive alone; 0 if none does."""
    from assent.record.archive import sealed_to

    end = sealed_to(reader)
    return end if end and reader.leaf(LeafIndex(end - 1)) is None else 0


def _named_by(reader: Reader, id: str) -> list[Receipt]:
    if id.isascii() and id.isdecimal():
        return list(receipts(reader, int(id), int(id) + 1)) if int(id) < reader.size() else []
    if id.startswith("sha256:"):
        return [receipt for receipt in _mentioning(reader, "") if receipt.hash == id][:1]
    if id.startswith("apr_"):
        approvals = [approval for approval in reader.approvals() if approval.id == id]
        return _of_attempt(reader, approvals[0].attempt) if approvals else []
    if id.startswith("att_"):
        return _of_attempt(reader, id)
    if id.startswith("ses_"):
        return [receipt for receipt in _mentioning(reader, id) if receipt.session == id]
    return []


def _of_attempt(reader: Reader, attempt: str) -> list[Receipt]:
    return [receipt for receipt in _mentioning(reader, attempt) if receipt.attempt == attempt]


def _mentioning(reader: Reader, id: str) -> Iterator[Receipt]:
    needle = id.encode()
    for index, data in reader.leaves():
        if needle in data:  # most leaves are skipped without being parsed
            yield receipt_of(index, data)


def whole_attempt(reader: Reader, receipt: Receipt) -> list[Receipt]:
    """All leaves of the attempt of this leaf, or the leaf alone."""
    return _of_attempt(reader, receipt.attempt) if receipt.attempt else [receipt]
