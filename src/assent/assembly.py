"""A home opened: the only place that names concrete stores, keys and notifiers."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from assent_verify.canonical import digest
from assent_verify.cosignature import WitnessKey
from assent_verify.note import VerifierKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import activate, breakglass, people, rollback, texts
from assent.admin import home as homes
from assent.config import CREDENTIALS, Config, load
from assent.enforce.broker import Broker
from assent.enforce.gather import Gatherer
from assent.enforce.guard import Guard, Limits
from assent.enforce.rules import BARRING, COMPARED, KILL, Rules
from assent.enforce.session import Sessions, abandoned, forget_text
from assent.errors import AssentError, ConfigError, ProofError, RequestError, UnavailableError
from assent.identity import jwk
from assent.inform import process
from assent.inform.clock import SystemClock
from assent.inform.observe import Observer, guarded_paths
from assent.inform.seen import Seen
from assent.inform.watch import Watch, check
from assent.keys import agent, custody, operator
from assent.keys import file as key_files
from assent.keys import ring as key_ring
from assent.keys import seal as seals
from assent.keys.file import KeySigner
from assent.keys.ring import Ring
from assent.keys.seal import Seal
from assent.model.ids import PrincipalId, new_id
from assent.model.permit import Permit
from assent.model.principal import Principal
from assent.model.revocation import Revocation
from assent.notify.desktop import Desktop, available
from assent.policy import cedar
from assent.ports import Clock, Custody, Place, Reader, Store
from assent.record import asking, epoch, gaps, leaves, logkeys, witnesses
from assent.record.closing import end
from assent.record.expiry import expire, seal_plain
from assent.record.log import Log
from assent.record.recovery import Liveness, recover
from assent.record.vouched import Overdue
from assent.stores import home as store_homes
from assent.stores import mark as marks
from assent.stores.directory import Directory
from assent.stores.home import filesystem, prepare
from assent.stores.sqlite import SqliteStore
from assent.stores.view import view

if TYPE_CHECKING:
    from assent.identity.presented import Presented
    from assent.stores.book import WitnessBook

logger = logging.getLogger("assent")

DATABASE = "assent.db"
#: Milliseconds between two looks for clear values whose time is over.
SWEEP_MS = 3_600_000
#: Milliseconds between two looks for sessions whose time is over.
LAPSE_MS = 15_000
#: Seconds between two looks whether a witness is to be asked.
DUTIES_S = 1.0
#: Milliseconds after which a witness that failed is asked again at most, while calls wait for it.
REQUIRED_RETRY = 15_000
LOG_KEY = key_ring.FIRST
SEAL_KEY = "seal.key"
LOST_HEAD = "assent.head.lost"
OPERATOR_KEY = homes.OPERATOR_KEY
#: State key of the paths of agents' private keys, the newest: what no call may reach; and how many are kept.
AGENT_KEYS, MOST_KEYS = "agent_files", 256
AUTHORITY_KEY = "authority.key"
WITNESS_KEY = "witness.key"


class Home:
    """One opened home. Use `open_home`; close it, or use it as a context manager.

    Attributes:
        config: its settings.
        store: for reading; every write goes through `log`.
        log: the one door for writes.
        clock: wall time.
        node: id of this process on the home.
        process: this process as `boot:pid:start`.
        guard: decides, records, settles.
        sessions: opens and ends sessions.
        broker: opens credentials of upstreams, once their use is decided.
        notifier: tells people that something waits.
    """

    def __init__(self, config: Config, store: Store, log: Log, clock: Clock, log_key: VerifierKey) -> None:
        self.config = config
        self.store = store
        self.log = log
        self.clock = clock
        self.log_key = log_key
        self.node = log.node
        self.process = process.process_text(os.getpid())
        self.owner = homes.owner(config)
        self.notifier = Desktop()
        self._closing = threading.Event()
        self._lapsed = -LAPSE_MS
        self.sessions = Sessions(log, clock, self.node, process.alive)
        self._rules: Rules | None = None
        self._overdue = Overdue(store, clock, config.witness_max_lag)
        self._seal: Seal | None = None
        self._custody: Custody | None = None
        self._authority: KeySigner | None = None
        self.mark: marks.Mark | None = None
        with store.read() as reader:
            key_files = [reader.state(key) for key in (homes.KEY_FILE, homes.RECOVERY_FILE)]
            others = json.loads(reader.state(AGENT_KEYS) or "[]")
        check(config.detectors)
        watch = Watch(config.detectors, tuple(map(os.path.expanduser, config.private)))
        files = [Path(one) for one in (*key_files, *others) if one]
        self.watched = watch
        observer = Observer(guarded_paths(config.home, [marks.folder(os.environ)]), config.prior_limit, files, watch)
        self._observer = observer
        gatherer = Gatherer(clock, observer, cedar.engine(), Seen(store))
        limits = Limits(keep_days=config.sidecar_days, show_values=config.show_values)
        self.guard = Guard(store, log, clock, self.rules, gatherer, self.node, self.notifier, limits)
        self.broker = Broker(self.guard, store, log, clock, self.custody)

    def __enter__(self) -> Home:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was submitted, sign a checkpoint, close the store."""
        self._closing.set()
        self.log.close()
        if self.mark is not None:
            self.mark.settle()
        self.store.close()

    def rules(self, fresh: bool = True) -> Rules:
        """The bundle and catalog in force.

        Args:
            fresh: look whether any process has changed them; without it they are as last
                seen, for a decision whose commit compares them anyway.

        Raises:
            UnavailableError: nothing is in force, so nothing is allowed.
        """
        if self._rules is None or fresh or self._rules.barred or self._rules.over(self.clock.now()):
            with self.store.read() as reader:
                versions = {key: reader.state(key) or "" for key in COMPARED}
                if self._rules is None or versions != self._rules.versions or self._rules.over(self.clock.now()):
                    self._rules = replace(self._load(reader, versions), read=self.clock.steady())
        broken, hours = self._rules.versions[activate.BROKEN], self.config.bundle_max_age_hours
        old = activate.too_old(broken, self.clock.now(), hours)
        barred = "rolled_back" if self._rules.versions[rollback.STATE] else "bundle_too_old" if old else ""
        barred = "killed" if self._rules.versions[KILL] else barred
        if not barred and self.config.witness_required and self._overdue():
            barred = "witness_overdue"
        if barred != self._rules.barred:
            self._rules = replace(self._rules, barred=barred)
        return self._rules

    def seal(self) -> Seal:
        """What seals text that leaves this home and comes back.

        Raises:
            ConfigError: its key is exposed or damaged.
            UnavailableError: it can neither be read nor made.
        """
        if self._seal is None:
            self._seal = seals.load_or_make(self.config.home / SEAL_KEY)
        return self._seal

    def authority(self) -> KeySigner:
        """What signs permits and tokens of this home; its key is made at first use.

        Raises:
            ConfigError: its key is exposed or damaged.
            UnavailableError: it can neither be read nor made.
        """
        if self._authority is None:
            self._authority = key_files.load_or_make(self.config.home / AUTHORITY_KEY)
        return self._authority

    def mint(self, permit: Permit) -> str:
        """The signed token of a permit, for an executor that takes permits.

        Raises:
            RefusedError: `permit_too_large`.
            ConfigError, UnavailableError: as `authority`.
        """
        from assent.identity import permits

        return permits.mint(permit, self.log.origin, self.authority())

    def custody(self) -> Custody:
        """What seals and opens the credentials of upstreams; leaves word that this home may hold some.

        Raises:
            ConfigError: its key is exposed or damaged.
            UnavailableError: it can neither be read nor made, or the command that gives it does not.
        """
        if self._custody is None:
            self._custody = custody.load(self.config.home, self.config.credentials_key_command)
            with suppress(ConfigError):  # it is there already
                key_files.write_private(self.config.home / CREDENTIALS, b"see: assent credentials list\n")
        return self._custody

    def sweep(self) -> int:
        """Erase clear values whose time is over; how many receipts they belonged to.

        Raises:
            UnavailableError: the store cannot be written.
        """
        now = self.clock.now()
        erased = expire(self.store, self.log, now)
        self.log.submit(lambda tx: forget_text(tx, now), durable=False).result()
        return erased

    async def watch(self, every: float = 2.0) -> None:
        """Look after the policy and catalog files until cancelled; say loudly what is wrong with a changed one.

        Says which outcomes are overdue, and erases clear values whose time is over now and then, too.
        """
        self.attend()
        seen: object = None
        swept = -SWEEP_MS
        while True:
            if self.clock.steady() - swept >= SWEEP_MS:
                swept = self.clock.steady()
                with suppress(UnavailableError):  # said where a call is denied for it; tried again in an hour
                    await asyncio.to_thread(self.sweep)
            with suppress(UnavailableError):  # it has ended all the same
                await asyncio.to_thread(breakglass.lapse, self.store, self.log, self.clock.now())
            with suppress(UnavailableError):  # the gaps are still there next time
                await asyncio.to_thread(gaps.say, self.store, self.log, self.clock)
                await self._lapse()
            now = texts.signature(self.config.home)
            if now != seen:
                seen = now
                await asyncio.to_thread(self.look)
            await asyncio.sleep(every)

    async def _lapse(self) -> None:
        """Close sessions whose time is over; looked for now and then, for nothing is decided in one anyway."""
        now, steady = self.clock.now(), self.clock.steady()
        if steady - self._lapsed < LAPSE_MS:
            return
        self._lapsed = steady
        with self.store.read() as reader:
            late = any(one.over(now) for one in reader.sessions(open_only=True))
        if late:
            await self.sessions.lapse()

    def attend(self) -> None:
        """Do what this home owes to others until it is closed: witnesses, and a heartbeat when nothing happens."""
        threading.Thread(target=self._duties, name="assent-duties", daemon=True).start()

    def _duties(self) -> None:
        """Take checkpoints to witnesses until the home is closed; a thread of its own, for witnesses may be slow."""
        while not self._closing.wait(DUTIES_S):
            try:
                self.witness()
                self.stamp()
            except (AssentError, ProofError) as error:  # said by `assent witness list`; tried again
                if not self._closing.is_set():
                    logger.error("witnesses or the time were not asked: %s", error.message)

    def witness(self) -> bool:
        """Take the newest checkpoint to the witnesses that are due; was there anything to do?

        Raises:
            ConfigError: what asks over HTTP is not installed.
            UnavailableError: the store cannot be read or written.
        """
        longest = REQUIRED_RETRY if self.config.witness_required else witnesses.LONGEST_RETRY
        return witnesses.round(self.store, self.log, self.clock, asking.ask, longest)

    def stamp(self) -> bool:
        """Have the newest checkpoint time-stamped, at most once a minute; was there anything to do?

        Raises:
            ConfigError: the certificates cannot be read, or what asks is not installed.
            UnavailableError: the store cannot be read or written.
        """
        url, certificate = self.config.timestamp_url, self.config.timestamp_certificate
        if not url:
            return False
        from assent.record import stamps

        roots = self.config.home / Path(certificate).expanduser()
        return stamps.round(self.store, self.log, self.clock, stamps.Authority(url, roots, asking.ask_time))

    def look(self) -> str:
        """Compare the files with what is in force; what there is to say to the operator, logged as well."""
        with self.store.read() as reader:
            found = activate.standing(reader, self.config.home)
        words = activate.told(found, self.config.home)
        if words:
            logger.warning("%s", words)
        try:
            activate.note(self.log, found, self.clock.now())
        except UnavailableError as error:
            logger.error("the standing of the policy files cannot be recorded: %s", error.message)
        return words

    def _load(self, reader: Reader, versions: dict[str, str]) -> Rules:
        epoch.number(versions[epoch.STATE])  # who cannot learn what was revoked decides nothing
        old = self._rules
        revoked = frozenset((one.kind, one.id) for kind in BARRING for one in reader.find_all(Revocation, "kind", kind))
        if old is not None and versions["observe"] != old.versions["observe"]:
            logger.warning("policy is %s", "only observed" if versions["observe"] else "enforced from now on")
        instead, until = breakglass.standing_in(versions[breakglass.STATE], self.clock.now())
        if until and (old is None or until != old.until):
            logger.warning("break-glass: another bundle is in force until %s: %s", leaves.rfc3339(until), instead)
        wanted = (instead or versions["bundle"], versions["catalog"])
        if old is not None and (old.bundle.digest, old.versions["catalog"]) == wanted:
            # only pins or the epoch moved
            return Rules(old.bundle, old.profiles, versions, revoked=revoked, until=until)
        bundle, profiles = activate.active(reader, instead)
        return Rules(bundle, profiles, versions, revoked=revoked, until=until)

    def principal(self, name: str) -> Principal:
        """A local agent of this home's owner."""
        return Principal("Agent", f"local/{name}", self.owner)

    def person(self, signer: KeySigner) -> PrincipalId:
        """Whose key this is, a person's that is enrolled.

        Raises:
            RequestError: `not_enrolled`.
        """
        with self.store.read() as reader:
            user = reader.state(f"key:{digest(signer.public)}") or ""
        if not user:
            raise RequestError("not_enrolled", "this key is not enrolled", help="run: assent init")
        return PrincipalId(user)

    def prove(self, key: Path) -> str:
        """The id of the authenticator whose private key a file holds; no call may reach the file from now on.

        Raises:
            ConfigError: it is exposed, locked, or no Ed25519 key.
            UnavailableError: it is not there or cannot be read.
        """
        signer = agent.load(Path(os.path.realpath(key)))
        self._withhold(key)
        return jwk.authenticator(signer.public)

    def present(self, token: Path, key: Path | None) -> Presented:
        """Who the token in a file stands for; no call may reach that file, nor its key's, from now on.

        Args:
            key: the file of the key that it is bound to; None for none.

        Raises:
            RefusedError: `token_…` or `delegation_void`.
            ConfigError: a file is exposed, or holds no such thing.
            UnavailableError: a file is not there, or the keys of the token's issuer cannot be had.
        """
        from assent.identity import presented

        text = key_files.read_private(token).decode("ascii", "replace").strip()
        proven = self.prove(key).removeprefix("key:") if key else ""
        self._withhold(token)
        public = self.authority().public
        known = presented.Known(self.config.token_issuer, {jwk.thumbprint(public): public}, self.config.issuers)
        with self.store.read() as reader:
            return presented.present(reader, text, proven, known, self.clock.now())

    def _withhold(self, file: Path) -> None:
        """Let no call reach a file of an agent's secrets, in any process from its next start on."""
        place = Path(os.path.realpath(file))
        with self.store.read() as reader:
            known = json.loads(reader.state(AGENT_KEYS) or "[]")
        if str(place) not in known:
            kept = json.dumps([*known[-MOST_KEYS:], str(place)])
            self._observer.guard(place)
            self.log.submit(lambda tx: tx.put_state(AGENT_KEYS, kept), durable=False).result()

    def recover(self) -> None:
        """Settle what dead processes left open.

        Raises:
            UnavailableError: the store cannot be read or written.
        """
        liveness = Liveness(
            process.alive,
            lambda reader, session: abandoned(reader, session, process.alive),
            lambda tx, session: end(tx, session, self.node, self.clock.now(), "abandoned"),
        )
        recover(self.store, self.log, self.clock, liveness)
        seal_plain(self.store, self.log)
        breakglass.lapse(self.store, self.log, self.clock.now())

    def unlock(self, key: Path | None, ask: homes.Ask) -> KeySigner:
        """The operator's key, ready to sign.

        Args:
            key: a key file; None for the one in the home.
            ask: asks for the passphrase, if the key has one.

        Raises:
            RequestError: wrong passphrase, or not the operator's key.
            ConfigError: there is no usable key.
        """
        path = key or self.config.home / OPERATOR_KEY
        if key is None and not path.exists():
            raise ConfigError(
                "no_operator_key",
                "this home has no operator key of its own",
                help="run `assent init` at a terminal, or give the key file with --key",
            )
        signer = operator.unlock(path, lambda: ask(f"Passphrase for `{path}`: "))
        with self.store.read() as reader:
            counts = people.known(reader)
        if counts and digest(signer.public) not in counts:
            help = "give one that is; see: assent keys people"
            raise RequestError("not_enrolled", f"`{path}` is not a key that is enrolled here", help=help)
        return signer


