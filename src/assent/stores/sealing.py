"""Sealing of rows: which key each session's clear values are under, and their change to another key.

`value_key` names the key in force of each session in the same transaction as the rows
under it, so that no process seals under a key that another one has given up.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assent.model.approval import Approval
from assent.model.delegation import Delegation
from assent.model.ids import LeafIndex, SessionId
from assent.ports import Kept, Prior, Sidecar
from assent.stores.packed import pack, unpack
from assent.stores.vault import PLAIN, Vault

_TEXT = "sealed:"
_SALT = 16


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens what a row holds; None means erased."""

    vault: Vault

    def sidecar(self, index: int, session: str, body: bytes, expires: int) -> Sidecar | None:
        """A row of `sidecar`."""
        if body.startswith(PLAIN):  # from before there were keys
            cut = len(PLAIN) + 2 * _SALT
            salt, values = bytes.fromhex(body[len(PLAIN) : cut].decode()), body[cut:]
        else:
            opened = self.vault.open(body, f"sidecar {index}")
            if opened is None:
                return None
            salt, values = opened[:_SALT], opened[_SALT:]
        text = unpack(values).decode("utf-8", "replace")  # damaged: opens no commitment
        return Sidecar(LeafIndex(index), salt, text, expires, SessionId(session))

    def card(self, id: str, card: str, salt: bytes) -> tuple[str, bytes] | None:
        """Card and salt of an approval or delegation."""
        if not card.startswith(_TEXT):
            return card, salt
        try:
            opened = self.vault.open(base64.b64decode(card[len(_TEXT) :], validate=True), f"card {id}")
        except binascii.Error:
            return None
        if opened is None:
            return None
        cut = 1 + opened[0]
        return opened[cut:].decode(), opened[1:cut]

    def kept(self, kept: Kept) -> bytes | None:
        """The result of a sealed row of `kept`."""
        return self.vault.open(kept.result, f"kept {kept.attempt}")

    def prior(self, prior: Prior) -> Prior | None:
        """A sealed row of `prior`."""
        if prior.content is None:
            return prior
        content = self.vault.open(prior.content, f"prior {prior.attempt} {prior.path}")
        return None if content is None else replace(prior, content=content)


class Sealing:
    """Seals what one writer stores.

    Args:
        vault: where the keys are.
        connection: the writer's (`sqlite3` or `psycopg`), inside its transaction whenever this is used.
        queries: the statements, by name.
    """

    def __init__(self, vault: Vault, connection: Any, queries: Mapping[str, str]) -> None:
        self.vault = vault
        self._connection = connection
        self._queries = queries
        self._keys: dict[str, str] = {}

    def forget(self) -> None:
        """Somebody else has written, or the last batch was lost."""
        self._keys.clear()

    def _key(self, session: str) -> str:
        found = self._keys.get(session)
        if found is None:
            row = self._connection.execute(self._queries["value_key"], (session,)).fetchone()
            found = row[0] if row else self.vault.make()
            if row is None:
                self._connection.execute(self._queries["put_value_key"], (found, session))
            if len(self._keys) >= 4_096:
                self._keys.clear()
            self._keys[session] = found
        return found

    def _seal(self, session: str, data: bytes, bound: str) -> bytes:
        return self.vault.seal(self._key(session), data, bound)

    def sidecar(self, row: Sidecar) -> tuple[object, ...]:
        """Columns of `put_sidecar`."""
        body = self._seal(row.session, row.salt + pack(row.values.encode()), f"sidecar {row.index}")
        return row.index, row.session, body, row.expires

    def kept(self, row: Kept) -> tuple[object, ...]:
        """Columns of `put_kept`."""
        return row.session, row.action, row.attempt, self._seal(row.session, row.result, f"kept {row.attempt}")

    def prior(self, row: Prior) -> tuple[object, ...]:
        """Columns of `put_prior`."""
        content = row.content
        if content is not None:
            content = self._seal(row.session, content, f"prior {row.attempt} {row.path}")
        return row.attempt, row.path, content, row.receipt, row.session

    def approval(self, row: Approval) -> Approval:
        """The same with a sealed card."""
        return replace(row, card=self._card(row.session, row.id, row.card, row.salt), salt=b"")

    def delegation(self, row: Delegation) -> Delegation:
        """The same with a sealed card."""
        return replace(row, card=self._card(row.session, row.id, row.card, row.salt), salt=b"")

    def _card(self, session: str, id: str, card: str, salt: bytes) -> str:
        if not card and not salt:
            return ""  # erased
        sealed = self._seal(session, bytes([len(salt)]) + salt + card.encode(), f"card {id}")
        return _TEXT + base64.b64encode(sealed).decode()

    # -- another key

    def renew(self, session: SessionId) -> None:
        """Put what is still kept of a session under a new key, and give the old one up.

        What cannot be opened is dropped: it is erased already. The old key is destroyed
        by `finish`, once this has been committed.
        """
        execute, queries = self._connection.execute, self._queries
        opening = Opening(self.vault)
        sidecars = execute(queries["sidecars_of"], (session,)).fetchall()
        cards = {
            table: execute(queries[f"cards_of_{table}"], (session,)).fetchall() for table in ("approval", "delegation")
        }
        kept = execute(queries["kept_of"], (session,)).fetchall()
        priors = execute(queries["priors_of"], (session,)).fetchall()
        execute(queries["give_up_keys"], (session,))
        self._keys.pop(session, None)
        self._again("sidecar", ((row[0], opening.sidecar(*row)) for row in sidecars))
        for attempt, action, result, sealed in kept:
            old = Kept(session, action, attempt, result)
            clear = opening.kept(old) if sealed else result
            if clear is not None:
                execute(queries["put_kept"], self.kept(replace(old, result=clear)))
        for attempt, path, content, receipt, sealed in priors:
            prior = Prior(attempt, path, content, receipt, session)
            clear_prior = opening.prior(prior) if sealed else prior
            if clear_prior is None:
                execute(queries["drop_prior"], (attempt, path))
            else:
                execute(queries["put_prior"], self.prior(clear_prior))
        for table, rows in cards.items():
            for id, card, salt in rows:
                found = opening.card(id, card, salt) or ("", b"")
                execute(queries[f"put_card_{table}"], (self._card(session, id, *found), id))

    def _again(self, table: str, rows: Iterable[tuple[int, Sidecar | None]]) -> None:
        for index, row in rows:
            if row is None:
                self._connection.execute(self._queries[f"drop_{table}"], (index,))
            else:
                self._connection.execute(self._queries[f"put_{table}"], self.sidecar(row))

    def given_up(self) -> Sequence[str]:
        """Keys that are to be destroyed."""
        return [row[0] for row in self._connection.execute(self._queries["dead_keys"])]

    def finish(self) -> bool:
        """Destroy the keys that were given up, outside a transaction; False if there were none.

        Raises:
            UnavailableError: one cannot be destroyed; the next start tries again.
            sqlite3.Error, psycopg.Error: the database says no.
        """
        dead = self.given_up()
        for id in dead:
            self.vault.destroy(id)
        for id in dead:
            self._connection.execute(self._queries["drop_value_key"], (id,))
        return bool(dead)

    def tidy(self) -> None:
        """Take away keys of processes that died before anything was committed under them."""
        known = {row[0] for row in self._connection.execute(self._queries["all_value_keys"])}
        for id in self.vault.orphans(known, time.time()):
            self.vault.destroy(id)
