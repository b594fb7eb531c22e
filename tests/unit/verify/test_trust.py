"""Rules of the published document of keys and of the signed statement."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from assent_verify.__main__ import main
from assent_verify.cosignature import WitnessKey
from assent_verify.errors import ProofError
from assent_verify.files import verify_file
from assent_verify.given import gather
from assent_verify.note import VerifierKey, sign_all
from assent_verify.statement import About, check, text
from assent_verify.trust import Trust, parse

from conformance.receipt.sample import ORIGIN, SampleLog, private_key, sample

MADE = "2026-11-24T08:30:00.123Z"
WITNESS = WitnessKey("witness.example", private_key("witness").public_key().public_bytes_raw())
POLICY = (f"witness w1 {WITNESS} https://witness.example/", "quorum w1")


def person(log: SampleLog) -> VerifierKey:
    """The operator's key as the document names it."""
    return VerifierKey(ORIGIN, log.public)


def trust_of(log: SampleLog) -> Trust:
    """What the sample's organisation publishes."""
    old = VerifierKey(ORIGIN, private_key("older").public_key().public_bytes_raw())
    return Trust(MADE, (log.key,), ((old, 17),), (person(log),), "https://log.example/", POLICY)


def signed(log: SampleLog, trust: Trust) -> bytes:
    """The document, signed by all in it."""
    return sign_all(str(trust), [(person(log), log.operator.sign), (log.key, log.log_private.sign)])


def test_a_document_reads_back_and_every_key_in_it_has_signed() -> None:
    """One missing signature, and nobody knows whether that key's holder agreed."""
    log = sample()
    trust = trust_of(log)
    assert parse(signed(log, trust)) == trust
    for alone in ([(person(log), log.operator.sign)], [(log.key, log.log_private.sign)]):
        with pytest.raises(ProofError, match="no signature of"):
            parse(sign_all(str(trust), alone))
    thief = private_key("thief").sign
    with pytest.raises(ProofError, match="does not hold"):
        parse(sign_all(str(trust), [(person(log), thief), (log.key, log.log_private.sign)]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# assent-trust/1 ", "# assent-trust/2 "),
        ("quorum w1", "quorom w1"),
        ("# retired ", "# retired  "),
        (" 17\n", " 017\n"),
        ("log ", "log  "),
    ],
)
def test_what_is_not_a_line_of_the_document_is_refused(old: str, new: str) -> None:
    """A misspelt line could be the one that mattered."""
    log = sample()
    spoilt = str(trust_of(log)).replace(old, new)
    note = sign_all(spoilt, [(person(log), log.operator.sign), (log.key, log.log_private.sign)])
    with pytest.raises(ProofError) as refused:
        parse(note)
    assert refused.value.code in ("bad_trust", "bad_key", "bad_base64")


def test_a_log_is_held_against_the_document_and_says_where_keys_came_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--trust` alone is enough for `--strict`, and the report names the source of each key."""
    log = sample()
    (tmp_path / "log.export").write_bytes(log.export())
    (tmp_path / "trust").write_bytes(signed(log, replace(trust_of(log), policy=())))
    code = main([str(tmp_path / "log.export"), "--trust", str(tmp_path / "trust")])
    told = capsys.readouterr().out
    assert code == 0
    assert told.count(f"of {MADE}, which all keys in it have signed") == 2
    assert "self-asserted" not in told
    other = SampleLog(log_private=private_key("another log"))
    (tmp_path / "other").write_bytes(signed(other, trust_of(other)))
    assert main([str(tmp_path / "log.export"), "--trust", str(tmp_path / "other")]) == 4
    (tmp_path / "witnessed").write_bytes(signed(log, trust_of(log)))
    capsys.readouterr()
    assert main([str(tmp_path / "log.export"), "--trust", str(tmp_path / "witnessed")]) == 4
    assert "WITNESSED  no" in capsys.readouterr().out  # the document names a witness, who has not signed


def test_a_statement_says_what_was_and_was_not_proved_and_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signed sentences over one file and its keys; another file, signer, word or key, and it no longer holds."""
    log, auditor = sample(), private_key("auditor")
    signer = VerifierKey("auditor.example/ana", auditor.public_key().public_bytes_raw())
    export = log.export()
    given = gather([str(log.key)], [], None)
    report = verify_file(lambda: io.BytesIO(export), given.log_keys, given.roots)
    path, note = tmp_path / "log.export", tmp_path / "statement"
    path.write_bytes(export)
    from hashlib import sha256

    about = About("log.export", f"sha256:{sha256(export).hexdigest()}", MADE, "0.1.0", given.sources)
    written = text(report, about)
    for words in (
        "SOUND: YES",
        "WITNESSED: NOT CHECKED",
        "given by hand",
        "does not prove, and no log can",
        about.digest,
    ):
        assert words in written
    note.write_bytes(sign_all(written, [(signer, auditor.sign)]))
    command = [str(path), "--statement", str(note), "--signer", str(signer)]
    assert main([*command, "--log-key", str(log.key)]) == 0
    assert "is signed by `auditor.example/ana` and says the same" in capsys.readouterr().out
    assert main(command) == 4  # other keys, another sentence
    path.write_bytes(export.replace(b"\n", b"\n\n", 1))
    assert main([*command, "--log-key", str(log.key)]) == 4
    forged = written.replace("WITNESSED: NOT CHECKED", "WITNESSED: YES")
    with pytest.raises(ProofError, match="says"):
        check(sign_all(forged, [(signer, auditor.sign)]), signer, report, about)
    stranger = VerifierKey("auditor.example/ana", private_key("x").public_key().public_bytes_raw())
    with pytest.raises(ProofError, match="no signature of"):
        check(sign_all(written, [(signer, auditor.sign)]), stranger, report, about)
