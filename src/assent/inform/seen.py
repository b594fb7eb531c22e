"""Seen: which text the servers of a session have given, as fingerprints; never the text itself.

What a server says is normalised and cut into blocks of `BLOCK` bytes, each of which
leaves a keyed 64-bit print. What a call would send is normalised alike and looked at in
every position, so a passage of `LONG` characters that both share is always found,
wherever it begins in either: it holds a whole block. Cutting is cheap and is done for
every answer; looking everywhere is not, and is done only for what leaves.
"""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from assent.catalog.detectors.encoded import decoded
from assent.model.ids import SessionId
from assent.ports import Passage, Reader, Store, Transaction

#: Bytes of normalised text that leave one print; a shared passage of 2 * BLOCK - 1 holds a whole block.
BLOCK = 40
#: Characters of normalised text that a call must send to be looked at, and of a passage that is always found.
LONG = 80
#: Bytes of a print.
SIZE = 8
#: Bytes of one output that are cut, and of one call that are looked at; beyond, it counts as what cannot be ruled out.
MOST_CUT, MOST_LOOKED_AT = 4_000_000, 256_000
#: Prints kept of one session, about five million characters; beyond, nothing that is long can be ruled out any more.
MOST_PRINTS = 131_072
#: Prints that a process writes before it counts those of all processes again.
STEP = 4_096
#: Sessions, and recipients within them, that are remembered.
_SESSIONS, _RECIPIENTS = 4_096, 8
#: Says that an output was too long to be cut to its end.
ENDLESS = b"\0"

_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
#: Everything in ASCII but digits and letters.
_DROPPED = bytes(range(48)) + bytes(range(58, 65)) + bytes(range(91, 97)) + bytes(range(123, 128))
#: Escapes that a program puts into text within text, more than once: `\n` in JSON is a line break and no letter.
_ESCAPES = re.compile(r"\\++(?:u([0-9a-fA-F]{4})|[nrtbf\"/])?")
_NO_LETTER = re.compile(r"[\W_]+")


def normal(text: str) -> bytes:
    """Letters and digits alone, without case, accents and spelling of characters (UAX #15, NFKD)."""
    if "\\" in text:
        text = _ESCAPES.sub(_unescaped, text)
    if text.isascii():
        return text.encode().translate(_LOWER, _DROPPED)
    folded = unicodedata.normalize("NFKD", text).casefold()
    return _NO_LETTER.sub("", folded).encode("utf-8", "surrogatepass")


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else ""


