"""The key that upstream secrets lie encrypted under: a file of the home, or whatever a command prints.

A command is how a key stays elsewhere: in the keyring of the system, in a vault, or
unwrapped by a KMS. What it prints is held in memory and written nowhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assent_verify.canonical import canonicalize

from assent.errors import UnavailableError
from assent.keys.seal import Seal, load_or_make
from assent.model.credential import Credential, Secret

FILE = "credentials.key"
_BYTES, _PATIENCE_S, _MOST = 32, 15.0, 4_096


class Custody:
    """`ports.Custody` under one key.

    Args:
        seal: what seals under it.
    """

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def __repr__(self) -> str:
        return "Custody()"  # never the key

    def sealed(self, credential: Credential, secret: Secret) -> Credential:
        """The credential with this secret in it."""
        told = {"audience": secret.audience, "scope": secret.scope, "secret": secret.text}
        token = self._seal.close(canonicalize(told), _bound(credential))
        return replace(credential, sealed=token.encode())

    def opened(self, credential: Credential) -> Secret:
        """The secret of a credential.

        Raises:
            UnavailableError: `credential_unreadable`: sealed under another key, or its row was changed since.
        """
        found = self._seal.open(credential.sealed.decode("ascii", "replace"), _bound(credential))
        if found is None:
            text = f"the credential `{credential.name}` does not open: another key sealed it, or its row was changed"
            raise UnavailableError("credential_unreadable", text, help="restore the key, or remove it and add it again")
        told = json.loads(found[0])
        return Secret(told["secret"], told["scope"], told["audience"])


def load(home: Path, command: Sequence[str]) -> Custody:
    """What seals credentials; without a command the file is made at first use.

    Args:
        command: program and arguments, started without a shell; prints 32 bytes as base64.

    Raises:
        ConfigError: the file is exposed or damaged.
        UnavailableError: `credentials_key_unavailable`: the command gave no key, or the file cannot be read or made.
    """
    return Custody(Seal(_printed(command)) if command else load_or_make(home / FILE))


def _bound(credential: Credential) -> bytes:
    """For what, and for whom, it was sealed: a row that says otherwise does not open."""
    return canonicalize(
        {
            "credential": credential.name,
            "how": credential.how,
            "principals": list(credential.principals),
            "server": credential.server,
        }
    )


def _printed(command: Sequence[str]) -> bytes:
    help = "run the command of `[credentials] key_command` by itself; it prints 32 bytes as base64"
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own setting
            list(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        text = f"`{command[0]}` gave no key for credentials: {type(error).__name__}"
        raise UnavailableError("credentials_key_unavailable", text, help=help) from error
    if done.returncode != 0:
        text = f"`{command[0]}` gave no key for credentials: it ended with {done.returncode}"
        raise UnavailableError("credentials_key_unavailable", text, help=help)
    try:
        key = base64.b64decode(done.stdout[:_MOST].strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        text = f"`{command[0]}` printed no key of {_BYTES} bytes"
        raise UnavailableError("credentials_key_unavailable", text, help=help)
    return key