def open_home(config: Config) -> Home:
    """Open a home, making what is missing; settle what dead processes left.

    A home that `assent init` has not seen gets the starter policy and no operator
    key: questions wait for it.

    Raises:
        ConfigError: the place is not usable or not private; a key of the log is lost.
        PolicyError: there is no bundle yet and the policy files cannot be put in force.
        UnavailableError: the store or a key cannot be read or written; it was put back from an older copy.
    """
    homes.files(config, new=not begun(config))
    store = _store(config)
    try:
        ring = Ring(config.home)
        key = _log_key(config.home, store, ring)
        home = _open(config, store, ring, key, _mark(config, store, key))
    except BaseException:
        store.close()
        raise
    return home


def _mark(config: Config, store: Store, key: VerifierKey) -> marks.Mark:
    """What this machine remembers of the log, which must not be more than the home has.

    Raises:
        UnavailableError: `rolled_back`, or it cannot be read.
    """
    mark = marks.Mark(marks.folder(os.environ), key.name)
    if (config.home / LOST_HEAD).exists():
        raise rollback.refusal("accepting that receipts were lost was begun, and not finished")
    with store.read() as reader:
        seen = rollback.check(reader, mark.read())
    if not seen:
        logger.warning("this machine has not seen this log before: that it is the newest copy cannot be told here")
    elif isinstance(store, SqliteStore):
        store.tidy()  # only to the newest copy is a key that nothing names one of nothing
    return mark


