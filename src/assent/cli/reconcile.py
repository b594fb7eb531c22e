"""`assent reconcile`: find what was executed without authorization."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import ARCHIVE_OPTION, JSON_OPTION, Shell, with_shell

if TYPE_CHECKING:
    from assent.evidence.attempts import Told
    from assent.evidence.feed import Feed
    from assent.evidence.reconcile import Finding, Reconciler
    from assent.evidence.sources import Source

#: A finding is a proof that something does not hold.
FOUND = 4
#: Seconds between two looks with `--follow`, and for how long attempts are remembered.
EVERY, MEMORY = 2.0, 7_200_000
_WORDS = {1.0: "id", 0.98: "arguments", 0.95: "text", 0.9: "part of a text", 0.85: "names", 0.5: "tool", 0.3: "time"}


def _when(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("expected RFC 3339, as in 2026-11-24T08:30:00Z") from error
    return round(found.astimezone().timestamp() * 1000)


@click.command("reconcile")
@click.option("--receipts", type=click.Path(path_type=Path), metavar="PATH", help="A home, log database or export.")
@click.option("--telemetry", "files", multiple=True, required=True, metavar="[KIND:]FILE", help="A log of others.")
@click.option("--mapping", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="For KIND `mapped`.")
@click.option(
    "--only", multiple=True, metavar="NAME=VALUE", help="Only events with this field; KIND:NAME=VALUE for one kind."
)
@click.option("--server", "servers", multiple=True, metavar="NAME", help="Only receipts of this server.")
@click.option("--since", callback=_when, metavar="TIME", help="Only what came after this.")
@click.option("--until", callback=_when, metavar="TIME", help="Only what came before this.")
@click.option("--tolerance", type=click.FloatRange(0, 3600), default=2.0, help="Seconds that clocks may differ [2].")
@click.option("--confidence", type=click.FloatRange(0, 1), default=0.45, help="Findings at least so sure [0.45].")
@click.option("--follow", is_flag=True, help="Go on as the files grow; a finding is printed as soon as it is one.")
@ARCHIVE_OPTION
@JSON_OPTION
@with_shell
def command(shell: Shell, **given: Any) -> int:
    """Hold receipts against telemetry: what was executed, and did a receipt allow it?

    KIND is otlp, cloudtrail, kubernetes, postgres, access, mcp, git or mapped; without it
    the file's first line tells. Exit code 4 if anything was found.
    """
    feeds = [_feed(text, given["mapping"], given["only"]) for text in given["files"]]
    place = given["receipts"] or shell.config().home
    run = _Run(place, feeds, given)
    return run.follow() if given["follow"] else run.once()


def _feed(text: str, mapping: Path | None, only: Sequence[str]) -> Feed:
    from assent.evidence.feed import Feed
    from assent.evidence.sources import SOURCES

    kind, _, rest = text.partition(":")
    source: Source | None = None
    path = Path(text)
    if kind in (*SOURCES, "mapped") and rest:
        path = Path(rest)
        source = _mapped(mapping) if kind == "mapped" else SOURCES[kind]
    return Feed(path, source, _fields(only, kind if source else ""))


def _fields(only: Sequence[str], kind: str) -> dict[str, str]:
    """Those of `--only` that are meant for a feed of this kind."""
    fields = {}
    for pair in only:
        name, found, value = pair.partition("=")
        if not found:
            raise click.BadParameter(f"`{pair}` is not NAME=VALUE", param_hint="--only")
        meant, prefixed, field = name.partition(":")
        if not prefixed:
            fields[name] = value
        elif meant == kind:
            fields[field] = value
    return fields


def _mapped(path: Path | None) -> Source:
    from assent.evidence.sources import Source
    from assent.evidence.sources.mapped import Terms

    if path is None:
        raise click.UsageError("--telemetry mapped:FILE needs --mapping FILE")
    terms = Terms.load(path.read_text(encoding="utf-8"))
    return Source(terms.records, terms.parse)


class _Run:
    """One reconciliation, or one that goes on."""

    def __init__(self, place: Path, feeds: Sequence[Feed], given: Mapping[str, Any]) -> None:
        self._place, self._feeds, self._given = place, feeds, given
        self._tolerance = round(given["tolerance"] * 1000)
        self._joined: dict[str, int] = {}

    def once(self) -> int:
        """Everything there is, once."""
        told = self._told()
        with _logs(self._place, self._given["archives"]) as (leaves, values):
            self._add(told, leaves(0), values)
        events = sorted((event for feed in self._feeds for event in feed.take()), key=lambda event: event.time)
        found = self._judge(told, events, max(told.latest, *(event.time for event in events[-1:]), 0))
        if self._given["as_json"]:
            print_json(self._report(told, found))
        else:
            self._tell(told, found)
        return FOUND if found or any(feed.refused for feed in self._feeds) else 0

    def follow(self) -> int:
        """Until interrupted; the exit code says whether anything was found."""
        told, size, said, count = self._told(), 0, set[tuple[object, ...]](), 0
        waiting: list[Any] = []
        try:
            while True:
                with _logs(self._place, self._given["archives"]) as (leaves, values):
                    size += self._add(told, leaves(size), values)
                now = round(time.time() * 1000)
                waiting += [event for feed in self._feeds for event in feed.take(whole=False)]
                count += self._tell_bad()
                ripe, waiting = self._ripe(waiting, now)
                for one in self._judge(told, ripe, now):
                    mark = (one.kind, one.receipt, one.event, one.time)  # a rotated file has the same lines again
                    if mark not in said:
                        said.add(mark)
                        count += 1
                        click.echo(json.dumps(_row(one)) if self._given["as_json"] else "  ".join(_cells(one)))
                for id in [id for id, one in told.attempts.items() if one.ends + MEMORY < now]:
                    del told.attempts[id]
                time.sleep(EVERY)
        except KeyboardInterrupt:
            return FOUND if count else 0

    def _ripe(self, events: Sequence[Any], now: int) -> tuple[list[Any], list[Any]]:
        """Those whose receipts must be there by now, and those to wait for; what claims to be to come never is."""
        wait = [event for event in events if abs(event.time - now) <= self._tolerance]
        ripe = [event for event in events if event not in wait]
        return sorted(ripe, key=lambda event: event.time), wait

    def _tell_bad(self) -> int:
        """Say what could not be read since the last time, which may hide something."""
        lines = [line for feed in self._feeds for line in feed.bad]
        for feed in self._feeds:
            feed.bad.clear()
        for line in lines:
            click.echo(f"not read: {visible(line)}", err=True)
        return len(lines)

    def _told(self) -> Told:
        from assent.evidence.attempts import Told

        return Told()

    def _add(self, told: Told, leaves: Iterator[tuple[int, bytes]], values: Any) -> int:
        from assent.evidence.attempts import follow

        count = 0

        def counted() -> Iterator[tuple[int, bytes]]:
            nonlocal count
            for leaf in leaves:
                count += 1
                yield leaf

        follow(told, counted(), values, since=self._given["since"] or 0, until=self._given["until"])
        return count

    def _judge(self, told: Told, events: Sequence[Any], now: int) -> list[Finding]:
        from assent.evidence.reconcile import Reconciler

        since, until = self._given["since"] or 0, self._given["until"]
        run: Reconciler = Reconciler(told, self._tolerance, frozenset(self._given["servers"]))
        inside = (event for event in events if since <= event.time and (until is None or event.time <= until))
        found = [*run.events(inside), *run.log(now)]
        for sure, count in run.joined.items():
            self._joined[_WORDS[sure]] = self._joined.get(_WORDS[sure], 0) + count
        return [one for one in found if one.confidence >= self._given["confidence"]]

    def _report(self, told: Told, found: Sequence[Finding]) -> dict[str, object]:
        return {
            "attempts": len(told.attempts),
            "events": sum(feed.read for feed in self._feeds),
            "joined": self._joined,
            "telemetry": [
                {"file": str(feed.path), "events": feed.read, "skipped": feed.skipped, "refused": feed.refused}
                for feed in self._feeds
            ],
            "unreadable": [line for feed in self._feeds for line in feed.bad],
            "findings": [_row(one) for one in found],
        }

    def _tell(self, told: Told, found: Sequence[Finding]) -> None:
        for line in columns([_cells(one) for one in found]):
            click.echo(line)
        events = sum(feed.read for feed in self._feeds)
        joined = ", ".join(f"{count} by {word}" for word, count in self._joined.items()) or "none"
        click.echo(
            f"\n{events:,} events against {len(told.attempts):,} attempts: joined {joined}; {len(found)} findings"
        )
        for feed in self._feeds:
            for line in feed.bad:
                click.echo(f"  not read: {visible(line)}")
            if not feed.read:
                why = f"{feed.skipped} had not the fields of --only" if feed.skipped else "is it of another kind?"
                click.echo(f"  {visible(str(feed.path))} told of nothing: {why}")
        click.echo("  What no log saw is not found here: a source that is off, or misses, is blind.")


def _row(one: Finding) -> dict[str, object]:
    return {
        "kind": one.kind,
        "confidence": one.confidence,
        "time": when(one.time),
        "receipt": one.receipt,
        "event": one.event or None,
        "says": one.says,
    }


def _cells(one: Finding) -> list[str]:
    place = one.event or f"receipt {one.receipt}"
    return [
        click.style(one.kind, fg="red", bold=True),
        f"{one.confidence:.2f}",
        when(one.time),
        visible(place),
        visible(one.says),
    ]


@contextmanager
def _logs(place: Path, archives: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """Leaves from an index on, and what opens a leaf, of a home, a log database or an export."""
    if place.is_dir() or _database(place):
        from assent.assembly import open_place, read_log
        from assent.cli.ledger import values_of
        from assent.record.archive import filled

        with read_log(place) as found:
            reader = filled(found, [open_place(one) for one in archives])  # what was sealed is not passed over
            yield reader.leaves, lambda index, leaf: values_of(reader, _known(index, leaf))
        return
    from assent.evidence.exported import Exported

    export = Exported(place)
    yield export.leaves, export.values


def _known(index: int, leaf: Mapping[str, Any]) -> Any:
    from assent.cli.ledger import Receipt

    return Receipt(index, b"", leaf)


def _database(place: Path) -> bool:
    with place.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
