"""Putting policy and catalog in force: checked at once, in force only when activated (DESIGN §3).

What is in force comes from the archive, never from the files; a broken or
removed file leaves the last good bundle in force, for at most its age limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assent.admin import signed, texts
from assent.admin.texts import Texts
from assent.catalog.book import Profiles
from assent.errors import AssentError, PolicyError, UnavailableError
from assent.model.ids import Digest
from assent.policy.bundle import Bundle, Source, from_archive
from assent.ports import Reader, Signer, Transaction
from assent.record.log import Log

#: State key: since when (ms) the files are broken; empty while they are not.
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the files compare with what is in force.

    Args:
        state: `same`, `changed` (waits for activation) or `broken` (cannot be activated).
        difference: unified diff against the active texts; empty unless `changed`.
        error: why it is broken; None otherwise.
        texts: the files, None if they could not be read.
    """

    state: Literal["same", "changed", "broken"]
    difference: str = ""
    error: AssentError | None = None
    texts: Texts | None = None


def standing(reader: Reader, home: Path) -> Standing:
    """Compare the files of a home with what is in force; loads them only if they differ."""
    try:
        found = texts.read(home)
        if _matches(reader, found):
            return Standing("same", texts=found)
        found.check()
    except AssentError as error:
        return Standing("broken", error=error)
    return Standing("changed", _difference(reader, found), texts=found)


def _matches(reader: Reader, found: Texts) -> bool:
    if (reader.state("catalog") or "") != found.catalog_digest():
        return False
    archive = reader.archived(Digest(reader.state("bundle") or ""))
    if archive is None:
        return False
    active = from_archive(archive)
    return list(active.sources) == list(found.policies) and active.entities == found.entities


def _difference(reader: Reader, found: Texts) -> str:
    """Everything that would change: a profile can do as much harm as a policy."""
    archive = reader.archived(Digest(reader.state("bundle") or ""))
    old = from_archive(archive) if archive else None
    before = (*old.sources, Source("entities.json", old.entities)) if old else ()
    after = (*found.policies, Source("entities.json", found.entities))
    catalog = reader.archived(Digest(reader.state("catalog") or ""))
    known = texts.archived_profiles(catalog) if catalog else ()
    parts = (texts.difference(before, after), texts.difference(known, found.profiles))
    return "\n".join(part for part in parts if part)


def activate(log: Log, found: Texts, signer: Signer | None, now: int) -> Digest:
    """Put texts in force: archived by digest, signed, one leaf; the bundle digest.

    Raises:
        PolicyError: they cannot be put in force; nothing changed.
        RequestError: the key is missing or not the operator's.
        UnavailableError: it cannot be made durable; nothing changed.
    """
    bundle, _ = found.check()

    def job(tx: Transaction) -> None:
        put(tx, log.node, found, bundle, signer, now)

    log.submit(job, durable=True).result()
    return bundle.digest


def put(tx: Transaction, node: str, found: Texts, bundle: Bundle, signer: Signer | None, now: int) -> None:
    """The activation itself, inside a transaction."""
    catalog = found.catalog_digest()
    subject = {"bundle": bundle.digest, "catalog": catalog, "previous": tx.state("bundle") or ""}
    signed.append(tx, node, now, "activation", subject, signer)
    tx.put_archive(bundle.digest, "bundle", bundle.archive())
    tx.put_archive(catalog, "catalog", found.catalog())
    tx.put_state("bundle", bundle.digest)
    tx.put_state("catalog", catalog)
    tx.put_state(BROKEN, "")


def active(reader: Reader, instead: str = "") -> tuple[Bundle, Profiles]:
    """What is in force, from the archive.

    Args:
        instead: digest of the bundle that stands in for the active one, if one does.

    Raises:
        UnavailableError: nothing is, so nothing is allowed.
        PolicyError: the archive is damaged.
    """
    bundle = reader.archived(Digest(instead or reader.state("bundle") or ""))
    catalog = reader.archived(Digest(reader.state("catalog") or ""))
    if bundle is None or catalog is None:
        raise UnavailableError("no_bundle", "no policy has ever been activated on this home", help="run: assent init")
    return from_archive(bundle), texts.catalog_from_archive(catalog)


def note(log: Log, found: Standing, now: int) -> None:
    """Remember since when the files are broken, so that the last good bundle does not hold for ever.

    Raises:
        UnavailableError: it cannot be made durable.
    """
    broken = found.state == "broken"

    def job(tx: Transaction) -> None:
        since = tx.state(BROKEN) or ""
        if broken and not since:
            tx.put_state(BROKEN, str(now))
        elif since and not broken:
            tx.put_state(BROKEN, "")

    log.submit(job, durable=True).result()


def too_old(broken: str, now: int, hours: int) -> bool:
    """Have the files been broken for longer than the last good bundle may hold? `broken` is the state's value."""
    return bool(broken) and now - int(broken) > hours * 3_600_000


def told(found: Standing, home: Path) -> str:
    """The standing in words for the operator, with place and what to write; empty if all is in force."""
    if found.state == "same":
        return ""
    if found.state == "changed":
        words = f"files in `{home}` have changed and wait; the last activated policy is in force"
        return f"{words}. Run: assent policy activate"
    error = found.error
    place = ""
    if isinstance(error, PolicyError):
        place = f"{error.file}:{error.line}:{error.column}: " if error.line else f"{error.file}: "
    parts = [f"{place}{error.message}" if error else "the files cannot be read"]
    if isinstance(error, PolicyError) and error.text:
        parts.append(f"here: {error.text}")
    if error is not None and error.help:
        parts.append(error.help)
    return "; ".join(parts) + ". The last good policy is in force"
