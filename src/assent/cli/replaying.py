"""Replaying a log or a file in one process or several: each takes stripes of it, and tallies add up."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import BinaryIO

from assent_verify.bundle import Export

from assent.errors import AssentError, ConfigError, ProofError, UnavailableError
from assent.evidence.recorded import STRIPE, BundleEvidence, Evidence, FileEvidence, LogEvidence, Wanted, is_bundle
from assent.evidence.replay import Replayer
from assent.evidence.tally import Changes, Tally
from assent.evidence.whatif import WhatIf
from assent.policy import cedar
from assent.policy.bundle import Bundle, Source, from_archive, load

#: More processes than this are not worth their start; fewer leaves than this are not worth a second one.
MOST_JOBS, ENOUGH = 8, 4 * STRIPE
#: Decisions between two words about how far it is.
_EVERY = 512
_START = 64
_SQLITE = b"SQLite format 3\0"
Found = Tally | Changes
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be replayed.

    Args:
        place: a home, a log database or an export file.
        policies: the other policies, for what would have changed; None to replay as it was.
        entities: their entities; None for those of the bundle in force.
        archives: where leaves lie that were sealed.
    """

    place: Path
    wanted: Wanted
    policies: tuple[Source, ...] | None = None
    entities: str | None = None
    archives: tuple[str, ...] = ()


@contextmanager
def evidence(place: Path, archives: Sequence[str] = ()) -> Iterator[Evidence]:
    """The decisions of a home, a log database or an export.

    Args:
        archives: where leaves lie that were sealed.

    Raises:
        ConfigError: it is none of the three.
        UnavailableError: it cannot be read; `leaves_archived`: what was sealed would be passed over.
    """
    start = b"" if place.is_dir() else _head(place)
    if place.is_dir() or start.startswith(_SQLITE):
        from assent.assembly import open_place, read_log
        from assent.record.archive import filled

        places = [open_place(one) for one in archives]
        with read_log(place) as reader:
            yield LogEvidence(filled(reader, places))
        return
    try:
        open = partial(_open, place)
        found: Evidence = BundleEvidence(open) if is_bundle(start) else FileEvidence(Export(open))
    except ProofError as error:
        text = f"`{place}` is no home, log database, export or bundle: {error.message}"
        raise ConfigError("not_a_log", text) from error
    yield found


def _head(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(_START)


def _open(place: Path) -> BinaryIO:
    return place.open("rb")


def run(job: Job, jobs: int, tell: Tell) -> Found:
    """Replay, in as many processes as are worth it.

    Args:
        jobs: how many processes at most.
        tell: is told now and then how many decisions are done.

    Raises:
        AssentError: the place cannot be read, or the policies cannot be put in force.
    """
    with evidence(job.place, job.archives) as found:
        start, stop = job.wanted.start, found.size if job.wanted.stop is None else min(job.wanted.stop, found.size)
        job = replace(job, wanted=replace(job.wanted, stop=stop))
        many = min(jobs, MOST_JOBS, max(1, (stop - start) // ENOUGH))
        if many == 1:
            return _sum(job, _part(job, found), tell)
        if job.policies is not None:
            _other(job, found)  # what is wrong with them is said once
    return _several(job, many, tell)


def _part(job: Job, found: Evidence) -> Iterator[Found]:
    """Tallies of what is wanted, a new one now and then, so that somebody can say how far it is."""
    replayer = Replayer(found.archived, cedar.engine())
    whatif = WhatIf(replayer, _other(job, found)) if job.policies is not None else None
    tally, changes = Tally(), Changes()
    for one in found.decisions(job.wanted):
        if whatif is not None:
            changes.take(whatif.judge(one))
        else:
            tally.take(replayer.judge(one))
        if tally.decisions + changes.decisions == _EVERY:
            yield changes if whatif else tally
            tally, changes = Tally(), Changes()
    yield changes if whatif else tally


def _other(job: Job, found: Evidence) -> Bundle:
    """The other policies, loaded with the entities that they are to have."""
    entities = job.entities
    if entities is None:
        archive = found.archived(found.in_force())
        entities = from_archive(archive).entities if archive else ""
    return load(job.policies or (), entities=entities)


def _sum(job: Job, parts: Iterator[Found], tell: Tell) -> Found:
    whole: Found = Tally() if job.policies is None else Changes()
    for part in parts:
        whole.add(part)  # type: ignore[arg-type]
        tell(whole.decisions)
    return whole


def _several(job: Job, many: int, tell: Tell) -> Found:
    """One process a stripe; started anew, so that none inherits an open database."""
    context = multiprocessing.get_context("spawn")
    ends, running = [], []
    try:
        for number in range(many):
            ours, theirs = context.Pipe(duplex=False)
            part = replace(job, wanted=replace(job.wanted, stripe=(number, many)))
            process = context.Process(target=_work, args=(part, theirs), daemon=True)
            process.start()
            theirs.close()
            ends.append(ours)
            running.append(process)
        return _sum(job, _received(ends), tell)
    finally:
        for process in running:
            process.terminate()
            process.join()


def _received(ends: list[Connection]) -> Iterator[Found]:
    left = {id(end): end for end in ends}
    while left:
        for ready in wait(list(left.values())):
            part = _next(left[id(ready)])
            if part is None:
                del left[id(ready)]
            elif isinstance(part, AssentError):
                raise part
            else:
                yield part


def _next(end: Connection) -> Found | AssentError | None:
    try:
        part: Found | tuple[str, str] | None = end.recv()
    except EOFError as error:
        raise UnavailableError("replay_stopped", "a process that replays has ended", help="try again") from error
    return UnavailableError(*part) if isinstance(part, tuple) else part


def _work(job: Job, end: Connection) -> None:
    """One process: sends tallies, then None; or the code and text of an error."""
    try:
        with evidence(job.place, job.archives) as found:
            for part in _part(job, found):
                end.send(part)
        end.send(None)
    except (AssentError, ProofError) as error:
        end.send((error.code, error.message))


def cores() -> int:
    """How many processes there can be at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
