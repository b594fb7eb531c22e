"""Time stamps over checkpoints, by a real authority: `openssl ts` behind a small server."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from assent_verify.bundle import Export, verify

from assent.cli.exporting import export_lines
from assent.evidence.disclosure import Disclosure
from assent.evidence.stamped import of_reader, stamped
from assent.record import asking, leaves, stamps
from tests.unit.record.test_witnesses import Net
from tests.world import World

_CONFIG = """
[tsa]
default_tsa = t
[t]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
signer_digest = sha256
"""


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """An authority with a root of its own; `instead` is what it answers if it lies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.root = folder, folder / "root.pem"
        (folder / "serial").write_text("01\n")
        (folder / "ts.cnf").write_text(_CONFIG.format(folder=folder))
        (folder / "ext").write_text(
            "extendedKeyUsage=critical,timeStamping\nbasicConstraints=critical,CA:FALSE\n"
            "keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n"
            "authorityKeyIdentifier=keyid\n"
        )
        at = {name: str(folder / name) for name in ("root.pem", "root.key", "tsa.pem", "tsa.key", "tsa.csr", "ext")}
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", at["root.key"], "-out", at["root.pem"], "-subj", "/CN=Root")
        openssl("req", *key, "-keyout", at["tsa.key"], "-out", at["tsa.csr"], "-subj", "/CN=TSA")
        openssl(
            "x509",
            "-req",
            "-in",
            at["tsa.csr"],
            "-CA",
            at["root.pem"],
            "-CAkey",
            at["root.key"],
            "-CAcreateserial",
            "-out",
            at["tsa.pem"],
            "-extfile",
            at["ext"],
        )
        self.asked = 0
        self.instead: tuple[int, bytes] | None = None
        self.answers: list[bytes] = []

    def answer(self, query: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.instead is not None:
            return self.instead
        (self.folder / "query").write_bytes(query)
        at = {name: str(self.folder / name) for name in ("query", "reply", "tsa.pem", "tsa.key", "ts.cnf")}
        openssl(
            "ts",
            "-reply",
            "-config",
            at["ts.cnf"],
            "-queryfile",
            at["query"],
            "-signer",
            at["tsa.pem"],
            "-inkey",
            at["tsa.key"],
            "-out",
            at["reply"],
        )
        self.answers.append((self.folder / "reply").read_bytes())
        return 200, self.answers[-1]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tsa")


class Served:
    """A home whose checkpoints are stamped over HTTP."""

    def __init__(self, folder: Path, authority: Authority, url: str) -> None:
        self.world = World(folder / "world")
        self.known = stamps.Authority(url, authority.root, asking.ask_time)

    def round(self, *, leaf: bool = True) -> bool:
        world = self.world
        if leaf:
            draft = leaves.system(world.log.node, world.clock.wall, "pin", {"server": "files"})
            world.log.submit(lambda tx: leaves.append(tx, draft, None), durable=True).result()
        world.log.checkpoint().result()
        return stamps.round(world.store, world.log, world.clock, self.known)

    def sizes(self) -> list[int]:
        with self.world.store.read() as reader:
            return [size for size, _ in reader.timestamps()]

    def error(self) -> str:
        with self.world.store.read() as reader:
            return str(json.loads(reader.state(stamps.STAMPED) or "{}").get("error"))


@pytest.fixture
def served(tmp_path: Path, authority: Authority) -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/timestamp-query"
            status, body = authority.answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    made = Served(tmp_path, authority, f"http://127.0.0.1:{server.server_address[1]}/tsr")
    yield made
    server.shutdown()
    server.server_close()
    assert made.world.verify().sound
    made.world.home.close()


def exported(served: Served, path: Path) -> Path:
    with served.world.store.read() as reader:
        path.write_bytes(b"".join(export_lines(reader, Disclosure())))
    return path


def checked(served: Served, path: Path, roots: Path) -> tuple[int, str]:
    key = str(served.world.key)
    words = [sys.executable, "-m", "assent", "verify", str(path), "--log-key", key, "--tsa", str(roots)]
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_stamped_checkpoint_is_proved_from_an_export(served: Served, authority: Authority, tmp_path: Path) -> None:
    """Stamped over HTTP, exported, checked by `assent verify --tsa`; the small verifier says that it has not looked."""
    assert served.round() and served.sizes() == [4]
    path = exported(served, tmp_path / "export")
    code, said = checked(served, path, authority.root)
    assert (code, "checkpoint of 4 leaves existed at 20" in said) == (0, True), said
    report = verify(Export(lambda: path.open("rb")), served.world.key)
    assert report.sound and "time stamps, not checked: 1" in report.notes
    with served.world.store.read() as reader:
        own = stamped(report, of_reader(reader), stamps.certificates(authority.root))
    assert own.holds and not any(note.startswith("time stamps, not") for note in own.notes)


def test_a_stamp_of_anything_else_is_a_no(served: Served, authority: Authority, tmp_path: Path) -> None:
    """Another root, another checkpoint, a size that is not there, a changed answer, none at all."""
    assert served.round()
    path = exported(served, tmp_path / "export")
    other = Authority(tmp_path / "other")
    code, said = checked(served, path, other.root)
    assert (code, "bad_timestamp" in said) == (4, True), said
    whole = path.read_text()
    line = next(one for one in whole.splitlines(True) if one.startswith('{"timestamp"'))
    token = bytearray(authority.answers[0])
    token[len(token) // 2] ^= 1
    changed = line.replace(base64.b64encode(authority.answers[0]).decode(), base64.b64encode(token).decode())
    _, elsewhere = other.answer((authority.folder / "query").read_bytes())
    forged = line.replace(base64.b64encode(authority.answers[0]).decode(), base64.b64encode(elsewhere).decode())
    wrongs = (changed, forged, line.replace('"size":4', '"size":2'), line.replace('"size":4', '"size":9'), "")
    for wrong in wrongs:
        assert wrong != line
        path.write_text(whole.replace(line, wrong))
        code, said = checked(served, path, authority.root)
        assert (code, "SOUND      yes" in said) == (4, True), said
    code, said = checked(served, path, authority.folder / "tsa.pem")
    assert (code, "bad_certificate" in said) == (1, True)


def test_it_is_asked_once_a_minute_and_of_something_new(served: Served, authority: Authority) -> None:
    """However many checkpoints there are; nothing new, nothing asked."""
    assert served.round()
    served.world.clock.pass_time(59)
    assert not served.round()
    served.world.clock.pass_time(2)
    assert served.round(leaf=False) and not served.round(leaf=False)
    served.world.clock.pass_time(61)
    assert not served.round(leaf=False) and authority.asked == 2
    assert served.sizes() == [4, 5]


@pytest.mark.parametrize("answer", [(200, b""), (200, b"\x30\x80" * 99), (200, b"x" * 60_000), (500, b""), (302, b"")])
def test_an_authority_that_lies_leaves_nothing(served: Served, authority: Authority, answer: tuple[int, bytes]) -> None:
    """What is not verified is not kept; it is asked again in a minute."""
    authority.instead = answer
    assert served.round() and served.sizes() == [] and served.error()
    authority.instead = None
    assert not served.round()
    served.world.clock.pass_time(61)
    assert served.round() and len(served.sizes()) == 1 and not served.error()


def test_an_old_answer_is_not_taken_for_a_new_one(served: Served, authority: Authority) -> None:
    """The nonce and the text are those of the request."""
    assert served.round()
    authority.instead = (200, authority.answers[0])
    served.world.clock.pass_time(61)
    assert served.round() and len(served.sizes()) == 1 and "does not hold" in served.error()


def test_witnesses_come_first(served: Served, authority: Authority, tmp_path: Path) -> None:
    """With witnesses, a checkpoint is stamped once their quorum has cosigned it."""
    net = Net(tmp_path, served.world)
    net.add_all()
    assert not served.round() and authority.asked == 0
    net.round()
    assert served.round(leaf=False) and len(served.sizes()) == 1
