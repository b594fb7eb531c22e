"""Records that live in a table each: how they become rows, and by what they are found.

A new kind is a frozen dataclass, an entry here, and its statements in `sql/`: `get_NAME`,
`all_NAME`, `put_NAME`, `drop_NAME`, and `NAME_by_FIELD` for each way it is found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any, TypeVar

from assent.model.credential import Credential
from assent.model.grant import Grant, Limits
from assent.model.permit import Minted
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.revocation import Revocation
from assent.ports import Once, Outgoing, Spent

R = TypeVar("R")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Args:
        name: of the table and in its statements.
        key: fields of the key, in order.
        by: fields that records are found by: equal to a value.
        before: the field that records are found by if it is below a value; empty for none.
        row: record → row, in the order of the columns; by default its fields.
        record: row → record; by default of its fields.
    """

    name: str
    key: tuple[str, ...]
    row: Callable[[Any], Row] = astuple
    record: Callable[[Row], Any] | None = None
    by: tuple[str, ...] = ()
    before: str = ""

    def key_of(self, record: object) -> tuple[str, ...]:
        """The key of a record."""
        return tuple(getattr(record, name) for name in self.key)

    def fits(self, record: object, by: str, value: Any) -> bool:
        """Is it one of those that `find_all` gives?

        Raises:
            KeyError: records of this kind are not found by that.
        """
        if not by:
            return True
        if by == self.before:
            return bool(getattr(record, by) < value)
        if by not in self.by:
            raise KeyError(by)
        return bool(getattr(record, by) == value)


def record(kind: type[R], row: Row) -> R:
    """The record of a kind that a row holds."""
    made = TABLES[kind].record
    found: R = made(row) if made else kind(*row)
    return found


def _enrolled_row(one: Enrolled) -> Row:
    return (one.id, one.owner, json.dumps(asdict(one.principal)), one.created, one.last_used)


def _enrolled(row: Row) -> Enrolled:
    told = json.loads(row[2])
    return Enrolled(row[0], row[1], Principal(**{**told, "groups": tuple(told["groups"])}), row[3], row[4])


def _grant_row(one: Grant) -> Row:
    return (
        *(one.id, one.parent, one.issuer, one.subject, json.dumps(asdict(one.limits)), one.not_before, one.expires),
        *(one.digest, one.token, one.key, one.session, one.task, one.created, one.status),
    )


def _grant(row: Row) -> Grant:
    told = json.loads(row[4])
    lists = {name: tuple(told[name]) for name in ("actions", "servers") if told[name] is not None}
    targets = {kind: tuple(patterns) for kind, patterns in told["targets"].items()}
    limits = Limits(**{**told, **lists, "targets": targets})
    return Grant(*(*row[:4], limits, *row[5:]))


def _minted_row(one: Minted) -> Row:
    whole = astuple(one)
    return (*whole[:5], json.dumps(one.chain), *whole[6:10], int(one.own), one.state)


def _minted(row: Row) -> Minted:
    return Minted(*(*row[:5], tuple(json.loads(row[5])), *row[6:10], bool(row[10]), row[11]))


def _credential_row(one: Credential) -> Row:
    whole = astuple(one)
    return (*whole[:3], json.dumps(one.principals), *whole[4:])


def _credential(row: Row) -> Credential:
    return Credential(*(*row[:3], tuple(json.loads(row[3])), *row[4:]))


#: Kind → table.
TABLES: Mapping[type, Table] = {
    Enrolled: Table("principal", ("id",), _enrolled_row, _enrolled, by=("owner",)),
    Authenticator: Table("authenticator", ("id",), by=("principal",)),
    Grant: Table("granted", ("id",), _grant_row, _grant, by=("parent", "subject", "issuer", "session")),
    Revocation: Table("revoked", ("kind", "id"), by=("kind",)),
    Minted: Table("minted", ("id",), _minted_row, _minted, by=("session", "principal", "audience"), before="expires"),
    Credential: Table("credential", ("name",), _credential_row, _credential, by=("server",)),
    Spent: Table("spent", ("owner", "measure"), by=("owner",)),
    Once: Table("once", ("id",), before="expires"),
    Outgoing: Table("outgoing", ("id",), before="due"),
}