@contextmanager
def open_rolled_back(config: Config) -> Iterator[tuple[Home, tuple[int, bytes], Callable[[], None]]]:
    """Open an older copy of a home; what is known of the lost one, and what settles it once it was accepted.

    Raises:
        RequestError: `not_rolled_back`.
        ConfigError, UnavailableError: as `open_home`.
    """
    head, lost = config.home / store_homes.HEAD, config.home / LOST_HEAD
    if not lost.exists() and head.exists():
        os.replace(head, lost)  # or the store would not open; kept until the loss is recorded
    store = _store(config)
    try:
        key = _log_key(config.home, store, Ring(config.home))
        mark = marks.Mark(marks.folder(os.environ), key.name)
        known = max(found for found in (mark.read(), store_homes.read_head(config.home, LOST_HEAD), (0, b"")) if found)
        with store.read() as reader:
            behind = reader.claimed(known[0]) != known[1] or bool(reader.state(rollback.STATE))
        if not known[0] or not behind:
            if lost.exists():
                os.replace(lost, head)
            raise RequestError("not_rolled_back", "this home is the newest that is known of", help="nothing to accept")
        home = _open(config, store, Ring(config.home), key, mark)
    except BaseException:
        store.close()
        raise

    def settle() -> None:
        home.log.checkpoint().result()
        with store.read() as reader:
            size = reader.last_checkpoint()
            root = reader.claimed(size)
        mark.put(size, root or b"")
        lost.unlink(missing_ok=True)

    with home:
        yield home, known, settle


