"""`assent replay`: decide recorded decisions again, by the policies of then or by others."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.output import columns, print_json, verdict_word, visible
from assent.cli.shell import ARCHIVE_OPTION, JSON_OPTION, Shell, with_shell

if TYPE_CHECKING:
    from assent.cli.replaying import Found, Job, Tell
    from assent.evidence.recorded import Wanted
    from assent.evidence.tally import Changes, Kind, Tally

_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d{1,3})?)?)?Z?)?")
_RANGE = re.compile(r"([0-9]{1,15})(?:(\.\.)([0-9]{1,15})?)?")
_NAMED = re.compile(r"att_[a-z2-7]{26}|sha256:[0-9a-f]{64}")
_SHOWN = 10  # differences and names that a person reads; JSON has all that are kept


@click.command("replay")
@click.argument("what", metavar="[PLACE] [RECEIPT]", nargs=-1)
@click.option("--session", metavar="ID", default="", help="Only decisions of this session.")
@click.option("--since", metavar="TIME", default="", help="Only from this time on: 2026-11-24, or with T08:30:00Z.")
@click.option("--until", metavar="TIME", default="", help="Only before this time.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="What would these have decided, in the place of all that are in force? A file or directory; repeatable.",
)
@click.option("--jobs", type=click.IntRange(1, 8), metavar="N", help="Processes (default: one a core, for long logs).")
@ARCHIVE_OPTION
@JSON_OPTION
@with_shell
def command(
    shell: Shell,
    what: Sequence[str],
    policies: Sequence[Path],
    jobs: int | None,
    archives: Sequence[str],
    as_json: bool,
    **chosen: str,
) -> int:
    """Make recorded decisions again from their receipts, and say which do not come out as recorded.

    PLACE is a home, a log database, an export or a bundle (default: this home). RECEIPT is an
    index, a range FIRST..LAST, a leaf hash or an attempt (default: all). With
    --policy nothing is compared: it says which decisions would have been others. A rule to
    be added is given beside the home's `policy` directory; alone it would permit nothing.
    Exit code 4 if a decision does not come out as recorded.
    """
    from dataclasses import replace

    from assent.cli.replaying import Job, cores, run

    place, wanted = _meant(what)
    since, until = (_time(chosen[name], f"--{name}") for name in ("since", "until"))
    wanted = replace(wanted, session=_session(chosen["session"]), since=since, until=until)
    job = Job(place or shell.config().home, wanted, archives=tuple(archives))
    if policies:
        job = _with_policies(job, policies)
    found = run(job, jobs or cores(), _teller())
    if as_json:
        print_json(found.as_json())
    else:
        for line in told(found):
            click.echo(line)
    return 4 if getattr(found, "replayed", None) is False else 0


def _with_policies(job: Job, places: Sequence[Path]) -> Job:
    from dataclasses import replace

    from assent.admin.texts import given

    sources, entities = given(places)
    return replace(job, policies=sources, entities=entities)


def _meant(what: Sequence[str]) -> tuple[Path | None, Wanted]:
    """The place and the receipts that the arguments name."""
    from assent.evidence.recorded import Wanted

    places = [Path(word) for word in what if not (_RANGE.fullmatch(word) or _NAMED.fullmatch(word))]
    named = [word for word in what if Path(word) not in places]
    if len(places) > 1 or len(named) > 1:
        raise click.UsageError("at most one place and one receipt or range can be given")
    if places and not places[0].exists():
        text = f"`{visible(str(places[0]))}` is no place that is there, no index, range, leaf hash or attempt"
        raise click.UsageError(text)
    place = places[0] if places else None
    if not named:
        return place, Wanted()
    if named[0].startswith("att_"):
        return place, Wanted(attempt=named[0])
    if named[0].startswith("sha256:"):
        return place, Wanted(hash=named[0])
    first, dots, last = _RANGE.fullmatch(named[0]).groups()  # type: ignore[union-attr]
    stop = int(last) + 1 if last else None if dots else int(first) + 1
    return place, Wanted(int(first), stop)


def _time(text: str, option: str) -> str:
    """As leaves begin their time; the beginning of a time stands for all that follows."""
    if text and not _TIME.fullmatch(text):
        raise click.BadParameter("expected a UTC time like 2026-11-24 or 2026-11-24T08:30:00Z", param_hint=option)
    return text.removesuffix("Z")


def _session(text: str) -> str:
    if text and not re.fullmatch(r"ses_[a-z2-7]{26}", text):
        raise click.BadParameter("expected an id `ses_…`", param_hint="--session")
    return text


def _teller() -> Tell:
    """Says how far it is, on a terminal only."""

    def tell(done: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"{done:,} decisions\r", err=True, nl=False)

    return tell


def told(found: Found) -> Iterator[str]:
    """What was found, for a person."""
    from assent.evidence.tally import Tally

    return _of_tally(found) if isinstance(found, Tally) else _of_changes(found)


def _of_tally(tally: Tally) -> Iterator[str]:
    yield f"{many(tally.decisions, 'decision')}, {tally.agree:,} as recorded"
    rows = [("as recorded", code, f"{n:,}", "made stricter afterwards") for code, n in sorted(tally.stricter.items())]
    rows += [("not replayable", why, f"{n:,}", "") for why, n in sorted(tally.unreplayable.items())]
    rows += [("differs", why, f"{n:,}", _caused(why)) for why, n in sorted(tally.differ.items())]
    yield from (f"  {line}" for line in columns(rows))
    yield ""
    yield _answer(tally)
    for one in tally.told[:_SHOWN]:
        yield f"  leaf {one.index}: {one.why}: {visible(one.message)}"
    if (rest := sum(tally.differ.values()) - _SHOWN) > 0:
        yield f"  and {rest:,} more"


def _caused(why: str) -> str:
    from assent.evidence.replay import CAUSES

    return next(words for cause, words in CAUSES.items() if cause == why)


def _answer(tally: Tally) -> str:
    word = {True: "yes", False: "no", None: "not checked"}[tally.replayed]
    colour = {True: "green", False: "red", None: None}[tally.replayed]
    return "REPLAYED   " + click.style(word, fg=colour)


def _of_changes(found: Changes) -> Iterator[str]:
    yield f"{many(found.decisions, 'decision')}: {found.same:,} the same, {found.changed:,} otherwise"
    rows = [("not judged", why, f"{n:,}") for why, n in sorted(found.unjudged.items())]
    yield from (f"  {line}" for line in columns(rows))
    for (before, after), kind in sorted(found.kinds.items(), key=lambda one: (-one[1].many, one[0])):
        yield ""
        yield f"{verdict_word(before)} → {verdict_word(after)}  {kind.many:,}"
        yield from _of_kind(kind)
    yield ""
    yield "Each decision is judged by itself, with the facts of then; what would have followed is not told."


def _of_kind(kind: Kind) -> Iterator[str]:
    for title, counted in (("policy", kind.policies), ("tool", kind.tools), ("principal", kind.principals)):
        rows = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        yield from ("  " + line for line in columns((title, f"{n:,}", visible(name)) for name, n in rows[:_SHOWN]))
        if len(rows) > _SHOWN:
            yield f"  {title}  and {len(rows) - _SHOWN:,} more"
    for one in kind.examples:
        yield f"  leaf {one.index}  {one.time}  {visible(one.tool)} {visible(one.arguments)}"


def many(count: int, what: str) -> str:
    """A count with its word."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
