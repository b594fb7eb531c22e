"""Analysers read the arguments of one call: effects, targets, facts. They never raise, and only add.

An effect is taken away only where the profile names the analyser authoritative for it
and the parse was complete (DESIGN §4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assent.catalog.analysers import guard, path
from assent.catalog.analysers.readers import DECIDING
from assent.catalog.analysers.secrets import carries_secret, strings
from assent.catalog.analysis import Analysis
from assent.catalog.infer import sent
from assent.catalog.observation import READ_FACTS, Observed, Reading, SeenPath
from assent.model.action import Action, Referent
from assent.model.profile import REVERSIBILITY, Reversibility, Server, ToolProfile

#: Effects that make a text something that is run or carried away.
ACTIVE = frozenset({"execute", "unknown", "send", "grant"})
_COMMANDS = frozenset({"command", "code"})
#: Uses of a file that leave it as it is.
_UNCHANGED = frozenset({"list", "read", "run"})


def analyse(profile: ToolProfile, action: Action, observed: Observed, server: Server) -> Analysis:
    """What one call would do.

    Args:
        profile: of the tool.
        action: the call, without referents.
        observed: what `inform.observe` looked up for it.
        server: where it would go.
    """
    declared = [seen for seen in observed.paths if seen.declared]
    named = list(observed.paths) if profile.inferred else declared  # nobody knows what such a tool reads as a path
    secrets = _secret_arguments(action) | observed.secrets
    effects, reversibility, notes = _effects(profile, action, observed)
    reads = effects <= {"read"}
    changed = [seen for seen in declared if seen.use not in _UNCHANGED] if not reads else declared
    wanted = tuple(dict.fromkeys(seen.resolved for seen in declared if seen.wanted)) if not reads else ()
    kept = all(seen.kept for seen in declared if seen.wanted)
    by_prior = any(found.by_prior for found in observed.readings.values())
    if reads:
        reversibility = "reversible"
    elif (wanted or by_prior) and not (kept and wanted):
        reversibility = "irreversible"
        notes.append("the bytes from before cannot be kept")
    referents = (*_referents(declared), *observed.refs) if effects & ACTIVE else ()
    outside = [seen for seen in changed if not path.inside(seen.resolved, server.roots)]
    told = frozenset[str]().union(*(found.facts for found in observed.readings.values()))
    if any(
        profile.targets.get(seen.argument) == "url" and not path.inside(seen.resolved, server.roots)
        for seen in declared
    ):
        told |= {"private_host"}  # a URL of a file reaches this machine, as one of its addresses does
    return Analysis(
        effects=effects,
        reversibility=reversibility,
        facts={
            **{fact: fact in told for fact in READ_FACTS},
            "analysed": all(found.complete for found in observed.readings.values()),
            "inside_roots": not outside,
            "may_have_happened": False,
            "not_pinned": any(referent.digest is None for referent in referents),
            "prior_kept": bool(wanted) and kept,
            "private_path": any(seen.private for seen in named),
            "reaches_assent": _reaches(profile, action, observed, effects),
            "refused_by_person": False,
            "roots_known": server.roots_known or (not profile.inferred and not declared),
            "runs_by_itself": not reads and any(path.runs_by_itself(each) for each in _names(changed)),
            "secret_in_arguments": bool(secrets),
            "secret_path": any(path.secret(each) for each in (*_names(named), *_in_revisions(profile, action))),
            "session_text_in_arguments": False,
            "trusted_chain": False,
        },
        targets=_targets(observed),
        referents=referents,
        wanted=wanted if kept else (),
        notes=tuple(dict.fromkeys(note for note in notes if note)),
        secret_arguments=secrets,
        secret_names=frozenset(name for name in secrets if carries_secret(name)),
    )


def _effects(
    profile: ToolProfile, action: Action, observed: Observed
) -> tuple[frozenset[str], Reversibility, list[str]]:
    """Profile and readings together, and what the arguments add to them."""
    effects, reversibility, notes = _of_readings(profile, observed)
    if _option_for_ref(profile, action):
        effects, reversibility = effects | {"unknown"}, "irreversible"
        notes.append("a name begins with `-` and would be read as an option")
    if profile.inferred and (more := sent(action.arguments)):
        effects = (effects | more) - {"read"}
    return effects, reversibility, notes


def said(profile: ToolProfile, readings: Mapping[str, Reading]) -> frozenset[str]:
    """Effects of profile and readings together; a reading may only take away what its analyser is trusted with."""
    if not readings:
        return profile.effects
    deciding = [one for one in readings.values() if one.analyser in DECIDING & {*profile.analysers}]
    trusted = profile.authoritative if deciding and all(one.complete for one in deciding) else frozenset()
    found = (profile.effects - trusted).union(*(one.effects for one in readings.values()))
    return found - {"read"} or found


def _of_readings(profile: ToolProfile, observed: Observed) -> tuple[frozenset[str], Reversibility, list[str]]:
    """Effects, the worst reversibility, and what is said to a person."""
    readings = list(observed.readings.values())
    deciding = any(one.analyser in DECIDING & {*profile.analysers} for one in readings)
    every = [one.reversibility for one in readings] + ([] if deciding else [profile.reversibility])
    worst = max(every, key=REVERSIBILITY.index)
    return said(profile, observed.readings), worst, [one.note for one in readings]


def _option_for_ref(profile: ToolProfile, action: Action) -> bool:
    """Is an option smuggled in where a revision, branch or host belongs (`--output=…`)?"""
    named = [name for name, kind in profile.targets.items() if kind in ("ref", "host")]
    return any(text.lstrip().startswith("-") for name in named for text in strings(action.arguments.get(name)))


def _in_revisions(profile: ToolProfile, action: Action) -> list[str]:
    """Files named within a revision (gitrevisions(7): `HEAD:.env`)."""
    named = [name for name, kind in profile.targets.items() if kind == "ref"]
    return [text.partition(":")[2] for name in named for text in strings(action.arguments.get(name)) if ":" in text]


def _secret_arguments(action: Action) -> frozenset[str]:
    """Arguments that hold a secret in name or value, and what else of the params does (answers to a server)."""
    return frozenset(
        name for name, value in said_by(action).items() if any(carries_secret(text) for text in strings({name: value}))
    )


def said_by(action: Action) -> Mapping[str, object]:
    """All that goes to the server: the arguments, and members of the params beside them."""
    if action.method != "tools/call":
        return action.params
    beside = {name: value for name, value in action.params.items() if name not in ("name", "arguments")}
    return (
        {**beside, **action.arguments}
        if beside.keys().isdisjoint(action.arguments)
        else {**action.arguments, "": beside}
    )


def _names(paths: list[SeenPath]) -> list[str]:
    """A path as the call spells it and as it resolves: either may tell."""
    return [text for seen in paths for text in (seen.resolved, seen.text) if text]


def _referents(paths: list[SeenPath]) -> tuple[Referent, ...]:
    pinned = [seen for seen in paths if seen.use in ("", "run", "send")]
    files = {seen.resolved: seen.digest for seen in pinned if seen.kind in ("file", "unreadable")}
    folders = {seen.resolved: seen.digest for seen in pinned if seen.use and seen.kind == "directory"}
    found = [("file", *each) for each in files.items()] + [("directory", *each) for each in folders.items()]
    return tuple(Referent(kind, name, digest) for kind, name, digest in sorted(found, key=lambda one: one[:2]))


def _reaches(profile: ToolProfile, action: Action, observed: Observed, effects: frozenset[str]) -> bool:
    guarded = observed.guarded
    if guard.reaches(observed.paths, guarded) or guard.holds(
        (p for p in observed.paths if p.declared and p.use != "list"), guarded
    ):
        return True
    if any(guard.runs_assent(found.programs) for found in observed.readings.values()):
        return True
    texts: list[str] = []
    for name, value in action.arguments.items():
        # what is run, asked or carried away; text that is only stored may speak of Assent
        if effects & ACTIVE or profile.targets.get(name) in _COMMANDS | {"url"}:
            texts += strings(value)
        elif profile.inferred and guard.names((text for text in strings(value) if "\n" not in text), guarded):
            return True  # nobody knows whether this tool takes options or lists apart
    return bool(texts) and (guard.runs_assent(texts) or guard.mentions(texts, guarded))


def _targets(observed: Observed) -> dict[str, tuple[str, ...]]:
    readings = observed.readings.values()
    paths = {seen.resolved or seen.text for seen in observed.paths if seen.declared}
    return {
        "hosts": _named(found.hosts for found in readings),
        "paths": tuple(sorted(paths)),
        "programs": _named(found.programs for found in readings),
        "recipient_domains": _named(found.recipients for found in readings),
        "tables": _named(found.tables for found in readings),
    }


def _named(each: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for names in each for name in names}))
