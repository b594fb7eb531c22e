"""The access review: what somebody who answers for identities and rights has to look at, in words.

It reads the home and changes nothing. What was used is read from the receipts: the
allowed decisions of so many days.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assent.identity import names
from assent.model.grant import Grant
from assent.model.ids import LeafIndex, PrincipalId
from assent.model.principal import Authenticator, Enrolled
from assent.model.session import Session
from assent.ports import Reader
from assent.record.leaves import rfc3339

DAYS = 90
_DAY_MS = 86_400_000
#: Effects that a delegation should not give without saying at what.
_WEIGHTY = frozenset({"effect:delete", "effect:execute", "effect:grant", "effect:pay", "effect:unknown"})
_ALLOWED, _DECISION = b'"verdict":"allow"', b'"kind":"decision"'


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing to look at: about whom, a stable code, and a sentence."""

    principal: str
    code: str
    text: str


@dataclass(slots=True)
class Used:
    """What one principal was allowed to do in the time looked at."""

    effects: set[str] = field(default_factory=set)
    servers: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)


def review(reader: Reader, now: int, days: int = DAYS) -> list[Concern]:
    """Everything to look at, principal by principal in the order of their ids.

    Args:
        now: milliseconds since the epoch.
        days: how long something may go unused, and how far back receipts are read.
    """
    rows = {row.id: row for row in reader.find_all(Enrolled)}
    keys, grants, open_ = _by(reader, now)
    used = usage(reader, now - days * _DAY_MS)
    found: list[Concern] = []
    for id, row in sorted(rows.items()):
        told = [
            *_owned(row, rows),
            *_proven(row, keys[id], reader),
            *_shared(row, open_[id]),
            *_idle(row, now, days),
            *_granted(row, grants[id], used.get(id, Used()), (now, days)),
        ]
        found += [Concern(id, code, text) for code, text in told]
    return found


def usage(reader: Reader, since: int) -> dict[PrincipalId, Used]:
    """What each principal was allowed since a time (ms), as receipts have it that do not lie in an archive alone."""
    used: dict[PrincipalId, Used] = defaultdict(Used)
    for _, data in reader.leaves(_first(reader, rfc3339(since))):
        if _ALLOWED in data and _DECISION in data:
            leaf = json.loads(data)
            one, server = used[PrincipalId(leaf["principal"])], leaf["action"]["server"]
            one.effects.update(f"effect:{effect}" for effect in leaf["effects"])
            one.servers.add(server)
            one.tools.add(f"{server}/{leaf['action']['tool']}")
    return used


def _first(reader: Reader, since: str) -> int:
    """The first leaf of this time or later; times of leaves only rise, save a signed one's by a little."""
    low, high = 0, reader.size()
    while low < high:
        middle = (low + high) // 2
        leaf = reader.leaf(LeafIndex(middle))
        if leaf is None or json.loads(leaf)["time"] < since:  # None: sealed away, so it is old
            low = middle + 1
        else:
            high = middle
    return low


_Told = Iterator[tuple[str, str]]


def _by(
    reader: Reader, now: int
) -> tuple[
    Mapping[PrincipalId, list[Authenticator]], Mapping[PrincipalId, list[Grant]], Mapping[PrincipalId, list[Session]]
]:
    """Ways to prove, live delegations and open sessions of each."""
    keys: dict[PrincipalId, list[Authenticator]] = defaultdict(list)
    grants: dict[PrincipalId, list[Grant]] = defaultdict(list)
    sessions: dict[PrincipalId, list[Session]] = defaultdict(list)
    for key in reader.find_all(Authenticator):
        if key.status == "active":
            keys[key.principal].append(key)
    for grant in reader.find_all(Grant):
        if grant.status == "live" and grant.expires > now:
            grants[grant.subject].append(grant)
    for session in reader.sessions(open_only=True):
        if not session.over(now):
            sessions[session.principal].append(session)
    return keys, grants, sessions


def _owned(row: Enrolled, rows: Mapping[PrincipalId, Enrolled]) -> _Told:
    if row.principal.kind == "User":
        return
    owner = rows.get(PrincipalId(row.owner))
    if not row.owner or owner is None:
        yield "ownerless", f"nobody who is enrolled answers for it ({row.owner or 'no owner'})"
    elif owner.principal.status != "active":
        yield "owner_disabled", f"its owner `{row.owner}` is disabled"


def _proven(row: Enrolled, keys: Sequence[Authenticator], reader: Reader) -> _Told:
    if not keys and row.principal.kind != "User":
        local = row.principal.name.startswith("local/")
        text = "any program of this user that gives its name acts as it" if local else "nothing proves who it is"
        yield "no_proof", f"{text}: give it a key with `assent principals rotate`"
    if len(keys) > 1:
        yield "many_proofs", f"{len(keys)} keys or tokens prove it: each running thing needs an identity of its own"
    if near := names.differs_in_case(reader, row.id):
        yield "looks_alike", f"its name differs from `{near}` in case alone"


def _shared(row: Enrolled, open_: Sequence[Session]) -> _Told:
    if len({session.client for session in open_}) > 1:
        yield "shared", f"{len(open_)} sessions of different programs are open as it: {_few(s.id for s in open_)}"


def _idle(row: Enrolled, now: int, days: int) -> _Told:
    if row.principal.status != "active" or row.principal.kind == "User":
        return
    last = row.last_used or row.created
    if now - last > days * _DAY_MS:
        yield "unused", f"{'last used' if row.last_used else 'never used, enrolled'} {rfc3339(last)[:10]}: disable it"


def _granted(row: Enrolled, grants: Sequence[Grant], used: Used, when: tuple[int, int]) -> _Told:
    now, days = when
    if grants and row.principal.status != "active":
        yield "left_over", f"it is disabled and still holds {_few(grant.id for grant in grants)}"
    for grant in grants:
        limits = grant.limits
        if grant.expires - now > days * _DAY_MS:
            yield "standing", f"{grant.id} holds until {rfc3339(grant.expires)[:10]}: give it for a task"
        elif now - grant.created > days * _DAY_MS:
            yield "standing", f"{grant.id} was given {rfc3339(grant.created)[:10]} and still holds"
        if limits.actions is None:
            yield "over_broad", f"{grant.id} lets it do anything" + ("" if limits.servers else " at any server")
        elif weighty := _WEIGHTY & {*limits.actions} if not (limits.servers or limits.targets) else ():
            yield "over_broad", f"{grant.id} gives {_few(sorted(weighty))} at any server and any target"
        if idle := _unused(grant, used):
            yield "unused_rights", f"{grant.id} gives {_few(idle)}, not used in {days} days"


def _unused(grant: Grant, used: Used) -> list[str]:
    """What of a delegation is told by effect, server or tool and was not used."""
    known = {"effect": used.effects, "server": {f"server:{name}" for name in used.servers}}
    known["tool"] = {f"tool:{name}" for name in used.tools}
    given = [*(grant.limits.actions or ()), *(f"server:{name}" for name in grant.limits.servers or ())]
    return sorted({one for one in given if one not in known.get(one.partition(":")[0], {one})})


def _few(words: Iterable[str], most: int = 4) -> str:
    listed = list(words)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
