"""Which witnesses this log goes to, and how many must agree: the operator's signed word, a receipt."""

from __future__ import annotations

from urllib.parse import urlsplit

from assent_verify.canonical import digest
from assent_verify.cosignature import WitnessKey
from assent_verify.policy import Policy

from assent.admin import signed
from assent.errors import RequestError
from assent.model.ids import Digest
from assent.ports import Signer, Transaction
from assent.record import vouched
from assent.record.log import Log
from assent.record.vouched import POLICY


def change(
    log: Log, signer: Signer, now: int, *, add: tuple[WitnessKey, str] | None, remove: str = "", quorum: int = 0
) -> Policy:
    """Add or remove a witness, or change how many must agree; the policy then in force.

    Args:
        add: a witness and its submission prefix.
        remove: name of a witness, or its vkey.
        quorum: how many must agree; 0 for as before, or most of them where that fits no more.

    Raises:
        RequestError: there is no such witness, no such quorum, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Policy:
        before = tx.state(POLICY) or ""
        text = _text(before, add, remove, quorum)
        found = Policy.parse(text.encode())
        subject = {"policy": digest(text.encode()), "previous": digest(before.encode()) if before else ""}
        signed.append(tx, log.node, now, "witness", subject, signer)
        tx.put_archive(Digest(subject["policy"]), "witnesses", text.encode())
        tx.put_state(POLICY, text)
        if (newest := tx.newest_checkpoint()) is not None:
            vouched.keep(tx, *newest)  # what is vouched for follows the policy in force
        return found

    return log.submit(job, durable=True).result()


def _text(before: str, add: tuple[WitnessKey, str] | None, remove: str, quorum: int) -> str:
    """The policy as a text of c2sp.org/tlog-policy."""
    old = Policy.parse(before.encode()) if before else Policy({})
    urls = {key: old.urls.get(str(key), "") for key in old.witnesses.values()}
    if remove:
        gone = [key for key in urls if remove in (key.name, str(key))]
        if len(gone) != 1:
            raise RequestError("no_witness", f"`{remove[:80]}` is not one witness", help="see: assent witness list")
        del urls[gone[0]]
    if add is not None:
        key, url = add
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or any(char <= " " for char in url):
            raise RequestError("bad_url", f"`{url[:80]}` is not an http(s) address", help="give the submission prefix")
        urls[key] = url
    if not urls:
        return "quorum none\n"
    wanted = quorum or min(len(urls), max(old.groups["most"].threshold if old.groups else 1, 1))
    if not 1 <= wanted <= len(urls):
        raise RequestError("bad_quorum", f"expected 1 to {len(urls)} witnesses that must agree, got {wanted}")
    names = {key: f"w{number}" for number, key in enumerate(urls, 1)}
    lines = [f"witness {names[key]} {key} {url}" for key, url in urls.items()]
    lines += [f"group most {wanted} {' '.join(names.values())}", "quorum most"]
    return "".join(f"{line}\n" for line in lines)
