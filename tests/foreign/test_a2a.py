"""Agent to agent, over the A2A SDK: the sub-agent acts under the whole chain, and what it says is untrusted data."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from assent.assembly import read_log
from assent.config import load
from tests.edges.mcp.home import Home, said
from tests.unit.api.exchanging import EXCHANGE, TYPE, claims
from tests.unit.identity import forge
from tests.unit.identity.forge import Provider

HERE = Path(__file__).parent / "a2a"
ROOT = HERE.parents[2]
FILES = [str(ROOT / ".servers/node/node_modules/.bin/mcp-server-filesystem")]
LEAD, RESEARCH = 'Agent::"ci/lead"', 'Agent::"ci/research"'
POLICY = """
@id("read") permit (principal, action in [Action::"effect:read", Action::"effect:write"], resource);
@id("ask") permit (principal, action in Action::"server:bridge", resource);
@id("no-pay-after-untrusted")
forbid (principal, action == Action::"tool:bridge/pay", resource) when { context.session.labels.contains("untrusted") };
"""


class Agents:
    """A home, its token endpoint, the lead agent's key, and the research agent behind A2A."""

    def __init__(self, home: Home, place: Path) -> None:
        self.home, self.place = home, place
        ports = []
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as free:
                ports.append(free.getsockname()[1])
        self.url, self.agent = (f"http://127.0.0.1:{port}" for port in ports)
        people = Provider(forge.p256(), "https://people.example", "JWT")
        (place / "people.jwks").write_bytes(people.jwks)
        self.person = f'User::"local/{load(home.folder, os.environ).user}"'
        with (home.folder / "assent.toml").open("a") as file:
            file.write(f'\n[token]\nissuer = "{self.url}"\naudiences = ["{self.agent}/a2a"]\n')
            file.write(f'[[issuers]]\nkind = "oidc"\nissuer = "{people.name}"\njwks = "{place}/people.jwks"\n')
            file.write(f"audience = ['assent']\nprincipals = {{ ana = '{self.person}' }}\n")
        home.policy(POLICY)
        for name in ("lead", "research"):
            home.run("principals", "add", f"ci/{name}", "--new-key", str(place / name), "--yes", "--key", str(home.key))
        self.people, self.ports = people, ports
        self.lead = forge.Key(load_pem_private_key((place / "lead").read_bytes(), None))

    def start(self) -> Iterator[None]:
        """Both programs, until the test ends."""
        environ = {**os.environ, **self.home.environ, "PYTHONPATH": str(ROOT)}
        reports = self.place / "reports"
        reports.mkdir()
        (reports / "q3.txt").write_text("profit 17")
        commands = [
            [sys.executable, "-m", "assent", "token", "serve", "--port", str(self.ports[0])],
            [sys.executable, str(HERE / "agent.py"), str(self.home.folder), str(self.ports[1]),
             str(self.place / "research"), str(reports), *FILES, str(reports)],
        ]  # fmt: skip
        programs = [subprocess.Popen(one, env=environ, stdout=subprocess.PIPE, text=True) for one in commands]
        try:
            for program in programs:
                assert program.stdout is not None and program.stdout.readline()
            yield
        finally:
            for program in programs:
                program.terminate()
                program.wait()

    def exchange(self, subject: str, kind: str, details: dict[str, Any], **fields: str) -> str:
        """A token, asked for by the lead agent with its key."""
        now = int(time.time())
        proof = forge.proof(self.lead, url=f"{self.url}/token", iat=now, jti=secrets.token_hex(8))
        given = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": TYPE + kind} | fields
        if details:
            given["authorization_details"] = json.dumps([{"type": "assent_delegation"} | details])
        headers = {"DPoP": proof, "Content-Type": "application/x-www-form-urlencoded"}
        answer = httpx2.post(f"{self.url}/token", content=urlencode(given), headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def tokens(self) -> tuple[str, str, str]:
        """The lead's own, its own for the research agent, and the one for the research agent to act with."""
        now = int(time.time())
        person = self.people.issue(sub="ana", aud="assent", iat=now, exp=now + 300)
        own = self.exchange(person, "id_token", {"actor": LEAD, "depth": 1})
        there = self.exchange(own, "access_token", {}, audience=f"{self.agent}/a2a")
        handed = self.exchange(
            own, "access_token", {"actor": RESEARCH, "actions": ["effect:read"], "servers": ["files"], "calls": 5}
        )
        return own, there, handed

    def bridge(self, own: str, there: str, handed: str) -> Any:
        """The lead agent's gateway before the tool that asks the research agent."""
        for name, text in (("own", own), ("there", there), ("handed", handed)):
            file = self.place / f"{name}.token"
            file.touch(0o600)
            file.write_text(text)
        options = ("--token", str(self.place / "own.token"), "--key", str(self.place / "lead"))
        return self.home.gateway(
            sys.executable, str(HERE / "bridge.py"), options=(*options, "--name", "bridge", "--zone", "own"),
            BRIDGE_KEY=str(self.place / "lead"), BRIDGE_OWN=str(self.place / "there.token"),
            BRIDGE_HANDED=str(self.place / "handed.token"), BRIDGE_URL=self.agent, PYTHONPATH=str(ROOT),
        )  # fmt: skip


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Agents]:
    """All of it; the whole log is verified at the end."""
    home = Home(tmp_path)
    made = Agents(home, tmp_path)
    yield from (made for _ in made.start())
    home.end()


def test_a_sub_agent_acts_under_the_whole_chain_and_its_word_is_no_authority(agents: Agents) -> None:
    """It reads what it was given, writes nothing, and its claim that all is approved changes nothing."""
    own, there, handed = agents.tokens()
    wire = agents.bridge(own, there, handed)
    report = agents.place / "reports/q3.txt"
    answer = said(wire.call("ask", {"text": f"read_text_file {report}\nwrite_file {report}"}))
    assert "read_text_file: profit 17" in answer and "write_file: refused" in answer and "SYSTEM:" in answer
    assert report.read_text() == "profit 17"
    assert wire.call("pay", {"amount": 500})["result"]["isError"] is True
    with read_log(agents.home.folder) as reader:
        leaves = [json.loads(data) for _, data in reader.leaves()]
    made = [leaf for leaf in leaves if leaf["kind"] == "decision"]
    reads = [leaf for leaf in made if leaf["action"]["server"] == "files"]
    assert [leaf["verdict"] for leaf in reads] == ["allow", "deny"]
    first, second = claims(own)["delegation"], claims(handed)["delegation"]
    assert all(leaf["chain"] == [first, second] and leaf["principal"] == RESEARCH for leaf in reads)
    asked, paid = (leaf for leaf in made if leaf["action"]["server"] == "bridge")
    assert (asked["chain"], asked["principal"], asked["verdict"]) == ([first], LEAD, "allow")
    assert (paid["chain"], paid["verdict"], paid["policies"][0]["id"]) == ([first], "deny", "no-pay-after-untrusted")
    [heard] = [leaf for leaf in leaves if leaf["kind"] == "outcome" and leaf["attempt"] == asked["attempt"]]
    assert "untrusted" in heard["labels"]


def test_a_token_that_was_not_handed_by_the_caller_is_not_acted_on(agents: Agents) -> None:
    """A token for itself, of the lead, is none for the research agent."""
    own, there, _ = agents.tokens()
    wire = agents.bridge(own, there, own)
    assert said(wire.call("ask", {"text": "read_text_file x"})).startswith("refused: not_handed")