def open_to_rotate(config: Config) -> Home:
    """Open a home whose log key may be lost: it can be read and rotated; nothing it signs is missed.

    Raises:
        ConfigError, UnavailableError: as `open_home`, save for the log's keys.
    """
    store = _store(config)
    try:
        with store.read() as reader:
            spans = logkeys.spans(reader)
        if not spans:
            raise UnavailableError("empty_log", "the log has no leaf", help="run: assent init")
        key = VerifierKey.parse(spans[-1].keys[0])
        home = _open(config, store, Ring(config.home), key, _mark(config, store, key))
    except BaseException:
        store.close()
        raise
    return home


def _open(config: Config, store: Store, ring: Ring, key: VerifierKey, mark: marks.Mark) -> Home:
    clock = SystemClock()
    node = new_id("node", secrets.token_bytes(16))
    log = Log(store, clock, ring, origin=key.name, node=node)
    log.signed = mark.advance
    try:
        homes.begin(log, store, config, str(key), clock.now())
        home = Home(config, store, log, clock, key)
        home.mark = mark
        home.recover()
        with store.read() as reader:
            behind = bool(reader.unsigned()) or reader.last_checkpoint() < reader.size()
        if behind:  # a process died before it could sign
            log.checkpoint()
    except BaseException:
        log.close()
        raise
    return home


