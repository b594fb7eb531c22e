"""The story of one action: who, what, on whose behalf, which rule, which context, who approved, what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from assent.cli.ledger import Receipt, tool_of, values_of
from assent.cli.output import quoted, verdict_word, visible, when
from assent.cli.reasons import in_words
from assent.decide.recorded import flat
from assent.errors import PolicyError
from assent.model.grant import Grant
from assent.model.ids import Digest
from assent.policy.bundle import Bundle, from_archive
from assent.ports import Reader

_ERASED = "erased, or never kept in the clear"


def tell(reader: Reader, found: Sequence[Receipt]) -> Iterator[str]:
    """The lines of a story, for a person."""
    for at, receipt in enumerate(found):
        if at:
            yield ""
        word = receipt.text("verdict") or receipt.text("status") or receipt.text("event")
        title = click.style(f"Receipt {receipt.index}", bold=True)
        yield f"{title}  {receipt.kind} {verdict_word(word)}  {receipt.text('time')}"
        for label, text in [*_rows(reader, receipt), *_place(receipt)]:
            yield f"  {label:<11} {text}".rstrip()
    yield from _end(reader, found)


def _end(reader: Reader, found: Sequence[Receipt]) -> Iterator[str]:
    """What came of it, where no outcome says so."""
    kinds = [(receipt.kind, receipt.text("verdict")) for receipt in found]
    if not any(kind == "decision" for kind, _ in kinds) or any(kind == "outcome" for kind, _ in kinds):
        return
    if ("decision", "allow") in kinds:
        yield "\nIt was allowed, and no outcome has been recorded: it is under way, or may have happened."
        return
    yield "\nNothing was executed."
    for approval in reader.approvals():
        if approval.attempt == found[0].attempt:
            yield f"The question {approval.id} is {approval.status}, to be answered until {when(approval.expires)}."


def _rows(reader: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    kinds = {"decision": _decision, "approval": _approval, "outcome": _outcome}
    yield from kinds.get(receipt.kind, _other)(reader, receipt)


def _place(receipt: Receipt) -> Iterator[tuple[str, str]]:
    if receipt.session:
        yield "session", receipt.session
    if receipt.attempt:
        yield "attempt", receipt.attempt
    yield "leaf", receipt.hash


def _decision(reader: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    values = values_of(reader, receipt)
    if values is None:
        yield "values", gone(reader, receipt)
    yield "who", visible(receipt.text("principal"))
    yield from _under(reader, receipt)
    yield "for", visible(receipt.text("owner"))
    what = visible(f"{receipt.text('action', 'server')} / {tool_of(reader, receipt)}")
    yield "what", f"{what}  ({', '.join(receipt.texts('effects'))}; {receipt.text('reversibility')})"
    yield from _arguments(values)
    yield from _why(reader, receipt)
    yield from _context(values)
    if receipt.leaf.get("inferred"):
        yield "profile", "inferred: nobody has reviewed what this tool does"
    if receipt.leaf.get("mode") == "observe":
        yield "mode", _observed(reader, receipt)
    elif receipt.leaf["decided"] != receipt.leaf["verdict"]:
        yield "made strict", f"decided {receipt.text('decided')}; the commit checks made it {receipt.text('verdict')}"
    for approval in receipt.texts("approvals"):
        yield "lifted by", approval
    if receipt.text("delegation"):
        yield "granted by", f"{receipt.text('delegation')}, for this session"
    if receipt.text("permit"):
        yield "permit", f"{receipt.text('permit')}, to start before {receipt.text('expires')}"
    yield "policies", receipt.text("versions", "bundle")


def _under(reader: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    """The delegations that a call was made under, root first."""
    chain = receipt.leaf.get("chain")
    for at, id in enumerate(chain if isinstance(chain, list) else ()):
        grant = reader.find(Grant, str(id))
        told = f"{id}  {grant.issuer} → {grant.subject}" if grant else str(id)
        yield "" if at else "under", visible(told)


def gone(reader: Reader, receipt: Receipt) -> str:
    """Why a leaf has no clear values any more."""
    from assent.admin.erase import redacted

    found = redacted(reader, [receipt.index]).get(receipt.index)
    if found is None:
        return "expired: their time is over; what the leaf commits to stays provable"
    time, by, reason = found
    return f"erased on {time} by {visible(by)} ({reason}); what the leaf commits to stays provable"


def _observed(reader: Reader, receipt: Receipt) -> str:
    """What policy would have done with a decision that was made while it was observed only."""
    decided = receipt.text("decided")
    if decided == receipt.text("verdict"):
        return "observing; policy says the same"
    bundle = bundle_of(reader, receipt.text("versions", "bundle"))
    rules = [id for id, _ in policies_of(receipt) if not (bundle and (r := bundle.rule(id)) and r.effect == "permit")]
    by = f" by {visible(', '.join(rules))}" if rules else f" ({', '.join(receipt.texts('reasons'))})"
    return f"allowed because observing; would have been: {decided}{by}"


def _arguments(values: Mapping[str, object] | None) -> Iterator[tuple[str, str]]:
    arguments = (values or {}).get("arguments")
    if not isinstance(arguments, dict):
        named = "withheld" in (values or {})
        yield "arguments", "withheld: the name of one holds a secret" if named else _ERASED
        return
    for name, value in sorted(arguments.items()):
        yield f"  {visible(name)}", quoted(value)
    withheld = (values or {}).get("withheld")
    for name in withheld if isinstance(withheld, list) else []:
        yield f"  {visible(str(name))}", "withheld: a secret is never kept in the clear"


def _why(reader: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    bundle = bundle_of(reader, receipt.text("versions", "bundle"))
    for code in dict.fromkeys(receipt.texts("reasons")):
        yield "reason", in_words(code)
    for id, digest in policies_of(receipt):
        rule = bundle.rule(id) if bundle else None
        if rule is None or rule.digest != digest:
            yield "rule", f"{visible(id)}  (text not in the archive)"
            continue
        yield "rule", visible(id)
        for line in rule.text.splitlines():
            yield "", "  " + visible(line)


def policies_of(receipt: Receipt) -> list[tuple[str, str]]:
    """Id and text digest of the policies that determined a decision."""
    listed = receipt.leaf.get("policies")
    return [(str(one["id"]), str(one["digest"])) for one in listed] if isinstance(listed, list) else []


def bundle_of(reader: Reader, digest: str) -> Bundle | None:
    archive = reader.archived(Digest(digest)) if digest else None
    try:
        return from_archive(archive) if archive else None
    except PolicyError:
        return None  # a damaged archive: the story is told without the rule's text


def _context(values: Mapping[str, object] | None) -> Iterator[tuple[str, str]]:
    facts = (values or {}).get("facts")
    if not isinstance(facts, dict):
        yield "context", _ERASED
        return
    known: dict[str, Any] = flat(facts)
    server, session, analysis = known["server"], known["session"], known["analysis"]
    yield "context", f"zone {server['zone']}, call {session['calls']} of the session"
    yield "", "session has seen: " + (visible(", ".join(session["labels"])) or "nothing labelled")
    true = sorted(name for name, value in analysis["facts"].items() if value is True)
    yield "", "facts: " + (", ".join(true) or "none")
    for kind, targets in sorted(analysis["targets"].items()):
        if targets:
            yield "", f"{kind}: " + visible(", ".join(str(one) for one in targets))
    for note in analysis["notes"]:
        yield "note", visible(str(note))


def _approval(reader: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    yield "by", f"{visible(receipt.text('by'))}  ({receipt.text('assurance')})"
    yield "key", receipt.text("key")
    reason = (values_of(reader, receipt) or {}).get("reason")
    if reason:
        yield "because", quoted(reason)
    statement = receipt.leaf.get("statement")
    asked = statement.get("asked") if isinstance(statement, dict) else None
    for one in asked if isinstance(asked, list) else []:
        yield "answers", f"{visible(str(one['policy']))}, asked of {visible(str(one['group']))}"
    yield "approval", receipt.text("approval")


def _outcome(reader: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    words = {
        "succeeded": "it happened, and the server answered",
        "failed": "it failed",
        "unknown": "it may have happened: nobody can say",
    }
    yield "outcome", words.get(receipt.text("status"), receipt.text("status"))
    yield "says", f"the {receipt.text('attested')}" + (f" ({receipt.text('detail')})" if receipt.text("detail") else "")
    if receipt.texts("labels"):
        yield "brought in", visible(", ".join(receipt.texts("labels")))
    if receipt.text("response"):
        yield "response", str((values_of(reader, receipt) or {}).get("response", _ERASED))


def _other(_: Reader, receipt: Receipt) -> Iterator[tuple[str, str]]:
    told = ("principal", "owner", "labels", "inherits", "reason", "subject", "assurance", "key")
    for name in told:
        value = receipt.leaf.get(name)
        if isinstance(value, dict):
            yield from ((f"  {visible(key)}", visible(str(item))) for key, item in value.items())
        elif value:
            yield name, visible(value if isinstance(value, str) else json.dumps(value))


def as_json_story(reader: Reader, found: Sequence[Receipt]) -> list[dict[str, object]]:
    """The leaves with what opens them and the text of their rules."""
    told = []
    for receipt in found:
        bundle = bundle_of(reader, receipt.text("versions", "bundle")) if receipt.kind == "decision" else None
        rules = {id: rule for id, _ in policies_of(receipt) if bundle and (rule := bundle.rule(id))}
        told.append(
            {
                "index": receipt.index,
                "leaf_hash": receipt.hash,
                "leaf": receipt.leaf,
                "values": values_of(reader, receipt),
                "rules": {id: rule.text for id, rule in rules.items()},
            }
        )
    return told
