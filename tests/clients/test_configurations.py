"""Clients as people install them: each writes its configuration, Assent is put into it, and the client starts that."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.clients.test_clients import BIN, CLEAN, MODULES
from tests.edges.clients.person import ASSENT, SQLITE, Person
from tests.stores.places import durable_directory

#: Client → its program, the options of `mcp add`, what its list says of a server that has answered.
ADDED: dict[str, tuple[str, list[str], str]] = {
    "claude-code": ("claude", ["notes", "--", SQLITE], "Connected"),
    "codex": (str(BIN / "codex"), ["notes", "--", SQLITE], "enabled"),
    "gemini": (str(BIN / "gemini"), ["-s", "user", "notes", SQLITE, "--"], "Connected"),
}


@pytest.fixture
def person() -> Iterator[Person]:
    with durable_directory() as folder:
        person = Person(folder)
        (folder / "project").mkdir()
        person.init()
        yield person


def ran(person: Person, program: str, *words: str) -> str:
    """What the client says."""
    native = next(MODULES.glob("@anthropic-ai/claude-code-*/claude")) if program == "claude" else program
    environ = {**CLEAN, "HOME": str(person.folder), "ANTHROPIC_API_KEY": "sk-ant-none", "MCP_TIMEOUT": "120000"}
    environ |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    done = subprocess.run(
        [native, *words],
        env=environ,
        cwd=os.path.realpath(person.folder / "project"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", ADDED)
def test_a_client_starts_what_was_wrapped_in_its_own_file(client: str, person: Person) -> None:
    """The file that the client wrote is wrapped; it lists Assent and starts it; after --undo it lists its server."""
    program, words, said = ADDED[client]
    ran(person, program, "mcp", "add", *words, "--db-path", str(person.folder / "notes.db"))
    before = ran(person, program, "mcp", "list")
    assert SQLITE in before and str(ASSENT) not in before
    person.run("install", client, "--yes")
    listed = ran(person, program, "mcp", "list")
    assert f"{ASSENT} " in listed and "mcp --name notes" in listed and said in listed
    if said == "Connected":
        [session] = person.run("sessions", "--all", "--json").json
        assert session["principal"] == f'Agent::"local/{client}"'
    assert person.run("coverage", "--json").json[0]["state"] == "wrapped"
    person.run("install", client, "--undo", "--yes")
    after = ran(person, program, "mcp", "list")
    assert SQLITE in after and str(ASSENT) not in after
    assert person.run("coverage", "--json", code=1).json[0]["state"] == "not wrapped"