def _log_key(home: Path, store: Store, ring: Ring) -> VerifierKey:
    """The log's key in force, which is here, as all others in force are; made only if the log is still to begin.

    Raises:
        ConfigError: the log has begun with other keys than those that are there: what
            these signed would prove nothing.
    """
    with store.read() as reader:
        spans = logkeys.spans(reader)
    path = home / LOG_KEY
    if not spans:
        if not path.exists():
            with suppress(ConfigError):  # another process was faster
                key_files.create(path)
        return VerifierKey(f"assent/{digest(ring.public)[7:23]}", ring.public)
    try:
        keys = [VerifierKey.parse(vkey) for vkey in logkeys.needed(spans)]
    except ProofError as error:
        text = "the log's keys cannot be read"
        help = "run: assent verify; restore the home from a backup"
        raise UnavailableError("store_corrupt", text, help=help) from error
    lost = [key for key in keys if ring.find(str(key)) is None]
    if lost:
        help = "restore the log's key from a backup; if it is gone for good, run: assent keys rotate --lost"
        if not ring.files():
            raise ConfigError("log_key_lost", f"`{path}` is not there, and the log has begun", help=help)
        name = f"{lost[0].name}+{lost[0].id.hex()}"
        raise ConfigError("other_log_key", f"no key file in `{home}` is the log's key `{name}`", help=help)
    return keys[0]


