"""What a chain of delegation costs: per further link, and among a million delegations.

`decide`: facts in, Decision out, under a chain of 1, 3 and 8 links, each with limits and a
condition of its own; every call differs in something that a policy reads. `governed`: whole
actions of 50 agents in turn, through the real guard, store and log, in a home with 100 principals
and as many delegations, and in one with 100,000 and 1,000,000.

    python -m benchmarks.chain [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from assent import assembly
from assent.config import load as settings
from assent.decide.facts import Facts, Link
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId
from assent.model.principal import Enrolled, Principal
from assent.policy.bundle import Source, load
from assent.policy.condition import parse
from assent.ports import Transaction
from benchmarks.decision import call, entities, policies, timed
from benchmarks.governed import one_action

LINKS = (1, 3, 8)
SIZES = ((100, 100), (100_000, 1_000_000))
BATCH = 20_000
#: Agents whose calls are made in turn.
AGENTS = 50
OWNER = PrincipalId('User::"local/ana"')
FAR = 4_000_000_000_000


def limits(depth: int) -> Limits:
    """Limits in every dimension, a condition included."""
    condition = parse(f"context.session.calls < {10_000_000 + depth} && context.facts.analysed")
    groups = ("effect:read", "effect:write")
    servers = ("bench", "fs")
    return Limits(groups, servers, {}, condition.text, condition.tree, 1_000_000_000, depth)


def chain(actor: Principal, links: int, of: str = "", first: int = 0) -> tuple[Link, ...]:
    """From a person to the actor over so many delegations, the names of which begin there."""
    between = [Principal("Agent", f"bench/link{of}-{at}", OWNER, actor.groups) for at in range(1, links)]
    people = [Principal("User", "local/ana", None), *between, actor]
    found = [Link(people[0], "delegator", 0)]
    for at, (above, below) in enumerate(pairwise(people), first + 1):
        parent = name(at - 1) if at > first + 1 else ""
        bounds, digest = limits(first + links - at), Digest("sha256:" + "0" * 64)
        grant = Grant(name(at), parent, above.id, below.id, bounds, 0, FAR, digest)
        last = at == first + links
        found.append(Link(below, "actor" if last else "delegator", at - first, grant))
    return tuple(found)


def name(number: int) -> DelegationId:
    """An id of the right form."""
    return DelegationId("dlg_" + f"{number:025d}".translate(str.maketrans("0123456789", "abcdefghij")) + "a")


def decisions(rounds: int) -> list[dict[str, Any]]:
    """Median decision under each length of chain, µs, and what a further link adds."""
    bundle = load([Source("bench.cedar", policies(100))], entities=entities(100))
    rows: list[dict[str, Any]] = []
    for links in (0, *LINKS):
        facts = call()
        facts = replace(facts, chain=chain(facts.actor, links)) if links else facts
        timed(bundle, [facts] * 3)
        fresh = timed(bundle, [with_calls(facts, at) for at in range(rounds)])
        row = {"links": links, "p50_us": round(fresh[rounds // 2], 1), "p99_us": round(fresh[rounds * 99 // 100], 1)}
        before = rows[-1] if rows else row
        more = (row["p50_us"] - before["p50_us"]) / max(1, links - before["links"])
        rows.append({**row, "further_us": round(more, 1)})
        print(f"{links:>6} links  p50 {row['p50_us']:>7} µs  p99 {row['p99_us']:>7} µs  per further {more:>6.1f} µs")
    return rows


def with_calls(facts: Facts, calls: int) -> Facts:
    """The same call after so many others."""
    return replace(facts, session=replace(facts.session, calls=calls))


def fill(home: assembly.Home, principals: int, delegations: int) -> None:
    """So many of each, as if they had been enrolled and issued."""
    bounds = limits(3)

    def some(first: int, last: int) -> None:
        def job(tx: Transaction) -> None:
            for at in range(first, last):
                if at < principals:
                    who = Principal("Agent", f"fleet/a{at}", OWNER)
                    tx.put(Enrolled(who.id, OWNER, who, 1))
                if at < delegations:
                    subject = PrincipalId(f'Agent::"fleet/a{at % principals}"')
                    tx.put(Grant(name(10_000_000 + at), "", OWNER, subject, bounds, 0, FAR, Digest("sha256:1")))

        home.log.submit(job, durable=True).result()

    for first in range(0, max(principals, delegations), BATCH):
        some(first, min(first + BATCH, max(principals, delegations)))


async def opened(home: assembly.Home, number: int, links: int) -> SessionId:
    """A session of an agent of its own, under a chain of principals of its own."""
    principal = home.principal(f"bench-{links}-{number}")
    session = await home.sessions.join(principal, f"bench:{os.getpid()}:{links}:{number}", home.process)
    made = chain(principal, links, f"{links}-{number}", 100 * (1_000 * links + number))

    def job(tx: Transaction) -> None:
        for link in made:
            if link.grant is not None:
                tx.put(link.grant)
                tx.put(Enrolled(link.principal.id, OWNER, link.principal, 1))
        known = tx.session(session.id) or session
        under = tuple(link.grant.id for link in made if link.grant is not None)
        tx.put_session(replace(known, chain=under, version=known.version + 1))

    home.log.submit(job, durable=True).result()
    return session.id


async def governed(home: assembly.Home, links: int, rounds: int) -> list[float]:
    """Milliseconds of each whole action, by one agent after the other, ascending."""
    sessions = [await opened(home, number, links) for number in range(AGENTS)]
    took = []
    for at in range(rounds + AGENTS):
        begun = time.perf_counter()
        await one_action(home, sessions[at % AGENTS], at)
        took.append((time.perf_counter() - begun) * 1000)
    return sorted(took[AGENTS:])


def home_with(folder: str, principals: int, delegations: int, rounds: int) -> list[dict[str, Any]]:
    """Whole actions in a home of this size."""
    rows = []
    with assembly.open_home(settings(Path(folder) / f"home-{principals}", {})) as home:
        fill(home, principals, delegations)
        for links in LINKS:
            took = asyncio.run(governed(home, links, rounds))
            row = {"principals": principals, "delegations": delegations, "links": links}
            row |= {"p50_ms": round(took[rounds // 2], 3), "p99_ms": round(took[rounds * 99 // 100], 3)}
            rows.append(row)
            print(
                f"{principals:>9,} principals {delegations:>9,} delegations {links:>2} links  "
                f"p50 {row['p50_ms']:.3f} ms  p99 {row['p99_ms']:.3f} ms",
                flush=True,
            )
    return rows


def main() -> None:
    """Print both tables; `--json FILE` writes the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and a tenth of the large home")
    options = parser.parse_args()
    rounds = 400 if options.quick else 4_000
    decided = decisions(rounds)
    large = (SIZES[1][0] // 10, SIZES[1][1] // 10) if options.quick else SIZES[1]
    with tempfile.TemporaryDirectory(prefix="assent-bench-") as folder:
        whole = [row for size in (SIZES[0], large) for row in home_with(folder, *size, rounds // 4)]
    small = {row["links"]: row["p50_ms"] for row in whole if row["principals"] == SIZES[0][0]}
    ratio = max(row["p50_ms"] / small[row["links"]] for row in whole)
    print(f"the large home takes at most {ratio:.2f} × the small one")
    if options.json:
        told = {"benchmark": "chain", "decided": decided, "governed": whole, "ratio": round(ratio, 2)}
        Path(options.json).write_text(json.dumps(told, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
