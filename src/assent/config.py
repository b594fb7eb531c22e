"""Settings: `assent.toml` in the home, then the environment; nothing global.

No setting turns fail-closed into fail-open. An unknown key is an error, for a
misspelt one would silently be a default.
"""

from __future__ import annotations

import getpass
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from assent.errors import ConfigError
from assent.model.issuer import Client, Issuer, clients, issuers

#: A file of the home that says that it has been given credentials.
CREDENTIALS = "credentials"
#: Clients give a tool call up at about 60 s.
LONGEST_WAIT = 50.0
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_POSTGRES = ("postgresql://", "postgres://")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
#: Names of the environment beside the settings: not settings, so not refused.
_NOT_SETTINGS = frozenset(
    {"ASSENT_HOME", "ASSENT_KEY", "ASSENT_PRINCIPAL", "ASSENT_SESSION", "ASSENT_SOAK", "ASSENT_TOKEN"}
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one home.

    Args:
        home: absolute path.
        user: name of the person who owns local agents; `User::"local/NAME"`.
        approval_wait: seconds an escalated call is held for an answer, 0 to 50.
        max_body: most bytes of one message.
        prior_limit: most bytes of one file kept before a write; a larger one is irreversible.
        sidecar_days: days that clear values are kept beside the log.
        show_values: whether notifications may show argument values.
        bundle_max_age_hours: how long the last good bundle stays in force while files are broken.
        private: patterns of paths that only a person may let out, beside those that are known.
        detectors: further secret detectors by name; `[detectors] use`.
        witness_required: whether decisions wait for independent witnesses; `[witness] required`.
        witness_max_lag: seconds that a receipt may wait for them then; `[witness] max_lag`.
        timestamp_url: a time-stamp authority (RFC 3161) for checkpoints; `[timestamp] url`.
        timestamp_certificate: PEM file of the certificates that it must chain to; `[timestamp] certificate`.
        token_issuer: the https address under which this home issues tokens, also what tokens for it are meant for;
            `[token] issuer`.
        token_audiences: what else it issues tokens for; `[token] audiences`.
        token_life: seconds that a token which it issues lives; `[token] life`.
        issuers: whose tokens say who somebody is; `[[issuers]]`.
        clients: who exchanges tokens with a secret, having no key; `[[clients]]`.
        permits_home: servers that take permits and use them up at this home; `[permits] home`.
        permits_own: servers that take permits and use them up in a store of their own; `[permits] own`.
        credentials_key_command: prints the key that credentials are sealed with, instead of `credentials.key`;
            `[credentials] key_command`.
        database: PostgreSQL that holds the log instead of `assent.db`; empty for the file in the home.
    """

    home: Path
    user: str
    approval_wait: float = 45.0
    max_body: int = 16 * 1024 * 1024
    prior_limit: int = 4 * 1024 * 1024
    sidecar_days: int = 30
    show_values: bool = False
    bundle_max_age_hours: int = 24
    private: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    witness_required: bool = False
    witness_max_lag: int = 60
    timestamp_url: str = ""
    timestamp_certificate: str = ""
    token_issuer: str = ""
    token_audiences: tuple[str, ...] = ()
    token_life: int = 300
    issuers: tuple[Issuer, ...] = ()
    clients: tuple[Client, ...] = ()
    permits_home: tuple[str, ...] = ()
    permits_own: tuple[str, ...] = ()
    credentials_key_command: tuple[str, ...] = ()
    database: str = field(default="", repr=False)  # may hold a password


#: Setting → (smallest, largest); the type is the field's.
_BOUNDS: dict[str, tuple[float, float]] = {
    "approval_wait": (0, LONGEST_WAIT),
    "max_body": (1024, 256 * 1024 * 1024),
    "prior_limit": (0, 256 * 1024 * 1024),
    "sidecar_days": (1, 3650),
    "bundle_max_age_hours": (1, 24 * 30),
    "witness_max_lag": (10, 86_400),
    "token_life": (30, 900),
}
#: Tables of the file whose settings have its name before theirs elsewhere.
_TABLES = ("witness", "timestamp", "token", "permits", "credentials")
_LISTS = ("private", "token_audiences", "permits_home", "permits_own", "credentials_key_command")
_STAMPS = ("timestamp_url", "timestamp_certificate")
_YES_OR_NO = ("show_values", "witness_required")
#: https; http on this machine alone.
_OWN_ADDRESS = re.compile(
    r"(https://|http://(127\.0\.0\.1|localhost|\[::1\])(?=[:/]|\Z))[^/?#\s][^?#\s]{0,300}(?<!/)\Z|"
)
SETTINGS = tuple(one.name for one in fields(Config) if one.name != "home")


def load(home: Path | None, environ: Mapping[str, str]) -> Config:
    """The settings of a home: defaults, then `assent.toml`, then `ASSENT_…`.

    Args:
        home: the directory; None for `ASSENT_HOME`, else `~/.assent`.
        environ: the environment.

    Raises:
        ConfigError: unknown key, wrong type, or out of bounds; says where and what to write.
    """
    place = home or Path(environ.get("ASSENT_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".assent")
    place = Path(os.path.abspath(place))
    values = _file(place / "assent.toml") | _environment(environ)
    if (missing := [name for name in _STAMPS if name not in values]) and len(missing) < len(_STAMPS):
        help = "an authority counts by its certificate: give both, or neither"
        raise ConfigError("bad_setting", f"`{missing[0]}` is missing", help=help)
    return Config(home=place, user=str(values.pop("user", "") or _login(environ)), **values)  # type: ignore[arg-type]


def holds_credentials(home: Path) -> bool:
    """Has this home ever been given a credential? Only a hint: the store decides."""
    return (home / CREDENTIALS).exists()


def _login(environ: Mapping[str, str]) -> str:
    name = environ.get("USER") or environ.get("LOGNAME")
    if not name:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = ""
    return name if _USER.match(name) else f"uid-{os.getuid() if hasattr(os, 'getuid') else 0}"


def _file(path: Path) -> dict[str, object]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("config_unreadable", f"`{path}` cannot be read: {error}") from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            "config_syntax", f"`{path}` is not TOML: {error}", help="correct the line it names"
        ) from error
    return {name: _checked(name, value, str(path)) for name, value in _flat(found, str(path))}


def _flat(found: Mapping[str, object], where: str) -> Iterator[tuple[str, object]]:
    """Names and values with those of tables under their full names, which the file itself may not use."""
    for name, value in found.items():
        table = name.partition("_")[0]
        if table not in _TABLES:
            yield name, value
            continue
        if name != table or not isinstance(value, dict):
            help = f"write `[{table}]` and its settings below"
            raise ConfigError("bad_setting", f"{where}: `{name}` expected the table `{table}`", help=help)
        yield from ((f"{table}_{one}", below) for one, below in value.items())


def _environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Only names of settings count; others with our prefix are refused, so that none is misspelt."""
    found: dict[str, object] = {}
    for name, text in environ.items():
        if not name.startswith("ASSENT_") or name in _NOT_SETTINGS:
            continue
        setting = name.removeprefix("ASSENT_").lower()
        found[setting] = _checked(setting, _typed(setting, text), f"environment `{name}`")
    return found


def _typed(setting: str, text: str) -> object:
    """The value that a text of the environment means, or the text itself if it means none."""
    if setting in ("user", "database", "token_issuer", *_STAMPS):
        return text
    if setting in _YES_OR_NO:
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,3}", text) else text


