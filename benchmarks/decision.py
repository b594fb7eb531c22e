"""Decision latency from 10 to 100,000 policies: facts in, Decision out.

The policies have varied scopes (one tool, a group of actions and principals,
one principal, a server); the request is one that a constant number of them
can apply to, as in a real home. Every call differs in something a policy reads,
so that Cedar is asked anew each time; `repeated` is the p50 of a call whose
context Cedar has just seen. Prints a table; `--json FILE` writes the same.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from assent_verify.canonical import canonicalize, digest

from assent.catalog.analysis import FACTS, STORE_FACTS, Analysis
from assent.decide.facts import Facts, Link, Snapshot
from assent.decide.pdp import decide
from assent.model.action import Action
from assent.model.ids import AttemptId, Digest, PrincipalId, SessionId
from assent.model.principal import Principal
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy.bundle import Bundle, Source, load

SIZES = (10, 100, 1_000, 10_000, 100_000)
ROUNDS = 4_000
COLUMNS = {
    "policies": "policies",
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "ratio": "× of 10",
    "repeated_p50_us": "repeated",
    "first_us": "first µs",
    "load_s": "load s",
    "memory_mib": "MiB",
}
ALWAYS = """
@id("use") permit (principal, action, resource);
@id("secrets") forbid (principal, action, resource) when { context.facts.secret_path };
@id("ask") @escalate("owner") @self
forbid (principal, action in Action::"rev:irreversible", resource) unless { action in Action::"effect:read" };
@id("roots") @escalate("owner") @self
forbid (principal, action in Action::"effect:write", resource)
unless { context.facts.inside_roots && context.session.calls < 1000000 };
"""


def policies(count: int) -> str:
    """So many policies, four of which apply to every request."""
    made = [ALWAYS]
    for at in range(count - 4):
        scope = (
            f'principal, action in Action::"tool:s{at % 97}/t{at}", resource',
            f'principal in Group::"g{at}", action in Action::"effect:write", resource',
            f'principal == Agent::"local/a{at}", action, resource',
            f'principal, action in Action::"server:s{at % 97}", resource',
        )[at % 4]
        effect = ("permit", "forbid")[at // 4 % 2]
        condition = f"context.session.calls > {1_000_000 + at} && context.facts.analysed"
        made.append(f'@id("p{at}") {effect} ({scope}) when {{ {condition} }};')
    return "\n".join(made)


def entities(count: int) -> str:
    """The groups that policies name."""
    return json.dumps([{"uid": {"type": "Group", "id": f"g{at}"}, "attrs": {}, "parents": []} for at in range(count)])


def call() -> Facts:
    """One reversible write of a tool with a schema, inside its roots."""
    schema = {
        "type": "object",
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}, "mode": {"type": "integer"}},
        "required": ["path", "content"],
    }
    tool = {"name": "write_file", "inputSchema": schema}
    pinned = ToolDefinition("write_file", tool, Digest(digest(canonicalize(tool))))
    agent = Principal("Agent", "local/claude", PrincipalId('User::"local/ana"'), ("g5",))
    arguments = {"path": "/srv/project/notes.md", "content": "a line of text\n" * 20, "mode": 420}
    params = {"name": "write_file", "arguments": arguments}
    action = Action(agent.id, (), SessionId("ses_1"), "fs", "tools/call", "write_file", pinned.digest, params)
    known = dict.fromkeys((*FACTS, *STORE_FACTS), False) | {"analysed": True, "roots_known": True, "inside_roots": True}
    effects = frozenset({"write"})
    return Facts(
        action=action,
        attempt=AttemptId("att_1"),
        chain=(Link(agent),),
        profile=ToolProfile("write_file", effects, reversibility="reversible", inferred=False),
        server=Server("fs", zone="local"),
        definition=pinned,
        analysis=Analysis(effects, "reversible", known, {"paths": ("/srv/project/notes.md",)}),
        session=Snapshot(frozenset({"untrusted"}), 3),
        time=1_795_521_600_000,
    )


def measure(count: int, rounds: int) -> dict[str, Any]:
    """Load this many policies and decide; times in microseconds, memory in MiB."""
    text, groups = policies(count), entities(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    bundle = load([Source("bench.cedar", text)], entities=groups)
    loaded = time.perf_counter() - started
    facts = call()
    started = time.perf_counter()
    decide(bundle, facts)
    cold = time.perf_counter() - started
    fresh = timed(bundle, [replace(facts, session=replace(facts.session, calls=at)) for at in range(rounds)])
    again = timed(bundle, [facts] * rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "policies": count,
        "p50_us": round(fresh[rounds // 2], 1),
        "p99_us": round(fresh[rounds * 99 // 100], 1),
        "repeated_p50_us": round(again[rounds // 2], 1),
        "first_us": round(cold * 1e6),
        "load_s": round(loaded, 3),
        "memory_mib": round((peak - before) / (1024 if sys.platform == "linux" else 1024 * 1024), 1),
    }


def timed(bundle: Bundle, calls: list[Facts]) -> list[float]:
    """Microseconds of each decision, ascending.

    The canonical form of the action is there already: the guard needs it to name the action.
    """
    times = []
    for facts in calls:
        begun = time.perf_counter_ns()
        decision = decide(bundle, facts)
        times.append((time.perf_counter_ns() - begun) / 1000)
        if decision.verdict != "allow":
            raise SystemExit(f"expected `allow`, got {decision}")
    return sorted(times)


def main() -> None:
    """Measure every size in a process of its own, so that memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="also write the results here")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.rounds)))
        return
    rounds = options.rounds // 10 if options.quick else options.rounds
    rows = []
    print(" ".join(f"{title:>9}" for title in COLUMNS.values()))
    for size in SIZES:
        command = [sys.executable, __file__, "--one", str(size), "--rounds", str(rounds)]
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rows.append({**row, "ratio": round(row["p50_us"] / (rows[0] if rows else row)["p50_us"], 2)})
        print(" ".join(f"{rows[-1][name]:>9,}" for name in COLUMNS), flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"benchmark": "decision", "python": platform.python_version(), "rows": rows}, out, indent=2)


if __name__ == "__main__":
    main()
