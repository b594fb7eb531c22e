"""Checkpoints taken to witnesses, and their cosignatures kept beside the log's signature (c2sp.org/tlog-witness).

Each witness is asked alone and in parallel: one that is dead delays nobody. What comes
back is verified before it is kept, and an answer that shows a larger tree than this
home has says that the home was put back from an older copy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial

from assent_verify.checkpoint import Checkpoint
from assent_verify.cosignature import WitnessKey
from assent_verify.note import MAX_NOTE, Note, Signature, encode_base64
from assent_verify.policy import Policy

from assent.errors import ProofError
from assent.ports import Clock, Reader, Store, Transaction
from assent.record import leaves, tiles, vouched
from assent.record.log import Log
from assent.record.vouched import POLICY

#: State key of what is known of one witness, after its vkey.
STANDING = "witness:"
#: State key that keeps the duty to one process: who, until when, and how often it changed hands.
LEASE = "witness_lease"
#: State key that bars every decision (`admin.rollback`).
ROLLED_BACK = "rolled_back"
LEASE_MS = 20_000
#: Milliseconds after which a witness that failed is asked again: first, and at most.
RETRY, LONGEST_RETRY = 2_000, 300_000
#: Milliseconds without a leaf after which one is written, so that silence is proved (docs/decisions/008).
HEARTBEAT_MS = 600_000

#: Asks a witness: address and body to status and answer.
Ask = Callable[[str, bytes], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one witness: times in milliseconds since the epoch.

    Args:
        size: the tree it last cosigned, 0 if none.
        time: when it came.
        error: why it did not answer last, or empty.
        failures: how often in a row.
        again: not asked before this time.
    """

    size: int = 0
    time: int = 0
    error: str = ""
    failures: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one witness said: its cosignature line, or what is wrong; `lost` says that this home is not what it was."""

    standing: Standing
    line: str = ""
    lost: str = ""


def policy(reader: Reader) -> Policy | None:
    """The policy of witnesses in force; None if there is none."""
    text = reader.state(POLICY)
    return Policy.parse(text.encode()) if text else None


def standing(reader: Reader, key: WitnessKey) -> Standing:
    """What is known of a witness."""
    return Standing(**json.loads(reader.state(f"{STANDING}{key}") or "{}"))


def round(store: Store, log: Log, clock: Clock, ask: Ask, longest: int = LONGEST_RETRY) -> bool:
    """Take the newest checkpoint to every witness that is due; was there anything to do?

    One process at a time does so. Blocks for as long as the slowest witness is given.

    Args:
        longest: milliseconds after which a witness that failed is asked again, at most.

    Raises:
        UnavailableError: the store cannot be read or written.
    """
    with store.read() as reader:
        now, wanted = clock.now(), policy(reader)  # most homes have none, and each process asks every second
        newest = reader.newest_checkpoint() if wanted else None
        if wanted is None or newest is None:
            return False
        known = {key: standing(reader, key) for key in wanted.witnesses.values()}
        latest = max((one.time for one in known.values() if one.size == newest[0]), default=0)
        quiet = reader.size() == newest[0] and 0 < latest < now - HEARTBEAT_MS
    due = [key for key, one in known.items() if one.size < newest[0] and one.again <= now and str(key) in wanted.urls]
    if not (due or quiet) or (fence := log.submit(lambda tx: take(tx, log.node, now), durable=False).result()) is None:
        return False
    if quiet and not due:
        draft = leaves.system(log.node, now, "checkpoint", {"heartbeat": "nothing happened"})
        log.submit(lambda tx: leaves.append(tx, draft, None), durable=True).result()
        return True
    with ThreadPoolExecutor(len(due)) as pool:
        asking = {pool.submit(_ask, store, ask, wanted.urls[str(key)], key, known[key], newest): key for key in due}
        for answer in as_completed(asking):  # each is kept as it comes: a slow witness delays nobody
            one = _timed({asking[answer]: answer.result()}, clock.now(), longest)
            log.submit(partial(_keep, fence=fence, size=newest[0], answers=one), durable=True).result()
    return True


def take(tx: Transaction, node: str, now: int) -> int | None:
    """The fencing number of the lease, taken or kept; None while another process has it."""
    held = json.loads(tx.state(LEASE) or '{"node":"","until":0,"fence":0}')
    if held["node"] != node and held["until"] > now:
        return None
    fence = held["fence"] + (held["node"] != node)
    tx.put_state(LEASE, json.dumps({"node": node, "until": now + LEASE_MS, "fence": fence}))
    return int(fence)


def _ask(store: Store, ask: Ask, url: str, key: WitnessKey, known: Standing, newest: tuple[int, bytes]) -> Answer:
    """Submit once, and once more from the size that a witness says it has."""
    size, note = newest
    old = known.size
    try:
        status, found = ask(url, _body(store, old, size, note))
        if status == 409:
            said = found.removesuffix(b"\n")
            if not (said.isdigit() and len(said) < 20):
                raise ProofError("bad_witness", "its 409 names no size")
            if int(said) > size:
                return _lost(known, key, f"has seen {int(said)} leaves, and there are {size}")
            old = int(said)
            status, found = ask(url, _body(store, old, size, note))
        if status == 422 or (status == 409 and old == size):
            return _lost(known, key, f"has seen another history of the first {old} leaves")
        if status != 200:
            raise ProofError("bad_witness", f"it answered {status}")
        line, time = _line(found, Note.parse(note), key)
    except ProofError as error:
        return Answer(replace(known, error=error.message))
    return Answer(Standing(size, time * 1000), line)


def _lost(known: Standing, key: WitnessKey, what: str) -> Answer:
    """The witness remembers what this home does not: nothing may be allowed until a person has looked."""
    return Answer(replace(known, error=what), lost=f"the witness `{key.name}` {what}")


def _body(store: Store, old: int, size: int, note: bytes) -> bytes:
    with store.read() as reader:
        proof = tiles.tree(reader, size).consistency(old, size) if 0 < old < size else []
    lines = "".join(f"{encode_base64(hash)}\n" for hash in proof)
    parsed = Note.parse(note)
    return f"old {old}\n{lines}\n".encode() + bytes(replace(parsed, signatures=_own(parsed)))


def _own(note: Note) -> tuple[Signature, ...]:
    """The log's signatures alone: what other witnesses said is not this one's business."""
    origin = Checkpoint.parse(note.text).origin
    return tuple(line for line in note.signatures if line.name == origin)


def _line(found: bytes, note: Note, key: WitnessKey) -> tuple[str, int]:
    """The cosignature of this witness among what it answered, verified; lines of other keys are ignored."""
    if len(found) > MAX_NOTE:
        raise ProofError("bad_witness", "its answer is too large")
    for line in Note.parse(f"{note.text}\n".encode() + found).signatures:
        if (line.name, line.id) == (key.name, key.id):
            return str(line), key.time(note.text, line.raw)
    raise ProofError("bad_witness", "its answer holds no cosignature of its key")


def _timed(answers: dict[WitnessKey, Answer], now: int, longest: int) -> dict[WitnessKey, Answer]:
    """With our time, for theirs says nothing here; and when a witness that failed is asked again, later each time."""
    timed = {}
    for key, answer in answers.items():
        if not answer.line:
            failures = answer.standing.failures + 1
            again = now + min(longest, RETRY * 2 ** min(failures - 1, 10))
            answer = replace(answer, standing=replace(answer.standing, failures=failures, again=again))
        else:  # a witness that dates wrongly must neither keep the heartbeat from us nor make us write one a second
            answer = replace(answer, standing=replace(answer.standing, time=now))
        timed[key] = answer
    return timed


def _keep(tx: Transaction, fence: int, size: int, answers: dict[WitnessKey, Answer]) -> None:
    """Keep what came back, if nobody else has taken over meanwhile."""
    if json.loads(tx.state(LEASE) or '{"fence":-1}')["fence"] != fence:
        return
    newest = tx.newest_checkpoint()
    lines: Sequence[str] = [answer.line for answer in answers.values() if answer.line]
    if lines and newest is not None:
        note = newest[1] if newest[0] == size else dict(tx.checkpoints())[size]
        note += "".join(f"{line}\n" for line in lines).encode()
        tx.cosign_checkpoint(size, note)
        vouched.keep(tx, size, note)
    for key, answer in answers.items():
        tx.put_state(f"{STANDING}{key}", json.dumps(asdict(answer.standing)))
        if answer.lost:
            tx.put_state(ROLLED_BACK, answer.lost)
