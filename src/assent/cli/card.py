"""A question to a person, shown whole; and giving the answer."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import visible, when
from assent.cli.shell import Shell
from assent.errors import ProofError, RequestError
from assent.model.approval import Approval
from assent.model.delegation import Delegation

if TYPE_CHECKING:
    from assent.assembly import Home


def status_of(approval: Approval, now: int) -> str:
    """Its status; a question past its time is `expired` whether or not anybody has noted it."""
    return "expired" if approval.status == "pending" and approval.expires <= now else approval.status


def card_of(approval: Approval) -> dict[str, object]:
    """What is shown of a question: exactly that to which an answer will be bound.

    Raises:
        ProofError: it was changed after it was asked; a yes to it would be a yes to something else.
    """
    from assent_verify.canonical import digest, parse

    card = parse(approval.card.encode()) if digest(approval.card.encode()) == approval.facts else None
    if not isinstance(card, dict):
        text = f"the question {approval.id} is not shown as it was asked"
        raise ProofError(
            "card_changed", text, help="somebody has changed the home; do not answer, and run: assent verify"
        )
    return card


def as_json(approval: Approval, now: int) -> dict[str, object]:
    """The object of `assent approvals --json`."""
    card = card_of(approval)
    first = approval.asked[0] if approval.asked else None
    return {
        "id": approval.id,
        "status": status_of(approval, now),
        "principal": approval.principal,
        "owner": approval.owner,
        "session": approval.session,
        "attempt": approval.attempt,
        "server": approval.server,
        "tool": approval.tool,
        "arguments": card["arguments"],
        "action_digest": approval.action,
        "group": first.group if first else "",
        "policy": first.policy if first else "",
        "asked": [{"policy": a.policy, "group": a.group, "quorum": a.quorum, "self": a.self_} for a in approval.asked],
        "effects": card["effects"],
        "reversibility": card["reversibility"],
        "created_at": when(approval.created),
        "expires_at": when(approval.expires),
        "answers": [{"by": a.by, "verdict": a.verdict, "assurance": a.assurance} for a in approval.answers],
    }


def show(home: Home, approval: Approval) -> None:
    """Print everything a person needs: tool, every argument, why it is asked, what it would do, how to undo."""
    from assent.approve.card import lines
    from assent.approve.delegate import grantable

    card_of(approval)
    now = home.clock.now()
    left = max(0, approval.expires - now) // 1000
    click.echo(click.style(f"Approval {approval.id}", bold=True) + f"  ({status_of(approval, now)})")
    for label, text in lines(approval):
        click.echo(f"  {label:<16} {text}")
    for asked in approval.asked:
        rule = home.rules().bundle.rule(asked.policy)
        reason = rule.says("reason") if rule and rule.digest == asked.digest else ""
        changed = "" if reason or (rule and rule.digest == asked.digest) else "the rule has changed since it asked"
        click.echo(f"  {'why':<16} {visible(reason or changed or asked.policy)}")
    if not grantable(approval):
        click.echo(f"  {'this session':<16} can be granted for these targets: --session")
    click.echo(f"  {'action':<16} {approval.action}")
    click.echo(f"  {'asked until':<16} {when(approval.expires)} ({left // 60} min {left % 60} s left)")


def give(
    shell: Shell,
    id: str,
    said: tuple[Literal["approve", "deny"], str],
    how: tuple[bool, Path | None],
    terms: tuple[bool, int, int] = (False, 0, 0),
) -> int:
    """Show one question whole, ask, unlock the key, sign and record the answer; the exit code.

    Args:
        said: the verdict, and the reason for the record.
        how: `--yes`, and the key file of `--key`.
        terms: `--session`, `--count` and `--expires` in seconds.
    """
    from assent_verify.canonical import digest

    from assent.approve.answer import Said, answer
    from assent.approve.delegate import Terms
    from assent.approve.repeated import proposals
    from assent.model.ids import ApprovalId

    (verdict, reason), (yes, key) = said, how
    with shell.open() as home:
        with home.store.read() as reader:
            approval = reader.approval(ApprovalId(id))
        if approval is None:
            raise RequestError("unknown_approval", f"there is no approval `{id[:64]}`", help="see: assent approvals")
        show(home, approval)
        session = _asked(approval, verdict, terms, yes=yes)
        signer = home.unlock(key, passphrase)
        with home.store.read() as reader:
            by = reader.state(f"key:{digest(signer.public)}") or home.owner
        granted = Terms(*terms[1:]) if session else None
        given = Said(approval.id, type(approval.owner)(by), verdict, home.clock.now(), reason, granted)
        after = answer(home.log, given, signer, home.rules().bundle.members, keep_days=home.config.sidecar_days)
        with home.store.read() as reader:
            made = next((one for one in reader.delegations(after.session) if one.approval == after.id), None)
            repeated = proposals(reader.approvals(), home.rules().bundle, like=after) if verdict == "approve" else []
    for line in [*_after(after), *(_granted(made) if made else ()), *proposed(repeated)]:
        click.echo(line)
    return 0


def _asked(approval: Approval, verdict: str, terms: tuple[bool, int, int], *, yes: bool) -> bool:
    """Ask the person; True if the yes is for the session."""
    from assent.approve.delegate import grantable

    session, count, seconds = terms
    if verdict == "deny":
        confirm("Deny this for the session?", yes=yes)
        return False
    if session:
        # what cannot be granted is refused with its reason where the answer is given
        many = f"this call, and up to {count} more of this session to the same targets within {seconds // 60} min"
        confirm(f"Approve {many}?", yes=yes)
        return True
    if yes or not sys.stdin.isatty() or grantable(approval):
        confirm("Approve exactly this, once?", yes=yes)
        return False
    choice = click.prompt(
        f"Approve it (o)nce, up to {count} more to the same targets this (s)ession, or (n)ot",
        type=click.Choice(["o", "s", "n"]),
        default="n",
        show_choices=False,
    )
    if choice == "n":
        raise RequestError("not_confirmed", "nothing was done, for the answer was no")
    return str(choice) == "s"


def proposed(repeated: Sequence[tuple[int, str]]) -> list[str]:
    """Rules that would let pass what was approved again and again; for a person to paste, never applied here."""
    lines: list[str] = []
    for count, text in repeated:
        lines += ["", f"said yes {count} times to the same tool and targets. To let it pass, write the rule like this,"]
        lines += ["then `assent policy activate`:", ""]
        lines += ["  " + visible(line) for line in text.splitlines()]
    return lines


def _granted(made: Delegation) -> list[str]:
    return [
        f"granted   {made.id}: up to {made.count} more calls of `{visible(made.server)}/{visible(made.tool)}` "
        f"within these targets, this session, until {when(made.expires)}",
        f"          take it back: assent approvals revoke {made.id}",
    ]


def _after(approval: Approval) -> list[str]:
    given = approval.answers[-1]
    words: Mapping[str, str] = {
        "approved": "It runs once, when the agent makes exactly this call (a held call goes on by itself).",
        "denied": "It will not run; the same tool with the same targets is not asked again in this session.",
        "pending": "Other people must answer too before it can run.",
    }
    word = click.style(approval.status, fg={"approved": "green", "denied": "red"}.get(approval.status), bold=True)
    return [f"{word}  by {visible(given.by)} ({given.assurance}), key {given.key}", words.get(approval.status, "")]
