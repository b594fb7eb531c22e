"""Rules of `assent install`: shown, asked, written whole, taken back; run as the real command."""

from __future__ import annotations

import json
import os
import pty
import select
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.edges.clients.person import ASSENT, DESKTOP, ROOT, SQLITE, Person
from tests.unit.cli.world import valid

SERVERS: dict[str, Any] = {"mcpServers": {"notes": {"command": "uvx", "args": ["mcp-server-sqlite"]}}}
VSCODE = '{\r\n\t// mine\r\n\t"servers": {\r\n\t\t"db": {"command": "npx", "args": ["-y", "db"],},\r\n\t},\r\n}\r\n'
CODEX = "model = 'o'  # best\n\n[mcp_servers.my_notes]\ncommand = \"uvx\" # runner\nenabled = false\n"
#: Client → its files, what is in them, and where the first server's words are.
FILES: dict[str, tuple[tuple[str, str | dict[str, Any]], ...]] = {
    "claude-desktop": ((DESKTOP, SERVERS),),
    "claude-code": ((".claude.json", {**SERVERS, "projects": {"/p": SERVERS}}), ("project/.mcp.json", SERVERS)),
    "cursor": ((".cursor/mcp.json", SERVERS), ("project/.cursor/mcp.json", SERVERS)),
    "vscode": ((".config/Code/User/mcp.json", VSCODE), ("project/.vscode/mcp.json", VSCODE)),
    "codex": ((".codex/config.toml", CODEX),),
    "gemini": ((".gemini/settings.json", {"theme": "x", **SERVERS}),),
    "windsurf": ((".codeium/windsurf/mcp_config.json", SERVERS),),
    "copilot": ((".copilot/mcp-config.json", SERVERS),),
}


def read(path: Path) -> dict[str, Any]:
    """The servers of a file."""
    text = path.read_text()
    if path.suffix == ".toml":
        return dict(tomllib.loads(text)["mcp_servers"])
    lines = [line for line in text.splitlines() if not line.strip().startswith("//")]
    found = json.loads("".join(lines).replace(",}", "}").replace(",\t}", "}"))
    return dict(found.get("mcpServers") or found["servers"])


@pytest.mark.parametrize("client", FILES)
def test_every_client_is_wrapped_and_comes_back(client: str, person: Person) -> None:
    """Each file of each client is found, wrapped once, covered, and byte for byte what it was after --undo."""
    files = {person.file(name, content): b"" for name, content in FILES[client]}
    files = {path: path.read_bytes() for path in files}
    assert {one["state"] for one in person.run("coverage", "--json", code=1).json} <= {"not wrapped", "disabled"}
    out = person.run("install", client, "--yes").out
    assert out.count("+") >= len(files) and "--undo" in out
    for path in files:
        for entry in read(path).values():
            assert entry["command"] == str(ASSENT)
            at = entry["args"].index("--")
            assert entry["args"][0] == "mcp" and entry["args"][at - 2 : at] == ["--as", f"local/{client}"]
            assert entry["args"][at + 1] in ("uvx", "npx")
    found = person.run("coverage", "--json").json
    valid("coverage", found)
    assert {(one["client"], one["state"], one["program"]) for one in found} == {(client, "wrapped", str(ASSENT))}
    written = [path.read_bytes() for path in files]
    assert "already" in person.run("install", client, "--yes").out
    assert [path.read_bytes() for path in files] == written
    person.run("install", client, "--undo", "--yes")
    assert [path.read_bytes() for path in files] == list(files.values())
    assert list((person.folder / ".assent" / "clients").iterdir()) == []
    assert "nothing to undo" in person.run("install", client, "--undo").out


