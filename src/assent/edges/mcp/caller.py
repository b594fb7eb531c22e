"""Who calls: what the command line says of it, the program that started this one, and the session it joins."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assent.catalog.analysis import SHARED
from assent.errors import RefusedError
from assent.identity import names
from assent.inform.process import process_text, program
from assent.model.ids import PrincipalId
from assent.model.principal import Principal
from assent.model.session import Session

if TYPE_CHECKING:
    from assent.enforce.session import Sessions
    from assent.identity.presented import Presented
    from assent.ports import Clock, Notifier, Signer
    from assent.record.log import Log

logger = logging.getLogger("assent.gateway")


@dataclass(frozen=True, slots=True)
class Caller:
    """What the command line says of who calls.

    Args:
        principal: `--as` or ASSENT_PRINCIPAL; empty for the parent program.
        key: the file of the key that proves it, `--key` or ASSENT_KEY; None for none.
        delegation: `--delegation`: the last link of the chain that it acts under, or the file of a chain from
            elsewhere; empty for the only one that was given to it.
        session: `--session` or ASSENT_SESSION: one that a person opened; empty for the client's own.
        token: the file of the token that says who calls, `--token` or ASSENT_TOKEN; None for none.
    """

    principal: str = ""
    key: Path | None = None
    delegation: str = ""
    session: str = ""
    token: Path | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """The program that started this one.

    Args:
        name: its program name, ASCII.
        key: boot id, pid and start time: what its session belongs to.
        process: the same of this process.
    """

    name: str
    key: str
    process: str


class Home(Protocol):
    """What joining needs of an opened home."""

    @property
    def log(self) -> Log: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def notifier(self) -> Notifier: ...
    def prove(self, key: Path) -> str:
        """The id of the authenticator whose private key this file holds."""

    def present(self, token: Path, key: Path | None) -> Presented:
        """Who the token in this file stands for, with the key that it is bound to."""

    def authority(self) -> Signer:
        """What may sign any link of a chain."""


def parent() -> Client:
    """The program that started this process; its session outlives none of the two."""
    pid = os.getppid()
    return Client(program(pid), process_text(pid), process_text(os.getpid()))


def principal_of(text: str, user: str, client: str) -> Principal:
    """`--as`, else the parent program; what a client says of itself is a label, never an identity.

    Raises:
        RequestError: `bad_principal`.
    """
    owner = PrincipalId(f'User::"local/{user}"')
    if not text:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", client).strip("-.")[:48] or "unknown"
        return Principal("Agent", f"local/{name}", owner)
    kind, name = names.parse(text)
    return Principal(kind, name, None if kind == "User" else owner)


async def join(home: Home, caller: Caller, principal: Principal, client: Client) -> Session:
    """The session of this caller; a person is told when its key is in use by another program.

    Raises:
        AssentError: who calls has not proven to be who they say, or may not join, or the home cannot be written.
    """
    from assent.enforce.session import Proven

    delegation = _taken(home, caller.delegation)
    if caller.token:
        shown = home.present(caller.token, caller.key)
        principal = _stands_for(shown, replace(caller, delegation=delegation))
        proven = Proven(shown.key, shown.delegation or delegation, caller.session, shown)
    else:
        proven = Proven(home.prove(caller.key) if caller.key else "", delegation, caller.session)
    session = await home.sessions.join(principal, client.key, client.process, proven)
    if SHARED in session.labels:  # one of the two may have stolen it
        text = f"the key of {principal.id} is in use by another program. See: assent principals review"
        logger.warning("%s", text)
        home.notifier.notify("Assent", text)
    return session


def _stands_for(shown: Presented, caller: Caller) -> Principal:
    """Who a token says it is, if the command line says nothing else.

    Raises:
        RefusedError: `not_proven`. RequestError: `bad_principal`.
    """
    if caller.principal and names.id_of(caller.principal) != shown.principal:
        raise RefusedError("not_proven", "the token does not stand for the principal that --as names")
    if caller.delegation and shown.delegation not in ("", caller.delegation):
        raise RefusedError("not_proven", "the token does not stand on the delegation that --delegation names")
    kind, name = names.parse(shown.principal)
    return Principal(kind, name, None)


def _taken(home: Home, delegation: str) -> str:
    """The id of a delegation; a chain that is given as a file is verified link by link and taken in.

    Raises:
        ProofError: a link does not hold.
        AssentError: somebody in it is not enrolled, or it was taken back.
        OSError: there is no such file.
    """
    if not delegation or delegation.startswith("dlg_"):
        return delegation
    from assent.admin.delegations import add
    from assent.identity import jwk
    from assent.identity.chainfile import LARGEST, ChainFile

    with Path(delegation).open("rb") as file:
        data = file.read(LARGEST + 1)
    authority = frozenset({jwk.thumbprint(home.authority().public)})
    return add(home.log, ChainFile.parse(data), home.clock.now(), authority)[-1].id
