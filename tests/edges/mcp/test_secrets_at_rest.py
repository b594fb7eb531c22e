"""What a detector calls a secret is kept nowhere, whichever way it came."""

from __future__ import annotations

import base64

from assent.assembly import read_log
from assent.model.ids import LeafIndex
from tests.edges.mcp.home import OPEN, Home
from tests.unit.catalog.secret_corpus import secrets


def _opened(home: Home) -> bytes:
    """Everything that the store gives out, unpacked and unsealed as it does for whoever may read."""
    with read_log(home.folder) as reader:
        found = [leaf for _, leaf in reader.leaves()]
        for index in range(reader.size()):
            kept = reader.sidecar(LeafIndex(index))
            found.append(kept.values.encode() if kept else b"")
        found += [f"{approval.card} {approval.asked}".encode() for approval in reader.approvals()]
        for session in reader.sessions(open_only=False):
            found += [repr(passage).encode() for passage in reader.passages(session.id)]
    return b"\n".join(found)


def test_no_secret_of_the_corpus_is_kept(home: Home) -> None:
    """As an argument, and in the answer that repeats it, in calls that are allowed and in calls that ask: neither
    in a file of the home, database, journal and logs, nor in what the store opens; neither as it is nor in base64."""
    corpus = [secret for _, secret in secrets() if len(secret) >= 16]
    home.policy(OPEN)
    server = home.odd()
    for secret in corpus:
        assert "result" in server.call("echo", {"text": f"use {secret} for it"})
    home.policy(OPEN + '@id("ask") @escalate("owner") @self forbid (principal, action, resource);\n')
    for secret in corpus[:8]:
        server.call("echo", {"text": secret})
    server.close()
    files = (path for path in home.folder.rglob("*") if path.is_file() and path.suffix != ".key")  # our own PEM
    kept = b"".join(path.read_bytes() for path in files) + _opened(home)
    assert b"echo" in kept, "what is searched is what was kept"
    found = [secret for secret in corpus if secret.encode() in kept or base64.b64encode(secret.encode()) in kept]
    assert found == []
