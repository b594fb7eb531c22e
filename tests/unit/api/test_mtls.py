"""Certificates of clients, over real TLS, at the real `assent token serve`."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from assent.errors import RefusedError
from assent.identity import mtls
from assent.model.ids import PrincipalId
from assent.model.principal import Authenticator
from tests.unit.api.exchanging import ASSERTION, OTHER, SUB, TOOLS, World, claims

WORKLOAD = "spiffe://prod.example/agent/9"


@dataclass
class Authority:
    """A certificate authority, and what it signs."""

    place: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.certificate = self._sign(subject, self.key.public_key(), [], ca=True, issuer=subject)
        self.file = self.place / f"{self.name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def _sign(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
        *,
        ca: bool = False,
        issuer: x509.Name | None = None,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name: str, *names: x509.GeneralName) -> tuple[x509.Certificate, Path, Path]:
        """A certificate, its file and its key's."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), names)
        files = self.place / f"{name}.crt", self.place / f"{name}.key"
        files[0].write_bytes(made.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made, *files


@dataclass
class Served:
    """The endpoint, and what clients of each authority are."""

    at: World
    authority: Authority
    ours: Authority

    def context(self, client: tuple[x509.Certificate, Path, Path] | None) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=str(self.authority.file))
        if client:
            made.load_cert_chain(client[1], client[2])
        return made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`assent token serve` over TLS, with an authority of clients."""
    place = tmp_path_factory.mktemp("tls")
    servers, ours = Authority(place, "servers"), Authority(place, "clients")
    _, certificate, key = servers.issue("server", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    at = World(place / "home", port, ssl.create_default_context(cafile=str(servers.file)))
    known = ours.issue("known")
    workload = ours.issue("workload", x509.UniformResourceIdentifier(WORKLOAD))
    at.put(Authenticator(mtls.read(known[0].public_bytes(Encoding.DER)).key, PrincipalId(OTHER)))
    at.put(Authenticator(f"spiffe:{WORKLOAD}", PrincipalId(SUB)))
    at.home.close()
    command = [sys.executable, "-m", "assent", "token", "serve", "--home", str(place / "home"), "--port", str(port)]
    command += [
        "--certificate",
        str(certificate),
        "--certificate-key",
        str(key),
        "--client-authorities",
        str(ours.file),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert "is served at https://" in program.stdout.readline()
        made = Served(at, servers, ours)
        made.known, made.workload = known, workload  # type: ignore[attr-defined]
        yield made
        program.terminate()


def _ask(
    served: Served, client: tuple[x509.Certificate, Path, Path] | None, **changed: object
) -> tuple[int, dict[str, object]]:
    at = served.at
    at.tls = served.context(client)
    return at.post(
        "/token", {"grant_type": ASSERTION, "assertion": at.assertion(**changed), "resource": TOOLS}, at.other
    )


def test_a_certificate_says_who_asks(served: Served) -> None:
    """By its public key, or as the workload that it names; the token is bound to the key that was proven."""
    for client, principal in ((served.known, OTHER), (served.workload, SUB)):  # type: ignore[attr-defined]
        status, told = _ask(served, client, client_id=principal)
        assert status == 200, told
        said = claims(str(told["access_token"]))
        assert (said["client_id"], said["cnf"]) == (principal, {"jkt": served.at.other.jkt})


def test_a_certificate_that_nobody_enrolled_says_nothing(served: Served) -> None:
    """Its authority is known, and that proves only its name."""
    status, told = _ask(served, served.ours.issue("stranger"), client_id=OTHER)
    assert (status, told["code"]) == (401, "client_unknown")
    assert _ask(served, None, client_id=OTHER)[1]["code"] == "client_unknown"


def test_a_certificate_of_another_authority_gets_no_connection(served: Served) -> None:
    """Even if it names the same workload."""
    forged = Authority(served.authority.place, "forgers").issue("f", x509.UniformResourceIdentifier(WORKLOAD))
    with pytest.raises((ssl.SSLError, OSError)):
        _ask(served, forged, client_id=SUB)


def test_a_header_is_no_certificate(served: Served) -> None:
    """What proxies set, anybody can send."""
    at = served.at
    at.tls = served.context(None)
    pem = served.known[1].read_text().replace("\n", " ")  # type: ignore[attr-defined]
    fields = {"grant_type": ASSERTION, "assertion": at.assertion(client_id=OTHER), "resource": TOOLS}
    headers = {"X-Client-Cert": pem, "Client-Cert": pem, "X-Forwarded-Client-Cert": pem}
    assert at.post("/token", fields, at.other, **headers)[1]["code"] == "client_unknown"


@pytest.mark.parametrize(
    "names",
    [
        [x509.UniformResourceIdentifier(WORKLOAD), x509.UniformResourceIdentifier("spiffe://prod.example/other")],
        [x509.UniformResourceIdentifier("spiffe://prod.example/a/../b")],
    ],
)
def test_a_certificate_that_names_no_single_workload_is_refused(served: Served, names: list[x509.GeneralName]) -> None:
    """X509-SVID §2: exactly one."""
    certificate, *_ = served.ours.issue("several", *names)
    with pytest.raises(RefusedError) as refused:
        mtls.read(certificate.public_bytes(Encoding.DER))
    assert refused.value.code == "certificate_malformed"
    with pytest.raises(RefusedError):
        mtls.read(b"\x30\x00")
