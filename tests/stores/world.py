"""Values that store and log tests write: one of each kind, easily varied."""

from __future__ import annotations

import hashlib
import time

from assent_verify.note import VerifierKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.model.approval import Answer, Approval, Asked
from assent.model.credential import Credential
from assent.model.decision import PolicyRef
from assent.model.delegation import Delegation
from assent.model.grant import Grant, Limits
from assent.model.ids import (
    ActionDigest,
    ApprovalId,
    AttemptId,
    DelegationId,
    Digest,
    LeafIndex,
    PermitId,
    PolicyId,
    PrincipalId,
    SessionId,
)
from assent.model.permit import Minted
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.revocation import Revocation
from assent.model.session import Session
from assent.ports import Attempt, AttemptState, Once, Outgoing, Spent

AGENT, OWNER = PrincipalId('Agent::"local/tester"'), PrincipalId('User::"local/owner"')


def sha(text: str) -> Digest:
    """A digest that differs with its text."""
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def a_session(name: str = "one", **changes: object) -> Session:
    """An open session with every member set."""
    values: dict[str, object] = {
        "id": SessionId(f"ses_{name}"),
        "principal": AGENT,
        "owner": OWNER,
        "client": f"boot:1:{name}",
        "opened": 1,
        "version": 3,
        "labels": frozenset({"secret", "untrusted"}),
        "seq": 2,
        "head": sha(name),
    }
    return Session(**(values | changes))  # type: ignore[arg-type]


def an_attempt(name: str = "one", state: AttemptState = "executing", **changes: object) -> Attempt:
    """An attempt with every member set."""
    values: dict[str, object] = {
        "id": AttemptId(f"att_{name}"),
        "session": SessionId("ses_one"),
        "action": ActionDigest(sha("action")),
        "sameness": sha("same"),
        "server": "files",
        "tool": "write_file",
        "node": "node_1",
        "state": state,
        "permit": PermitId("prm_1"),
        "decision": 4,
        "deadline": 9,
        "read": True,
    }
    return Attempt(**(values | changes))  # type: ignore[arg-type]


def an_approval(name: str = "one", **changes: object) -> Approval:
    """An approval with one rule asked and one answer given."""
    answer = Answer(OWNER, "approve", "passphrase", sha("key"), "c2ln", '{"a":1}', 7)
    values: dict[str, object] = {
        "id": ApprovalId(f"apr_{name}"),
        "attempt": AttemptId("att_one"),
        "session": SessionId("ses_one"),
        "principal": AGENT,
        "owner": OWNER,
        "server": "files",
        "tool": "write_file",
        "action": ActionDigest(sha("action")),
        "commitment": sha("commitment"),
        "asked": (Asked("deny-writes", sha("text"), "owner", 2, True, "passkey"),),
        "facts": sha("facts"),
        "card": '{"tool":"write_file"}',
        "refusal": sha("refusal"),
        "created": 1,
        "expires": 2,
        "status": "pending",
        "answers": (answer,),
        "salt": b"salt",
    }
    return Approval(**(values | changes))  # type: ignore[arg-type]


def a_delegation(name: str = "one", **changes: object) -> Delegation:
    """A delegation with every member set."""
    values: dict[str, object] = {
        **{"id": DelegationId(f"dlg_{name}"), "session": SessionId("ses_one"), "principal": AGENT},
        **{"server": "files", "tool": "write_file", "by": OWNER, "assurance": "passphrase"},
        **{"approval": ApprovalId("apr_one"), "card": "{}", "lifts": (PolicyRef(PolicyId("p"), sha("p")),)},
        **{"count": 3, "used": 1, "created": 5, "expires": 9, "status": "live", "salt": b"salt"},
    }
    return Delegation(**(values | changes))  # type: ignore[arg-type]


class TestKey:
    """A log key in memory."""

    __test__ = False
    assurance = "same-user"

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()
        self.signed: list[bytes] = []

    def find(self, vkey: str) -> TestKey | None:
        return self if VerifierKey.parse(vkey).public == self.public else None

    def sign(self, message: bytes) -> bytes:
        self.signed.append(message)
        return self._key.sign(message)


class RealClock:
    """The machine's time."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        return time.monotonic_ns() // 1_000_000


#: One record of every kind, no member as it is by default.
RECORDS: tuple[object, ...] = (
    Enrolled(
        PrincipalId('Agent::"ci/builder"'),
        'User::"local/ana"',
        Principal(
            "Agent", "ci/builder", PrincipalId('User::"local/ana"'), ("ops", "qa"), "disabled", 3, "claude", "4.5"
        ),
        created=1,
        last_used=2,
    ),
    Authenticator("key:abc", PrincipalId('Agent::"ci/builder"'), "{}", "disabled", 1, 2),
    Grant(
        id=DelegationId("dlg_1"),
        parent="dlg_0",
        issuer=PrincipalId('User::"local/ana"'),
        subject=PrincipalId('Agent::"ci/builder"'),
        limits=Limits(("effect:read",), ("pg",), {"path": ("/srv/",)}, "context.depth < 3", "{}", 20, 2),
        not_before=1,
        expires=2,
        digest=Digest(sha("token")),
        token="a.b.c",
        key="jkt",
        session=SessionId("ses_1"),
        task=sha("task"),
        created=3,
        status="revoked",
    ),
    Revocation("server", "pg", 1, 2),
    Minted(
        PermitId("prm_1"),
        AttemptId("att_1"),
        "pg",
        SessionId("ses_1"),
        PrincipalId('Agent::"ci/builder"'),
        (DelegationId("dlg_1"),),
        LeafIndex(7),
        sha("leaf"),
        expires=60,
        epoch=3,
        own=True,
        state="consumed",
    ),
    Credential("pg-main", "pg", "env:PGPASSWORD", ('Agent::"ci/builder"',), b"\x00sealed", 1, 2, 3, 4, "removed"),
    Spent("dlg_1", "calls", 3),
    Once("jti", 9),
    Outgoing("out_1", "ssf", "idp", "{}", 1, 2, 3),
)