def unlock_key(path: Path, ask: homes.Ask) -> KeySigner:
    """A person's key, whoever's it is.

    Raises:
        RequestError: wrong passphrase.
        ConfigError, UnavailableError: it is exposed, no key, or not there.
    """
    return operator.unlock(path, lambda: ask(f"Passphrase for `{path}`: "))


def agent_key(path: Path, home: Path) -> KeySigner:
    """The private key in a file outside the home with which an agent proves who it is; made if it is not there.

    Raises:
        ConfigError: it lies in the home, is exposed, locked, or no Ed25519 key.
        UnavailableError: it cannot be read or written.
    """
    place = homes.outside(path, home)
    if not place.exists():
        with suppress(ConfigError):  # another process was faster
            return key_files.create(place)
    return agent.load(place)


def agent_public(path: Path) -> bytes:
    """The raw Ed25519 public key in a file.

    Raises:
        ConfigError, UnavailableError: it cannot be read, or holds none.
    """
    return agent.public(path)


def authority_public(home: Path) -> tuple[bytes, ...]:
    """The public key with which a home signs permits and tokens; none if it never has.

    Raises:
        ConfigError, UnavailableError: its key is exposed or damaged, or cannot be read.
    """
    path = home / AUTHORITY_KEY
    return (key_files.load(path).public,) if path.exists() else ()


def log_ring(home: Path) -> Ring:
    """The files of a home that hold the log's private keys."""
    return Ring(home)


def create_operator(config: Config, key: Path | None, ask: homes.Ask) -> tuple[KeySigner, Path]:
    """The operator's key: an existing file outside the home, a new one there, or a locked one in the home.

    Args:
        key: a key file outside the home; None for a locked key in the home.
        ask: asks for a passphrase.

    Raises:
        ConfigError: the file lies in the home, or is exposed.
        RequestError: no passphrase, or two different ones.
    """
    if key is None:
        path = config.home / OPERATOR_KEY
        if path.exists():
            return operator.unlock(path, lambda: ask(f"Passphrase for `{path}`: ")), path
        return operator.create(path, homes.passphrase(ask)), path
    path = homes.outside(key, config.home)
    if not path.exists():
        key_files.create(path)
    return operator.unlock(path, lambda: ask(f"Passphrase for `{path}`: ")), path


