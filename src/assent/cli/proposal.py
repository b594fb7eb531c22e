"""A proposed profile as TOML: what the operator can save under the home's `catalog/` after reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assent.catalog.infer import Confidence
from assent.cli.output import visible
from assent.model.profile import Server, ToolDefinition, ToolProfile


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one tool.

    Args:
        definition: as the server lists it.
        profile: inferred, or the reviewed one that applies already.
        confidence: how sure the inference is; `reviewed` if a person has looked.
        why: the reason for that confidence.
    """

    definition: ToolDefinition
    profile: ToolProfile
    confidence: Confidence
    why: str


def as_toml(server: Server, proposals: Sequence[Proposal], left_out: Mapping[str, str]) -> str:
    """The file, each line with its reason; `catalog.book.read` takes it as it is."""
    lines = [
        f"# Proposed by `assent catalog scan` for {_comment(server.package or server.name)} {_comment(server.version)}",
        "# from what its tools are called and how they are described. Nobody has looked at what they do:",
        "# correct each line, save it as catalog/NAME.toml in the home, then run `assent policy activate`.",
        "",
        "[server]",
        f"name = {_text(server.name)}",
    ]
    lines += [f"# left out: {_comment(one)} {why}" for one, why in left_out.items()]
    for proposal in proposals:
        lines += ["", *_tool(proposal)]
    return "\n".join(lines) + "\n"


def _tool(proposal: Proposal) -> Iterator[str]:
    profile = proposal.profile
    if not profile.inferred:
        # written here it would go before the reviewed one, and say less
        yield f"# {_comment(profile.tool)}: {_comment(proposal.why)}: {', '.join(sorted(profile.effects))}"
        return
    yield f"[tools.{_text(profile.tool)}]"
    yield f"# confidence: {proposal.confidence}: {_comment(proposal.why)}"
    for vote in profile.votes:
        yield f"# because: {_comment(vote)}"
    yield f"digests = [{_text(proposal.definition.digest)}]"
    yield f"effects = {_list(sorted(profile.effects))}"
    if profile.domains:
        yield f"domains = {_list(sorted(profile.domains))}  # words of the name"
    undone = "it only looks" if profile.reversibility == "reversible" else "nobody has said how it is undone"
    yield f"reversibility = {_text(profile.reversibility)}  # {undone}"
    if profile.targets:
        named = ", ".join(f"{_text(argument)} = {_text(kind)}" for argument, kind in sorted(profile.targets.items()))
        yield f"targets = {{ {named} }}  # names and formats of the arguments"
    if profile.analysers:
        yield f"analysers = {_list(profile.analysers)}  # what reads these arguments at each call"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(_text(one) for one in values)}]"


def _text(value: str) -> str:
    """A basic string (TOML 1.0, String): whatever does not print is escaped, so that it is seen."""
    return '"' + "".join(_character(one) for one in value) + '"'


def _character(one: str) -> str:
    if one in '"\\':
        return "\\" + one
    return one if visible(one) == one else f"\\U{ord(one):08x}"


def _comment(text: str) -> str:
    """One line of a comment; a server's words cannot end it."""
    return visible(text)[:400]