def _texts(setting: str, value: object, where: str) -> tuple[str, ...]:
    """A list of texts that name something."""
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        help = f'write, for example, `{setting.rpartition(".")[2]} = ["…"]`'
        raise ConfigError("bad_setting", f"{where}: `{setting}` expected a list of texts, got `{value}`", help=help)
    return tuple(value)


def _checked(setting: str, value: object, where: str) -> object:
    if setting in _LISTS:
        return _texts(setting, value, where)
    if setting in ("issuers", "clients"):
        return issuers(value, where) if setting == "issuers" else clients(value, where)
    if setting == "token_issuer":
        if not isinstance(value, str) or not _OWN_ADDRESS.fullmatch(value):
            help = 'write, for example, `issuer = "https://assent.example.org"`, without a slash at its end'
            raise ConfigError("bad_setting", f"{where}: `token_issuer` expected an https address", help=help)
        return value
    if setting == "detectors":
        if not isinstance(value, dict) or value.keys() != {"use"}:
            help = 'write `[detectors]` and below it `use = ["detect-secrets"]`'
            raise ConfigError("bad_setting", f"{where}: `detectors` expected a table with `use`", help=help)
        return _texts("detectors.use", value["use"], where)
    if setting not in SETTINGS:
        help = f"settings are: {', '.join(SETTINGS)}"
        raise ConfigError("unknown_setting", f"{where}: there is no setting `{setting}`", help=help)
    if setting == "user":
        if not isinstance(value, str) or not _USER.match(value):
            raise ConfigError("bad_setting", f"{where}: `user` is not a name: expected letters, digits, `._-`")
        return value
    if setting == "database":
        if not isinstance(value, str) or not value.startswith(_POSTGRES):
            help = 'write, for example, `database = "postgresql://assent@localhost/assent"`, the password in PGPASSFILE'
            raise ConfigError("bad_setting", f"{where}: `database` is no address of a PostgreSQL database", help=help)
        return value
    if setting in _STAMPS:
        wanted = "an http(s) address" if setting == "timestamp_url" else "the name of a file"
        fits = isinstance(value, str) and (setting != "timestamp_url" or value.startswith(("https://", "http://")))
        if not fits or not value:
            raise ConfigError("bad_setting", f"{where}: `{setting}` expected {wanted}, got `{value}`")
        return value
    if setting in _YES_OR_NO:
        if not isinstance(value, bool):
            raise ConfigError("bad_setting", f"{where}: `{setting}` expected true or false, got `{value}`")
        return value
    low, high = _BOUNDS[setting]
    whole = setting != "approval_wait"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        text = f"{where}: `{setting}` expected {kind} from {low:g} to {high:g}, got `{value}`"
        raise ConfigError("bad_setting", text, help=f"write, for example, `{setting} = {low:g}`")
    return value if whole else float(value)
