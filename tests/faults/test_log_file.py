"""What can befall the files of a log: a page torn in the last write, and a second home on the same file."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from assent_verify.note import VerifierKey

from assent.errors import UnavailableError
from assent.keys import file
from assent.stores.sqlite import DATABASE, SqliteStore
from tests.faults.worker import ORIGIN, opened
from tests.stores.audit import audit
from tests.stores.places import durable_directory

SOAK = bool(os.environ.get("ASSENT_SOAK"))
#: Places at which the last write is cut, of some 12 KiB.
CUTS = 2_000 if SOAK else 60


@pytest.mark.soak
def test_a_torn_last_write_takes_nothing_that_was_acknowledged() -> None:
    """Wherever the power cut the last write, whatever stands behind the cut: the leaf before it is there, and the
    log goes on; the torn leaf is there whole or not at all."""
    chance, whole = random.Random(5), 0
    with durable_directory() as path:
        public = VerifierKey(ORIGIN, file.create(path / "log.key").public)
        before, after = path / "before", path / "after"
        store, log = opened(path / "home", path / "log.key")
        for text in (b"one", b"two"):
            log.submit(lambda tx, text=text: tx.append(text), durable=True).result()
        shutil.copytree(path / "home", before)
        log.submit(lambda tx: tx.append(b"three"), durable=True).result()
        shutil.copytree(path / "home", after)
        log.close()
        store.close()
        wal = f"{DATABASE}-wal"
        old, new = (before / wal).read_bytes(), (after / wal).read_bytes()
        changed = [at for at, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
        assert changed, "the write grew the file, and did not take the place of what stood there"
        for number in range(CUTS):
            home = path / f"torn-{number}"
            shutil.copytree(before, home)
            (home / f"{DATABASE}-shm").unlink()  # no power cut leaves it
            cut = chance.randrange(changed[0], changed[-1] + 2)
            rest = (old[cut:], bytes(len(new) - cut), chance.randbytes(len(new) - cut))[number % 3]
            (home / wal).write_bytes(new[:cut] + rest)
            store, log = opened(home, path / "log.key")
            with store.read() as reader:
                found = [leaf for _, leaf in reader.leaves()]
            assert found in ([b"one", b"two"], [b"one", b"two", b"three"])
            whole += len(found) == 3
            log.submit(lambda tx: tx.append(b"next"), durable=True).result()
            log.close()
            assert audit(store, public) == len(found) + 1
            store.close()
            shutil.rmtree(home)
    print(f"\n{CUTS} torn writes: {whole} had been whole, {CUTS - whole} are not there, nothing acknowledged lost")
    assert whole < CUTS


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_two_homes_on_one_file_are_refused(link: object) -> None:
    """A link to the log of another home has a write-ahead log and a turn of its own: it is not opened, and the
    first home goes on."""
    with durable_directory() as path:
        file.create(path / "log.key")
        store, log = opened(path / "home", path / "log.key")
        log.submit(lambda tx: tx.append(b"one"), durable=True).result()
        other = path / "other"
        other.mkdir(mode=0o700)
        link(path / "home" / DATABASE, other / DATABASE)  # type: ignore[operator]
        with pytest.raises(UnavailableError, match="link"):
            SqliteStore(Path(other))
        log.submit(lambda tx: tx.append(b"two"), durable=True).result()
        log.close()
        store.close()