def _values(value: object, found: list[str], depth: int = 64) -> None:
    """Every string and number of a JSON value in its order, without names of members, and without pictures."""
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict) and depth:
        if value.get("type") in ("image", "audio"):
            return
        for inner in value.values():
            _values(inner, found, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            _values(inner, found, depth - 1)
    elif isinstance(value, int | float):
        found.append(str(value))


def prints(key: bytes, said: object) -> bytes:
    """The prints of what a server says; `ENDLESS` if it is more than is cut."""
    found: list[str] = []
    _values(said, found)
    if sum(map(len, found)) < LONG:
        return b""
    data = b"".join(map(normal, found)) if len(found) < 64 else normal("\n".join(found))
    if len(data) < LONG:
        return b""
    if len(data) > MOST_CUT:
        return ENDLESS
    keyed = blake2b(digest_size=SIZE, key=key)
    return b"".join(_print(keyed, data[at : at + BLOCK]) for at in range(0, len(data) - BLOCK + 1, BLOCK))


def _print(keyed: blake2b, block: bytes) -> bytes:
    one = keyed.copy()
    one.update(block)
    return one.digest()


def sent(said: object) -> tuple[bytes, ...]:
    """Every stretch of normalised text that a call would send and that is long enough to look at; decoded, too."""
    found: list[str] = []
    _values(said, found)
    text = "\n".join(found)
    names = "\n".join(_names(said))
    texts = (text, names, decoded(text[:1_000_000])) if len(text) + len(names) >= LONG else ()
    return tuple(dict.fromkeys(data for data in map(normal, texts) if len(data) >= LONG))


def _names(value: object, depth: int = 64) -> Iterator[str]:
    """Names of members, which say as much as one likes."""
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            yield name
            yield from _names(inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _names(inner, depth - 1)


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking at a call found; the commit compares it.

    Args:
        carries: it carries text that another server gave, or that cannot be ruled out.
        session: whose text was looked at, with the sessions it follows.
        server: the recipient; what only it gave is no leak to it.
        windows: prints of every position of what would be sent; None if there was nothing to hold them against.
        after: the last passage that was known.
        full: something cannot be ruled out.
    """

    carries: bool
    session: SessionId
    also: tuple[SessionId, ...]
    server: str
    windows: frozenset[bytes] | None
    after: int
    full: bool

    def moved(self, reader: Reader) -> bool:
        """Has text come since that changes the answer?"""
        if self.carries:
            return False
        every = (self.session, *self.also)
        if any(_full(reader, one) for one in every):
            return True
        new = (one for each in every for one in reader.passages(each, self.after) if one.server != self.server)
        return any(self.windows is None or not self.windows.isdisjoint(_split(one.prints)) for one in new)


@dataclass(slots=True)
class _Known:
    """What one recipient must not get, as far as it has been read."""

    prints: set[bytes]
    after: int = 0


class Seen:
    """What the servers of each session have given.

    Args:
        store: where passages are shared by all processes of the home.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: dict[SessionId, tuple[bytes, tuple[SessionId, ...]]] = {}
        self._known: OrderedDict[tuple[SessionId, str], _Known] = OrderedDict()
        self._room: dict[SessionId, int] = {}

    def prints(self, session: SessionId, said: object) -> bytes:
        """The prints of what a server says in this session."""
        if session not in self._keys:
            with self._store.read() as reader:
                self._key(reader, session)
        key, _ = self._keys[session]
        return prints(key, said) if key else ENDLESS

    def put(self, tx: Transaction, session: SessionId, server: str, found: bytes) -> None:
        """Keep prints, visible to all when the transaction is; past the bound, only that there was more."""
        if not found:
            return
        room = self._room.get(session, 0) - len(found) // SIZE
        if found != ENDLESS and room < 0 and not _full(tx, session):
            kept = sum(len(one.prints) for one in tx.passages(session)) // SIZE
            room = min(STEP, MOST_PRINTS - kept - len(found) // SIZE)
        if found == ENDLESS or room < 0:
            if not _full(tx, session):  # asked each time: the transaction that said so may have been dropped
                tx.put_state(_FULL + session, "1")
            return
        self._room[session] = room
        tx.put_passage(Passage(session, server, found))

    def look(self, reader: Reader, session: SessionId, server: str, texts: Iterable[bytes]) -> Looked:
        """Would these texts carry to a server what another one of this session gave?"""
        key, also = self._key(reader, session)
        every = (session, *also)
        full = not key or any(_full(reader, one) for one in every) or sum(map(len, texts)) > MOST_LOOKED_AT
        known = self._read(reader, session, also, server)
        windows = frozenset(_windows(key, texts)) if known.prints and not full else None
        carries = full or (windows is not None and not windows.isdisjoint(known.prints))
        return Looked(carries, session, also, server, windows, known.after, full)

    def _key(self, reader: Reader, session: SessionId) -> tuple[bytes, tuple[SessionId, ...]]:
        known = self._keys.get(session)
        if known is None:
            if len(self._keys) >= _SESSIONS:
                self._keys.clear()
                self._room.clear()
            known = self._keys[session] = _parsed(reader.state(_KEY + session) or "")
        return known

    def _read(self, reader: Reader, session: SessionId, also: tuple[SessionId, ...], server: str) -> _Known:
        """Prints that came from others than this server, with what is new."""
        known = self._known.setdefault((session, server), _Known(set()))
        self._known.move_to_end((session, server))
        while len(self._known) > _RECIPIENTS:
            self._known.popitem(last=False)
        last = known.after
        for one in (one for each in (session, *also) for one in reader.passages(each, last)):
            known.after = max(known.after, one.id)
            if one.server != server:
                known.prints.update(_split(one.prints))
        return known


_KEY, _FULL = "seen:", "seen-full:"


def open_shelf(tx: Transaction, session: SessionId, before: Iterable[SessionId], fresh: bytes) -> None:
    """Give a new session its key; it goes on with that of the sessions before it, and counts what they were given.

    Args:
        before: sessions of the same principal that it follows on.
        fresh: 16 random bytes, the key if it follows none.
    """
    shelves = {one: tx.state(_KEY + one) or "" for one in before}
    keys = {text.partition(" ")[0] for text in shelves.values() if text}
    key = keys.pop() if len(keys) == 1 else fresh.hex()
    also = [one for one in sorted(shelves) if shelves[one].startswith(key)]
    tx.put_state(_KEY + session, " ".join([key, *also]))
    if keys or len(also) < len([text for text in shelves.values() if text]):
        tx.put_state(_FULL + session, "1")  # under another key: it cannot be looked at


def forget(tx: Transaction, keep: Iterable[SessionId]) -> None:
    """Drop the text of sessions that are over and that no open session follows.

    Args:
        keep: sessions that are open or ended a short time ago.
    """
    kept = set(keep)
    followed = {also for one in kept for also in _parsed(tx.state(_KEY + one) or "")[1]}
    for session in tx.passage_sessions():
        if session not in kept | followed:
            tx.drop_passages(session)


def _parsed(text: str) -> tuple[bytes, tuple[SessionId, ...]]:
    key, *also = text.split(" ") if text else [""]
    return bytes.fromhex(key), tuple(map(SessionId, also))


def _full(reader: Reader, session: SessionId) -> bool:
    return bool(reader.state(_FULL + session))


def _split(packed: bytes) -> Iterator[bytes]:
    return (packed[at : at + SIZE] for at in range(0, len(packed), SIZE))


def _windows(key: bytes, texts: Iterable[bytes]) -> Iterator[bytes]:
    """The print of every position."""
    keyed = blake2b(digest_size=SIZE, key=key)
    for data in texts:
        for at in range(len(data) - BLOCK + 1):
            yield _print(keyed, data[at : at + BLOCK])