@pytest.mark.parametrize("sdk", ["sdk1", "sdk2"])
def test_a_wrapped_entry_starts_for_a_real_client(sdk: str, person: Person) -> None:
    """The written command, run by either MCP SDK, shakes hands, lists the server's tools, and leaves a receipt."""
    server = {"command": SQLITE, "args": ["--db-path", str(person.folder / "notes.db")], "env": {"KEEP": "1"}}
    path = person.file(DESKTOP, {"mcpServers": {"My Notes": server}})
    person.run("install", "claude-desktop", "--yes")
    entry = read(path)["My Notes"]
    assert entry["env"] == server["env"]
    task = {
        "command": [entry["command"], *entry["args"]],
        "env": {**person.environ, **entry["env"]},
        "calls": [["create_table", {"query": "CREATE TABLE notes (text TEXT)"}]],
    }
    script = ROOT / "tests" / "edges" / "mcp" / "clients" / ("first.py" if sdk == "sdk1" else "second.py")
    python = ROOT / ".servers" / sdk / "bin" / "python"
    done = subprocess.run([python, script, json.dumps(task)], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert "read_query" in json.loads(done.stdout)["tools"]
    assert [one["principal"] for one in person.run("sessions", "--all", "--json").json] == [
        'Agent::"local/claude-desktop"'
    ]
    assert "my-notes/create_table" in person.run("receipts", "list", "--kind", "decision").out


def test_undo_goes_around_what_has_changed(person: Person) -> None:
    """What a person or the client itself wrote after installing stays; only Assent goes."""
    path = person.file(DESKTOP, {"mcpServers": {"a": {"command": "x"}, "b": {"command": "y", "args": ["1"]}}})
    person.run("install", "claude-desktop", "--yes")
    found = json.loads(path.read_text())
    found["mcpServers"]["renamed"] = found["mcpServers"].pop("b")
    found["mcpServers"]["renamed"]["args"].append("2")
    found["mcpServers"]["mine"] = {"command": "assent", "args": ["mcp", "--", "z"]}
    path.write_text(json.dumps(found, indent=4))
    person.run("install", "claude-desktop", "--undo", "--yes")
    assert json.loads(path.read_text())["mcpServers"] == {
        "a": {"command": "x"},
        "renamed": {"command": "y", "args": ["1", "2"]},
        "mine": {"command": "assent", "args": ["mcp", "--", "z"]},
    }


def test_two_installs_are_undone_together(person: Person) -> None:
    """A server that came later is wrapped by a second install; one --undo takes both back."""
    path = person.file(DESKTOP, SERVERS)
    person.run("install", "claude-desktop", "--yes")
    later = path.read_text().replace('"mcpServers": {', '"mcpServers": { "new": {"command": "n"},')
    path.write_text(later)
    person.run("install", "claude-desktop", "--yes")
    assert {entry["command"] for entry in read(path).values()} == {str(ASSENT)}
    person.run("install", "claude-desktop", "--undo", "--yes")
    assert read(path) == {"new": {"command": "n"}, **SERVERS["mcpServers"]}


def test_a_name_stands_for_one_program_on_a_home(person: Person) -> None:
    """Names are lower case, at most 40 long, different in one file; another client's other program gets another one."""
    one = {"My Server!": {"command": "uvx", "args": ["a"]}, "my-server": {"command": "uvx", "args": ["a"]}}
    path = person.file(DESKTOP, {"mcpServers": {**one, "x" * 60: {"command": "q"}, "データ": {"command": "r"}}})
    person.run("install", "claude-desktop", "--yes")
    names = [entry["args"][2] for entry in read(path).values()]
    assert names == ["my-server", "my-server-2", "x" * 40, "server"]
    other = {"my-server": {"command": "uvx", "args": ["b"]}, "my_server": {"command": "uvx", "args": ["a"]}}
    path = person.file(".cursor/mcp.json", {"mcpServers": other})
    person.run("install", "cursor", "--yes")
    assert [entry["args"][2] for entry in read(path).values()] == ["my-server-3", "my-server"]


def test_what_cannot_be_wrapped_is_left_and_listed(person: Person) -> None:
    """An address, an entry without a command and one wrapped already stay as they are, and coverage says so."""
    entries = {
        "far": {"url": "https://example.com/mcp", "headers": {"Authorization": "Bearer hidden-thing"}},
        "none": {"args": ["x"]},
        "odd": {"command": "x", "args": "y"},
        "hand": {"command": "uvx", "args": ["assent", "mcp", "--name=hand", "--", "z"]},
    }
    path = person.file(DESKTOP, {"mcpServers": entries})
    before = path.read_bytes()
    done = person.run("install", "claude-desktop", "--yes", "--json")
    valid("install", done.json)
    assert [one["state"] for one in done.json["files"][0]["servers"]] == ["http", "unreadable", "unreadable", "wrapped"]
    assert path.read_bytes() == before and not done.json["written"]
    found = person.run("coverage", "--json", code=1).json
    assert [one["state"] for one in found] == ["http", "unreadable", "unreadable", "wrapped"]
    assert found[3]["name"] == "hand"
    assert "1 of 4 configured servers" in person.run("doctor").out


def test_no_secret_is_shown(person: Person) -> None:
    """Environment, headers, and arguments that look like secrets stand in no output; they stay in the file."""
    secrets = ["hunter2-env", "sk-ant-aaaaaaaaaaaaaaaaaaaaaaaa", "plain-value-9", "dbpass77", "comment-pw1"]
    args = ["--api-key", secrets[2], f"postgres://me:{secrets[3]}@db/x", "-e", "A=" + secrets[1]]
    entry = json.dumps({"command": "run", "env": {"T": secrets[0]}, "args": args}, indent=1)
    entry = entry.replace('"args": [', f'"args": [ // password={secrets[4]}')
    text = f'{{"mcpServers": {{"a": {entry}, "b": {{"command": "y"}}}}}}'
    path = person.file(DESKTOP, text)
    shown = [person.run("install", "claude-desktop", *words) for words in (["--dry-run"], ["--yes"], ["--yes"])]
    shown += [person.run("coverage"), person.run("doctor"), person.run("install", "claude-desktop", "--undo", "--yes")]
    assert all(secret in path.read_text() for secret in secrets)
    assert [secret for secret in secrets for one in shown if secret in one.out + one.err] == []
    assert "***" in shown[0].out


def test_looking_writes_nothing(person: Person) -> None:
    """--dry-run changes no file, needs no home, and prints the same difference as the real run."""
    path = person.file(DESKTOP, SERVERS)
    before = path.read_bytes()
    shown = person.run("install", "claude-desktop", "--dry-run").out
    elsewhere = person.folder / "nowhere"
    person.run("install", "claude-desktop", "--dry-run", "--home", str(elsewhere))
    assert path.read_bytes() == before and not elsewhere.exists()
    assert person.run("install", "claude-desktop", "--yes").out.startswith(shown)


def test_another_home_is_named_in_the_entry(person: Person) -> None:
    """A client does not have the shell's ASSENT_HOME, so the entry says which home is meant."""
    path = person.file("work/own.json", SERVERS)
    home = person.folder / "second"
    person.run("init", "--yes", "--home", str(home), "--operator-key", str(person.folder / "second.key"))
    words = ["install", "cursor", "--config", str(path), "--yes"]
    person.run(*words, ASSENT_HOME=str(home))
    assert read(path)["notes"]["args"][:3] == ["mcp", "--home", str(home)]
    assert "nothing to undo" in person.run("install", "cursor", "--undo").out
    person.run("install", "cursor", "--undo", "--yes", "--home", str(home))
    assert read(path) == SERVERS["mcpServers"]


def test_a_principal_of_the_environment_stays(person: Person) -> None:
    """An entry whose environment names the caller gets no `--as`, which would go before it."""
    entry = {"command": "x", "env": {"ASSENT_PRINCIPAL": "local/me"}}
    path = person.file(DESKTOP, {"mcpServers": {"a": entry}})
    person.run("install", "claude-desktop", "--yes")
    assert "--as" not in read(path)["a"]["args"]


def test_mode_and_link_stay(person: Person) -> None:
    """A configuration that is a symbolic link stays one; the file it leads to keeps its mode."""
    target = person.file("dotfiles/claude.json", SERVERS)
    target.chmod(0o640)
    link = person.folder / DESKTOP
    link.parent.mkdir(parents=True)
    link.symlink_to(os.path.relpath(target, link.parent))
    person.run("install", "claude-desktop", "--yes")
    assert link.is_symlink() and read(target)["notes"]["command"] == str(ASSENT)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(path.name for path in target.parent.iterdir()) == ["claude.json"]
    person.run("install", "claude-desktop", "--undo", "--yes")
    assert link.is_symlink() and read(target) == SERVERS["mcpServers"]


BAD = {
    "no JSON": (b'{"mcpServers": {\n  "a": {"command": x}}}', "client_syntax", "line 2, column 20"),
    "two keys": (b'{"mcpServers": {"a": {"command": "x", "command": "y"}}}', "client_syntax", "twice"),
    "no UTF-8": (b'{"mcpServers": \xff}', "client_syntax", "line 1, column 16: not UTF-8"),
    "cut off": (b'{"mcpServers": {"a": {', "client_syntax", "line 1"),
    "deep": (b'{"mcpServers": ' + b"[" * 100_000, "client_syntax", "nested"),
    "too large": (b" " * (16 * 1024 * 1024 + 1), "client_too_large", "16 MiB"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_file_is_refused(name: str, person: Person) -> None:
    """File, place and what to do are told; nothing is written, nothing is kept; coverage counts it as not covered."""
    content, code, told = BAD[name]
    path = person.file(DESKTOP, content)
    err = person.run("install", "claude-desktop", "--yes", code=1).err
    assert f"error[{code}]" in err and DESKTOP in err and told in err and "help: nothing was written" in err
    assert path.read_bytes() == content and not (person.folder / ".assent" / "clients").exists()
    [found] = person.run("coverage", "--json", code=1).json
    assert (found["state"], found["server"]) == ("unreadable", "")


def test_ten_mebibytes_are_edited(person: Person) -> None:
    """Claude Code keeps its history in the same file: a large one is edited and comes back."""
    history = [{"display": "x" * 1000, "n": number} for number in range(10_000)]
    path = person.file(".claude.json", {"history": history, **SERVERS})
    before = path.read_bytes()
    assert len(before) > 10 * 1024 * 1024
    person.run("install", "claude-code", "--yes")
    assert read(path)["notes"]["command"] == str(ASSENT)
    person.run("install", "claude-code", "--undo", "--yes")
    assert path.read_bytes() == before


def test_what_is_not_there_or_not_to_be_written_is_refused(person: Person) -> None:
    """No file, a directory, a read-only file: each has its code, and none is touched."""
    assert "client_missing" in person.run("install", "windsurf", "--yes", code=1).err
    (person.folder / ".cursor" / "mcp.json").mkdir(parents=True)
    assert "client_unreadable" in person.run("install", "cursor", "--yes", code=1).err
    path = person.file(DESKTOP, SERVERS)
    path.chmod(0o444)
    assert "client_unwritable" in person.run("install", "claude-desktop", "--yes", code=1).err
    assert read(path) == SERVERS["mcpServers"]
    assert "no_home" in person.run("install", "claude-desktop", "--yes", "--home", "none", code=1).err


def test_without_a_terminal_or_a_yes_nothing_is_written(person: Person) -> None:
    """The difference is shown, then somebody must say yes."""
    path = person.file(DESKTOP, SERVERS)
    done = person.run("install", "claude-desktop", code=2)
    assert "+" in done.out and "--yes" in done.err and read(path) == SERVERS["mcpServers"]
    assert "--dry-run" in person.run("install", "claude-desktop", "--json", code=2).err


@pytest.mark.parametrize(("answer", "change", "code"), [("n", False, 1), ("y", True, 1), ("y", False, 0)])
def test_a_person_is_asked_and_another_program_writes(answer: str, change: bool, code: int, person: Person) -> None:
    """No means no; and what another program wrote while the question stood is never overwritten."""
    path = person.file(DESKTOP, SERVERS)
    main, other = pty.openpty()
    process = subprocess.Popen(
        person.command("install", "claude-desktop"),
        env=person.environ,
        cwd=person.folder,
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    shown = b""
    while b"[y/N]" not in shown:
        assert select.select([main], [], [], 30)[0], shown
        shown += os.read(main, 4096)
    expected = json.dumps({"mcpServers": {"else": {"command": "e"}}}) if change else path.read_text()
    path.write_text(expected)
    os.write(main, answer.encode() + b"\n")
    assert process.wait(30) == code
    os.close(main)
    assert (path.read_text() == expected) == (code != 0)
    assert len(list((person.folder / ".assent").glob("clients/*.json"))) == (code == 0)
    person.run("install", "claude-desktop", "--undo", "--yes")
    assert path.read_text() == expected


def test_undo_of_a_broken_file_waits(person: Person) -> None:
    """A file that was broken since is not touched, and what was kept stays until it can be undone."""
    path = person.file(DESKTOP, SERVERS)
    before = path.read_bytes()
    person.run("install", "claude-desktop", "--yes")
    wrapped = path.read_bytes()
    path.write_bytes(wrapped + b"}")
    assert "client_syntax" in person.run("install", "claude-desktop", "--undo", "--yes", code=1).err
    path.write_bytes(wrapped)
    person.run("install", "claude-desktop", "--undo", "--yes")
    assert path.read_bytes() == before
