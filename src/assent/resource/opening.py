"""An executor from what its operator writes down: a name, the home's keys, a store. Opens no home."""

from __future__ import annotations

import time
from pathlib import Path

from assent.errors import ConfigError, ProofError
from assent.identity.permits import Trust
from assent.keys import file as key_files
from assent.ports import Consumption
from assent.resource.executor import Executor
from assent.resource.remote import RemoteConsumption
from assent.stores.consumed import SqliteConsumption


def executor(audience: str, keys: Path, store: str, key: Path | None = None) -> Executor:
    """The executor of one audience, ready to take permits.

    Args:
        audience: the name that the gateway has for this server.
        keys: the file that `assent permits jwks` wrote.
        store: one for all processes of this audience: `https://HOME/` asks the home, which knows of every
            revocation; `postgresql://…` or the path of an SQLite file is a store of its own.
        key: file of the key that signs outcomes, made if missing; None for none.

    Raises:
        ConfigError: no store, no usable keys, or PostgreSQL's library is not installed.
        UnavailableError: the store or a key cannot be opened.
    """
    if not store:
        help = "give it one store for all its processes: see docs/permits.md"
        raise ConfigError("no_consumption", "an executor needs a name and a consumption store", help=help)
    try:
        trust = Trust.parse(keys.read_bytes())
    except (OSError, ProofError) as error:
        help = "write it at the home with: assent permits jwks"
        raise ConfigError("issuer_keys", f"`{keys}` holds no keys of an issuer: {error}", help=help) from error
    return Executor(audience, trust, _consumption(store), key_files.load_or_make(key) if key else None)


def _consumption(store: str) -> Consumption:
    if store.startswith(("https://", "http://")):
        return RemoteConsumption(store)
    if store.startswith(("postgresql://", "postgres://")):
        try:
            from assent.stores.consumed_postgres import PostgresConsumption
        except ImportError as error:
            text = "the store is a PostgreSQL, and what speaks to one is not installed"
            raise ConfigError("extra_missing", text, help="pip install 'assent[postgres]'") from error
        return PostgresConsumption(store, time.time)
    return SqliteConsumption(Path(store).absolute(), time.time)
