"""A writer of sample logs, deterministic: for test vectors, tests and benchmarks.

It shares the formats of `assent_verify` and nothing of the program Assent.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from assent_verify.bundle import Header, write
from assent_verify.canonical import canonicalize, canonicalize_leaf, digest
from assent_verify.checkpoint import SYSTEM, Checkpoint, heads_line
from assent_verify.merkle import Frontier, leaf_hash
from assent_verify.note import VerifierKey, sign
from assent_verify.receipt import (
    APPROVAL_PREFIX,
    OUTCOME_PREFIX,
    PARTS,
    commit,
    commit_parts,
    system_statement,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

START = 1_780_000_000_000  # ms since the epoch
ORIGIN = "assent/sample"
USER = 'User::"local/operator"'
AGENT = 'Agent::"local/agent"'


def private_key(name: str) -> Ed25519PrivateKey:
    """The same key for the same name, always; good for samples only."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def identifier(prefix: str, name: str) -> str:
    """An id as Assent draws them, from a name instead of at random."""
    random = sha256(name.encode()).digest()[:16]
    return f"{prefix}_{base64.b32encode(random).decode().rstrip('=').lower()}"


def time(ms: int) -> str:
    """RFC 3339 with milliseconds."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


@dataclass
class SampleLog:
    """A log in memory; every method appends one leaf and returns its index."""

    leaves: list[bytes] = field(default_factory=list)
    checkpoints: list[tuple[int, bytes]] = field(default_factory=list)
    disclosed: list[tuple[int, bytes, Mapping[str, object]]] = field(default_factory=list)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    now: int = START
    frontier: Frontier = field(default_factory=Frontier)
    systems: Frontier = field(default_factory=Frontier)
    log_private: Ed25519PrivateKey = field(default_factory=lambda: private_key("log"))
    operator: Ed25519PrivateKey = field(default_factory=lambda: private_key("operator"))
    bundle: str = ""
    allows: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> VerifierKey:
        """The log's key."""
        return VerifierKey(ORIGIN, self.log_private.public_key().public_bytes_raw())

    @property
    def public(self) -> bytes:
        """The operator's raw public key."""
        return self.operator.public_key().public_bytes_raw()

    def add(self, body: Mapping[str, object], session: str = "") -> int:
        """Append a leaf; the members all leaves share are filled in unless given."""
        self.now += 7
        whole: dict[str, object] = {"v": 1, "time": time(self.now), "node": identifier("node", "node"), **body}
        if session:
            seq, prev = self.heads.get(session, (0, ""))
            whole.setdefault("session", {"id": session, "seq": seq, "prev": prev})
        data = canonicalize_leaf(whole)
        hash = leaf_hash(data)
        self.leaves.append(data)
        self.frontier.append(hash)
        if whole["kind"] == "system":
            self.systems.append(hash)
        if session:
            self.heads[session] = (self.heads.get(session, (0, ""))[0] + 1, f"sha256:{hash.hex()}")
        return len(self.leaves) - 1

    def salt(self) -> bytes:
        """A salt for the next leaf."""
        return sha256(b"salt %d" % self.frontier.size).digest()[:16]

    def system(self, event: str, subject: Mapping[str, object], signer: Ed25519PrivateKey | None = None) -> int:
        """A system leaf, signed if a signer is given."""
        body: dict[str, object] = {"kind": "system", "event": event, "subject": subject}
        if signer:
            signature = signer.sign(system_statement(event, subject, time(self.now + 7)))
            body["key"] = digest(signer.public_key().public_bytes_raw())
            body["assurance"] = "passphrase"
            body["signature"] = base64.b64encode(signature).decode()
        return self.add(body)

    def genesis(self) -> int:
        """The first leaf."""
        return self.system("genesis", {"origin": ORIGIN, "log_key": str(self.key), "operator": USER})

    def enrol(self, key: Ed25519PrivateKey, user: str, signer: Ed25519PrivateKey, server: str = "") -> int:
        """A person's key, or that of the executor of a server."""
        public = key.public_key().public_bytes_raw()
        encoded = base64.b64encode(public).decode()
        subject = {"user": user, "key": encoded, "fingerprint": digest(public)}
        return self.system("enrol", subject | ({"server": server} if server else {}), signer)

    def gap(self, attempt: str) -> str:
        """The outcome of an attempt is overdue; the hash that a late outcome names."""
        self.system("gap", {"attempt": attempt, "deadline": time(self.now), "decision": self.allows[attempt]})
        return "sha256:" + leaf_hash(self.leaves[-1]).hex()

    def activate(self, name: str) -> int:
        """A policy bundle takes force."""
        subject = {"bundle": digest(name.encode()), "catalog": digest(b"catalog"), "previous": self.bundle}
        self.bundle = digest(name.encode())
        return self.system("activation", subject, self.operator)

    def begin(self) -> None:
        """Genesis, the operator's key, a bundle."""
        self.genesis()
        self.enrol(self.operator, USER, self.operator)
        self.activate("bundle one")

    def open(self, session: str, labels: Sequence[str] = (), inherits: str = "", task: str = "") -> int:
        """A session opens."""
        salt = self.salt()
        if task:
            self.disclosed.append((len(self.leaves), salt, {"task": task}))
        body = {"kind": "session", "event": "open", "principal": AGENT, "owner": USER, "labels": list(labels)}
        return self.add({**body, "inherits": inherits, "task": commit(salt, "task", task) if task else ""}, session)

    def close(self, session: str, reason: str = "ended") -> int:
        """A session ends."""
        index = self.add({"kind": "session", "event": "close", "reason": reason}, session)
        del self.heads[session]
        return index

    def decide(self, session: str, attempt: str, /, verdict: str = "allow", **members: object) -> int:
        """A decision on writing a file; an allow comes with its permit."""
        salt, allow = self.salt(), verdict == "allow"
        arguments = {"content": f"text for {attempt}\n", "path": "notes/é.txt"}
        action = digest(canonicalize({"arguments": arguments, "attempt": attempt}))
        facts: dict[str, object] = {name: {} for name in PARTS}
        facts |= {"action": {"arguments": arguments}, "context": {"share": 0.25, "time": self.now, "used": []}}
        values = {"action": action, "arguments": arguments, "facts": facts, "tool": "write_file"}
        values |= {"resource": 'Server::"files"'}
        body: dict[str, object] = {
            "v": 2,
            "resource": commit(salt, "resource", values["resource"]),
            "kind": "decision",
            "attempt": attempt,
            "principal": AGENT,
            "owner": USER,
            "chain": [],
            "action": {
                "server": "files",
                "method": "tools/call",
                "tool": "write_file",
                "definition": digest(b"definition"),
                "digest": commit(salt, "action", action),
                "arguments": [commit(salt, f"argument:{n}", [n, v]) for n, v in sorted(arguments.items())],
                "referents": "",
            },
            "effects": ["write"],
            "reversibility": "reversible",
            "inferred": False,
            "facts": commit_parts(salt, {name: canonicalize(facts[name]) for name in PARTS}),
            "versions": {
                **{"bundle": self.bundle, "catalog": digest(b"catalog"), "schema": digest(b"schema")},
                **{"session": 0, "epoch": 0, "engine": "cedarpy 4.12.2"},
            },
            "decided": verdict,
            "verdict": verdict,
            "policies": [{"id": "starter/writes-inside-roots", "digest": digest(b"policy")}],
            "errors": 0,
            "reasons": ["permitted" if allow else "asks_owner"],
            "obligations": [],
            "approvals": [],
            "permit": identifier("prm", f"permit {self.frontier.size}") if allow else "",
            "audience": "files" if allow else "",
            "expires": time(self.now + 7 + 30_000) if allow else "",
        }
        self.disclosed.append((len(self.leaves), salt, values))
        index = self.add({**body, **members}, session)
        if allow:
            self.allows[attempt] = self.heads[session][1]
        return index

    def settle(self, session: str, attempt: str, /, status: str = "succeeded", **members: object) -> int:
        """The outcome of an allowed attempt."""
        salt, response = self.salt(), digest(b'{"content":[]}')
        body: dict[str, object] = {
            "kind": "outcome",
            "attempt": attempt,
            "decision": self.allows.get(attempt, digest(b"none")),
            "status": status,
            "attested": "gateway",
            "response": commit(salt, "response", response),
            "labels": ["untrusted"],
            "detail": "server_died" if status == "unknown" else "",
        }
        self.disclosed.append((len(self.leaves), salt, {"response": response}))
        return self.add({**body, **members}, session)

    def attest(
        self,
        session: str,
        attempt: str,
        key: Ed25519PrivateKey,
        /,
        signing: Mapping[str, str] | None = None,
        **members: object,
    ) -> int:
        """An outcome that its executor signs; it draws the salt and names the effect.

        Args:
            session: the session of the attempt.
            attempt: what it is the outcome of.
            key: the executor's.
            signing: members of the statement that are to be others than those of the leaf.
            members: members of the leaf.
        """
        salt, values = self.salt(), {"external": "tx-1", "response": digest(b'{"content":[]}')}
        made: dict[str, object] = {name: commit(salt, name, value) for name, value in values.items()}
        made |= {"status": "succeeded", **members}
        said = {"attempt": attempt, "decision": self.allows.get(attempt, digest(b"none")), "time": time(self.now)}
        said |= {name: str(made[name]) for name in ("external", "response", "status")}
        said |= signing or {}
        signature = base64.b64encode(key.sign(OUTCOME_PREFIX + canonicalize(said))).decode()
        shown = {"key": digest(key.public_key().public_bytes_raw()), "signature": signature, "time": said["time"]}
        made = {"attested": "executor", "executor": shown, **made}
        index = self.settle(session, attempt, **made)  # type: ignore[arg-type]
        self.disclosed[-1] = (index, salt, values)
        return index

    def answer(self, session: str, approval: str, attempt: str, /, verdict: str = "approve", **changes: object) -> int:
        """A person's signed answer; `signer`, `by` and members of the statement can be given."""
        signer = changes.pop("signer", self.operator)
        assert isinstance(signer, Ed25519PrivateKey)
        salt = sha256(approval.encode()).digest()[:16]
        statement: dict[str, object] = {
            "approval": approval,
            "attempt": attempt,
            "action": commit(salt, "action", attempt),
            "asked": [{"policy": "starter/deletes", "digest": digest(b"deletes"), "group": "owner", "quorum": 1}],
            "facts": commit(salt, "facts", "shown"),
            "verdict": verdict,
            "by": USER,
            "time": time(self.now + 7),
            "reason": commit(salt, "reason", "as agreed"),
            **changes,
        }
        body = {"approval": approval, "attempt": attempt, "by": statement["by"], "verdict": verdict}
        signed = {
            "kind": "approval",
            "assurance": "passphrase",
            "key": digest(signer.public_key().public_bytes_raw()),
            "statement": statement,
            "signature": base64.b64encode(signer.sign(APPROVAL_PREFIX + canonicalize(statement))).decode(),
        }
        return self.add({**body, **signed}, session)

    def checkpoint(self) -> None:
        """Sign the tree as it stands."""
        heads = [(id, seq, head) for id, (seq, head) in self.heads.items()]
        heads.append((SYSTEM, self.systems.size, f"sha256:{self.systems.root().hex()}"))
        size = self.frontier.size
        text = str(Checkpoint(ORIGIN, size, self.frontier.root(), (heads_line(heads),)))
        self.checkpoints.append((size, sign(text, self.key, self.log_private.sign)))

    def export(self, *, disclose: bool = True) -> bytes:
        """The whole log as an export file."""
        return b"".join(self.lines(disclose=disclose))

    def lines(self, *, disclose: bool = True) -> Iterator[bytes]:
        """The lines of the export file."""
        header = Header(ORIGIN, str(self.key), len(self.leaves))
        notes = [note for _, note in self.checkpoints]
        return write(header, self.leaves, notes, self.disclosed if disclose else ())


