"""Making a home: keys, files, and the first leaves; again and again without harm.

`assent mcp` makes one by itself, without operator key: the starter policy is then
in force, and questions wait for the key that `assent init` makes.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from assent_verify.canonical import digest
from assent_verify.people import Key

from assent.admin import activate, people, signed, texts
from assent.config import Config
from assent.errors import ConfigError, RequestError
from assent.model.ids import PrincipalId
from assent.ports import Signer, Store, Transaction
from assent.record.log import Log

_TOML = """\
# Settings of this Assent home. Every key may be left out; `docs/settings.md` explains each.
# user = "{user}"             # owner of the local agents
# approval_wait = 45          # seconds a call is held for an answer, at most 50
# max_body = 16777216         # bytes of one message
# prior_limit = 4194304       # bytes of one file kept before a write
# sidecar_days = 30           # days that clear values are kept beside the log
# show_values = false         # may notifications show argument values?
# bundle_max_age_hours = 24   # how long the last good policy holds while files are broken
# private = ["~/clients/**"]  # further paths that only a person may let out
"""


def files(config: Config, *, new: bool = True) -> None:
    """Write the files of a home that are missing: settings and starter policy.

    Args:
        new: the log is still to begin. Later a policy that somebody has taken away is
            missed, not made up for.

    Raises:
        ConfigError: the place cannot be written.
    """
    home = config.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home / "policy", home / "catalog"):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not (home / "assent.toml").exists():
            _write(home / "assent.toml", _TOML.format(user=config.user))
        if new and not any((home / "policy").glob("*.cedar")):
            _write(home / "policy" / "starter.cedar", texts.starter())
    except OSError as error:
        raise ConfigError(
            "home_unwritable", f"`{home}` cannot be set up: {error}", help="choose another --home"
        ) from error


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all: another process may start on the same home at the same time."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # does not end like a policy
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        with suppress(FileExistsError):  # the other was faster
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


#: State keys of the paths of the operator's key file, and of the recovery key's where it was made.
KEY_FILE, RECOVERY_FILE = "operator_file", "recovery_file"
#: Name of the operator's key in the home.
OPERATOR_KEY = "operator.key"


def owner(config: Config) -> PrincipalId:
    """The `User` who owns the local agents."""
    return PrincipalId(f'User::"local/{config.user}"')


def begin(log: Log, store: Store, config: Config, vkey: str, now: int) -> bool:
    """Genesis and the first activation, once; False if they are there.

    Raises:
        PolicyError: the policy files cannot be put in force.
        UnavailableError: it cannot be made durable.
    """
    with store.read() as reader:
        if reader.size():
            return False
    found = texts.read(config.home)
    bundle, _ = found.check()

    def job(tx: Transaction) -> bool:
        if tx.size():
            return False  # another process was faster
        subject = {"log_key": vkey, "operator": owner(config), "origin": log.origin}
        signed.append(tx, log.node, now, "genesis", subject, None)
        activate.put(tx, log.node, found, bundle, None, now)
        return True

    return log.submit(job, durable=True).result()


def enrol(log: Log, config: Config, signer: Signer, now: int, place: Path | None = None) -> bool:
    """Enrol the operator's key, once; False if it is enrolled.

    Args:
        place: the file that holds it; from now on no call may reach it.

    Raises:
        RequestError: another key is enrolled.
        UnavailableError: it cannot be made durable.
    """
    public, user = signer.public, owner(config)
    fingerprint = digest(public)

    def job(tx: Transaction) -> bool:
        known = people.operators(tx)
        if (not known or fingerprint in known) and place is not None:
            tx.put_state(KEY_FILE, str(place))
        if fingerprint in known:
            return False
        if known:
            raise RequestError("other_operator", "another operator key is enrolled on this home")
        subject = {"fingerprint": fingerprint, "key": base64.b64encode(public).decode(), "user": user}
        signed.append(tx, log.node, now, "enrol", subject, signer)
        people.add(tx, Key(public, user, since=now))
        return True

    return log.submit(job, durable=True).result()


def outside(path: Path, home: Path) -> Path:
    """A key file's absolute path, which must not lie in the home.

    Raises:
        ConfigError: it does.
    """
    place = Path(os.path.realpath(path))
    if place.is_relative_to(os.path.realpath(home)):
        raise ConfigError("key_in_home", f"`{path}` lies in the home", help="choose a place outside the home")
    return place


#: Asks a person for a passphrase; gets the prompt.
Ask = Callable[[str], str]


def passphrase(ask: Ask, what: str = "the operator's key") -> str:
    """A new passphrase, asked twice.

    Args:
        what: the key that it locks.

    Raises:
        RequestError: empty, or the two differ.
    """
    first = ask(f"Passphrase for {what}: ")
    if not first:
        raise RequestError("passphrase_empty", f"{what} needs a passphrase", help="give one")
    if ask("The same again: ") != first:
        raise RequestError("passphrases_differ", "the two passphrases differ", help="run it again")
    return first