def create_locked(path: Path, passphrase: str) -> KeySigner:
    """A person's new key in a file of its own.

    Raises:
        RequestError: the passphrase is empty.
        ConfigError, UnavailableError: the file is there already, or cannot be written.
    """
    return operator.create(path, passphrase)


def create_recovery(config: Config, path: Path, ask: homes.Ask) -> tuple[KeySigner, Path]:
    """The recovery key: an existing file outside the home, or a new one there, locked with a passphrase.

    Raises:
        ConfigError: the file lies in the home, or is exposed.
        RequestError: no passphrase, or two different ones.
    """
    place = homes.outside(path, config.home)
    if place.exists():
        return unlock_key(place, ask), place
    return operator.create(place, homes.passphrase(ask, "the recovery key")), place


def throwaway_key() -> KeySigner:
    """A key that is nowhere but in memory, to try something with."""
    return KeySigner(Ed25519PrivateKey.generate(), "same-user")


def can_notify() -> bool:
    """Can a person be told on this machine that something waits?"""
    return available()


def begun(config: Config) -> bool:
    """Is there a log of this home?"""
    return (config.home / (LOG_KEY if config.database else DATABASE)).exists()


def _store(config: Config) -> Store:
    """Where the log of this home lives.

    Raises:
        ConfigError: what PostgreSQL needs is not installed.
        UnavailableError: it cannot be opened.
    """
    if not config.database:
        return SqliteStore(config.home)
    try:
        from assent.stores.postgres import PostgresStore
    except ImportError as error:
        text = "`database` names a PostgreSQL, and what speaks to one is not installed"
        raise ConfigError("extra_missing", text, help="pip install 'assent[postgres]'") from error
    prepare(config.home, filesystem(config.home))  # keys and policies lie there all the same
    return PostgresStore(config.database, config.home / "values")


@contextmanager
def read_home(config: Config) -> Iterator[Reader]:
    """One snapshot of the log of this home as it stands.

    Raises:
        ConfigError, UnavailableError: as `read_log` and `open_home`.
    """
    if not config.database:
        with view(config.home / DATABASE) as reader:
            yield reader
        return
    store = _store(config)
    try:
        with store.read() as reader:
            yield reader
    finally:
        store.close()


@contextmanager
def read_log(path: Path) -> Iterator[Reader]:
    """One snapshot of a log database as it stands: nothing is made, recovered or changed.

    Args:
        path: a home, or a log database of one.

    Raises:
        ConfigError: it is not a log database.
        UnavailableError: it is not there, or cannot be read.
    """
    file = path / DATABASE if path.is_dir() else path
    if path.is_dir() and not file.exists():
        config = load(path, os.environ)
        if config.database:
            with read_home(config) as reader:
                yield reader
            return
    with view(file) as reader:
        yield reader


def open_witness(folder: Path) -> tuple[WitnessBook, WitnessKey, KeySigner]:
    """What a witness remembers, its name and public key, and its private key; made if missing.

    Raises:
        ConfigError: its key is exposed or damaged.
        UnavailableError: the folder or its files cannot be read or written.
    """
    from assent.stores.book import WitnessBook

    book = WitnessBook(folder)
    path = folder / WITNESS_KEY
    if not path.exists():
        with suppress(ConfigError):  # another process was faster
            key_files.create(path)
    signer = key_files.load(path)
    return book, WitnessKey(f"assent-witness/{digest(signer.public)[7:23]}", signer.public), signer


def open_place(where: str) -> Place:
    """Where a log is published: a directory, or a bucket if it is a URL.

    Raises:
        ConfigError: it is a URL of nothing that is known, or the extra `objects` is not installed.
    """
    if "://" in where:
        from assent.stores.bucket import Bucket

        return Bucket(where)
    return Directory(Path(where))