def sample() -> SampleLog:
    """32 leaves with every kind, every verdict and two people; sound, complete, disclosed."""
    log, second = SampleLog(), private_key("second")
    one, two = identifier("ses", "one"), identifier("ses", "two")
    attempts = [identifier("att", f"attempt {n}") for n in range(8)]
    approvals = [identifier("apr", f"approval {n}") for n in range(3)]
    log.begin()
    log.enrol(second, 'User::"team/reviewer"', log.operator)
    log.open(one, task="tidy up the notes")
    for attempt in attempts[:2]:
        log.decide(one, attempt)
        log.settle(one, attempt)
    log.checkpoint()
    log.open(two, ["untrusted"], inherits=one)
    log.decide(two, attempts[2], "deny", decided="escalate")
    log.decide(one, attempts[3], "escalate")
    asked = [{"policy": "team/deletes", "digest": digest(b"two"), "group": "team", "quorum": 2}]
    log.answer(one, approvals[0], attempts[3], asked=asked)
    log.answer(one, approvals[0], attempts[3], asked=asked, by='User::"team/reviewer"', signer=second)
    log.decide(one, attempts[3], approvals=[approvals[0]], effects=["delete", "write"])
    log.settle(one, attempts[3], "unknown")
    log.settle(one, attempts[3], "failed")
    log.decide(two, attempts[4], "escalate")
    log.answer(two, approvals[1], attempts[4], "deny")
    log.checkpoint()
    log.decide(two, attempts[4], "deny")
    log.activate("bundle two")
    log.system("pin", {"server": "files", "tool": "write_file", "digest": digest(b"definition")})
    log.decide(two, attempts[5], "defer")
    log.decide(two, attempts[5], "defer")
    for attempt in attempts[6:]:
        log.decide(one, attempt)
        log.settle(one, attempt)
    log.close(one)
    log.system("accept", {"server": "files", "tool": "write_file", "digest": digest(b"changed")}, log.operator)
    log.system("clock", {"jump": 40_000}, log.operator)
    log.close(two, "abandoned")
    log.checkpoint()
    return log
