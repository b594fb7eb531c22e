"""Time stamps over checkpoints (RFC 3161): an authority's word for when a log's state existed.

A witness says when it saw a checkpoint, too, but few people know it; an authority's
certificate is known to courts and auditors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assent_verify.note import Note
from cryptography import x509

from assent.errors import ConfigError, ProofError
from assent.ports import Clock, Store
from assent.record.log import Log
from assent.record.vouched import vouched
from assent.record.witnesses import policy, take

#: State key of the last request: size that was stamped, when to ask again, and what failed.
STAMPED = "timestamped"
#: Milliseconds between two requests.
MINUTE = 60_000
MAX_TOKEN = 32 * 1024


@dataclass(frozen=True, slots=True)
class Authority:
    """Who is asked, and by what its answers are known.

    Args:
        url: where.
        roots: PEM file of the certificates that answers must chain to.
        ask: address and body to status and answer.
    """

    url: str
    roots: Path
    ask: Callable[[str, bytes], tuple[int, bytes]]


def round(store: Store, log: Log, clock: Clock, authority: Authority) -> bool:
    """Have the newest checkpoint stamped, once its witnesses have cosigned it; was anybody asked?

    One process at a time does so, at most once a minute.

    Raises:
        ConfigError: the certificates cannot be read, or `timestamp_not_installed`.
        UnavailableError: the store cannot be read or written.
    """
    with store.read() as reader:
        now, newest, wanted = clock.now(), reader.newest_checkpoint(), policy(reader)
        last = json.loads(reader.state(STAMPED) or '{"size":0,"again":0}')
        early = now < last["again"] <= now + MINUTE  # a clock that was set back does not stop it for longer
        if newest is None or newest[0] <= last["size"] or early:
            return False
        if wanted is not None and wanted.quorum != "none" and vouched(reader) < newest[0]:
            return False
    if log.submit(lambda tx: take(tx, log.node, now), durable=False).result() is None:
        return False
    size, note = newest
    known, token, error = certificates(authority.roots), b"", ""
    try:
        token = _asked(authority, Note.parse(note).text.encode(), known)
    except ProofError as refused:
        error = refused.message
    told = json.dumps({"size": size if token else last["size"], "again": now + MINUTE, "error": error})
    log.submit(lambda tx: tx.put_state(STAMPED, told), durable=not token).result()
    if token:
        log.submit(lambda tx: tx.put_timestamp(size, token), durable=True).result()
    return True


def _asked(authority: Authority, data: bytes, roots: Sequence[x509.Certificate]) -> bytes:
    """The authority's answer over this text, verified."""
    try:
        import rfc3161_client as tsp
    except ModuleNotFoundError as error:
        raise _missing() from error
    request = tsp.TimestampRequestBuilder().data(data).hash_algorithm(tsp.HashAlgorithm.SHA256).build()
    status, found = authority.ask(authority.url, request.as_bytes())
    if status != 200 or len(found) > MAX_TOKEN:
        raise ProofError("bad_timestamp", f"the authority answered {status} with {len(found):,} bytes")
    proved(found, data, roots, nonce=request.nonce)
    return found


def proved(token: bytes, data: bytes, roots: Sequence[x509.Certificate], nonce: int | None = None) -> datetime:
    """When this text existed at the latest, by an answer that chains to one of the certificates.

    Raises:
        ConfigError: `timestamp_not_installed`.
        ProofError: `bad_timestamp`.
    """
    try:
        import rfc3161_client as tsp
    except ModuleNotFoundError as error:
        raise _missing() from error
    own = [one for one in roots if one.issuer == one.subject]
    others = [one for one in roots if one.issuer != one.subject]
    builder = tsp.VerifierBuilder(roots=own, intermediates=others, nonce=nonce)
    try:
        answer = tsp.decode_timestamp_response(token)
        builder.build().verify_message(answer, data)
        return answer.tst_info.gen_time
    except (tsp.VerificationError, ValueError, TypeError) as error:
        raise ProofError("bad_timestamp", f"the time stamp does not hold: {str(error)[:200]}") from error


def certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file, of which one at least is a root.

    Raises:
        ConfigError: `bad_certificate`.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError("bad_certificate", f"`{path}` holds no certificates in PEM: {error}") from error
    if not any(one.issuer == one.subject for one in found):
        help = "give the authority's root certificate, not that of its signing key"
        raise ConfigError("bad_certificate", f"`{path}` holds no root certificate", help=help)
    return found


def _missing() -> ConfigError:
    help = "run: pip install 'assent[timestamp]'"
    return ConfigError("timestamp_not_installed", "`rfc3161-client` is not installed", help=help)
