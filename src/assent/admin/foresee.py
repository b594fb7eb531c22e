"""What policies will come to that loaded without an error: names nobody has, tools they make unavailable.

A rule may name a tool before its server was ever started, so none of this is an
error. But a misspelt name matches nothing, silently, and somebody should say so.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from assent.catalog.book import Profiles
from assent.decide.exact import decode
from assent.model.ids import PrincipalId
from assent.model.principal import Principal
from assent.model.profile import EFFECTS, Server, ToolDefinition
from assent.policy.bundle import Bundle
from assent.policy.rule import Rule
from assent.policy.schema import TOOL_CALL
from assent.policy.slices import Case, Unavailable
from assent.ports import Pin, Reader

_OWNER = "owner"
#: Somebody, to build slices for: what is looked for does not depend on who.
_SOMEBODY = Principal("Agent", "local/somebody", PrincipalId('User::"local/somebody"'))


def foresee(reader: Reader, bundle: Bundle, profiles: Profiles) -> list[str]:
    """Lines for the operator, most telling first; empty if there is nothing to say."""
    pins = reader.pins()
    tools = {(pin.server, pin.tool) for pin in pins}
    notes = [note for rule in bundle.rules() for note in _of_rule(rule, bundle, tools)]
    notes += [note for pin in pins for note in _of_tool(reader, bundle, profiles, pin)]
    return [*dict.fromkeys(notes), *contested(reader, profiles), *bundle.notes()]


def contested(reader: Reader, profiles: Profiles) -> list[str]:
    """Tools that several profiles name, as far as the files and the tools seen tell; the most serious of each holds."""
    notes = [*profiles.contested()]
    for pin in reader.pins():
        books = profiles.find(_server(reader, pin.server), _definition(pin)).books
        if len({(book.package, book.name) for book in books}) > 1:  # the others are told of by the files alone
            files = " and ".join(book.source for book in books)
            notes.append(f"{files} both name `{pin.server}/{pin.tool}`: the more serious of each is taken")
    return notes


def _server(reader: Reader, name: str) -> Server:
    text = reader.state(f"about:{name}")
    return decode(Server, json.loads(text)) if text else Server(name)


def _definition(pin: Pin) -> ToolDefinition:
    return ToolDefinition(pin.tool, json.loads(pin.definition), pin.digest)


def _of_rule(rule: Rule, bundle: Bundle, tools: set[tuple[str, str]]) -> Iterator[str]:
    if rule.group and rule.group != _OWNER and bundle.members(rule.group) is None:
        yield (
            f"`{rule.id}` asks the group `{rule.group}`, which is not in entities.json: "
            "nobody can answer, so the calls it stops are deferred"
        )
    named = [uid[1] for uid in (*rule.action.uids, *rule.entities) if uid[0] == "Action"]
    for name in dict.fromkeys(named):
        yield from _of_name(rule, name, tools)


def _of_name(rule: Rule, name: str, tools: set[tuple[str, str]]) -> Iterator[str]:
    kind, _, rest = name.partition(":")
    if kind not in ("tool", "method", "server"):
        return
    server, _, tool = rest.partition("/")
    servers = sorted({known for known, _ in tools})
    if server not in servers:
        yield f"`{rule.id}` names the server `{server}`, which has not been seen{_meant(server, servers)}"
        return
    tool = unquote(tool.partition("#")[0])
    known = sorted(known for owner, known in tools if owner == server)
    if kind == "tool" and tool not in known:
        yield f"`{rule.id}` names `{server}/{tool}`, a tool that has not been seen{_meant(tool, known)}"


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.4)
    return f"; did you mean `{close[0]}`?" if close else ": until it is, the rule matches nothing"


def _of_tool(reader: Reader, bundle: Bundle, profiles: Profiles, pin: Pin) -> Iterator[str]:
    """Does any rule not fit this tool's schema? Then every call that rule can apply to is denied."""
    server, definition = _server(reader, pin.server), _definition(pin)
    profile = profiles.profile_of(server, definition)
    shape = bundle.shape(server, TOOL_CALL, pin.tool, profile, definition)
    if isinstance(shape, Unavailable):
        yield f"`{pin.server}/{pin.tool}` is unavailable: {shape.why}"
        return
    for effect in EFFECTS if profile.analysers else sorted(profile.effects):
        cut = bundle.slice(Case(_SOMEBODY, server, profile, effect, profile.reversibility), shape)
        if isinstance(cut, Unavailable):
            yield f"`{pin.server}/{pin.tool}` is unavailable: {cut.why}"
