"""Secrets that Assent holds: given to the server they belong to, and to nothing that an agent can see."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest

from assent.assembly import read_log
from tests.edges.mcp.home import OPEN, Home, said
from tests.edges.mcp.test_secrets_at_rest import _opened
from tests.edges.mcp.wire import SERVERS, Wire

SECRET = "Zr4/kQ+very&secret<91>xT7pLm"
WAYS = (
    "plain inside base64 basic shifted urlsafe wrapped twice hex dump percent every json html spaced dashed lines "
    "backwards upper structured key halves blob uri error"
)
OTHERS = "progress log stderr asks known described"
#: What a person would recognise it by.
TRACES = [SECRET, SECRET[::-1], SECRET.upper(), SECRET.encode().hex(), base64.b64encode(SECRET.encode()).decode()[:-4]]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with the secret, as a person would hand it over."""
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    return file


def hold(home: Home, file: Path, *more: str, name: str = "token", server: str = "leaking") -> None:
    """Have the home hold the secret of that file."""
    where = more or ("--env", "UPSTREAM_TOKEN")
    home.run(
        *("credentials", "add", name, "--server", server, *where),
        *("--from-file", str(file), "--yes", "--key", str(home.key)),
    )


def gateway(home: Home, name: str = "leaking", **more: Any) -> Wire:
    """A gateway before the leaking server."""
    options = ("--name", name, "--zone", "local")
    return home.gateway(sys.executable, str(SERVERS / "leaking.py"), options=options, **more)


def seen(value: object) -> bool:
    """Would anybody find the secret in this?"""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    bare = "".join(each for each in text if each.isalnum())
    inner = "".join(each for each in SECRET if each.isalnum())
    return any(trace in text for trace in TRACES) or inner in bare


def test_the_server_has_it_and_the_agent_does_not(home: Home, secret: Path) -> None:
    """A server that may have a secret is started with it. Whatever it says of it, in every way that it knows and in
    every kind of message, nothing of it is in a byte that the client gets, on the error output, or in the home."""
    home.policy(OPEN)
    hold(home, secret)
    wire = gateway(home)
    assert said(wire.call("number")) == str(len(SECRET)), "the server has been given the whole of it"
    got: list[Any] = [wire.ask("tools/list")]
    for name in f"{WAYS} {OTHERS}".split():
        answer = wire.call(name, {}, progressToken="p1") if name == "progress" else wire.call(name)
        got.append(answer)
        if name in WAYS.split():
            assert "withheld" in str(answer) or "held back" in str(answer), (name, answer)
    wire.quiet()
    for asked in [one for one in wire.aside if "method" in one and "id" in one]:
        wire.send(id=asked["id"], result={"action": "decline"})
    got += wire.aside
    wire.close()
    assert len(got) > 30
    assert [one for one in got if seen(one)] == []
    assert not seen((home.work / "errors").read_bytes()), "nor on what the client may log"
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    assert not any(seen(path.read_bytes()) for path in files), "nor on the disk"
    assert not seen(_opened(home)), "nor in what the store opens"
    for command in (("receipts", "list"), ("credentials", "list"), ("credentials", "use-report"), ("doctor",)):
        assert not seen(home.run(*command))


def test_what_is_not_a_secret_comes_through_unchanged(home: Home, secret: Path) -> None:
    """Looking for secrets changes no answer that holds none, and no other server gets them."""
    home.policy(OPEN)
    hold(home, secret)
    other = gateway(home, name="other")
    assert said(other.call("number")) == "0", "a credential of another server is not given to this one"
    assert said(other.call("known")) == '{"has": false}'
    odd = home.odd()
    assert said(odd.call("echo", {"text": "x" * 50})) == '{"text": "' + "x" * 50 + '"}'


def test_each_use_is_decided_and_has_a_receipt(home: Home, secret: Path) -> None:
    """The use of a secret is an action: one decision leaf and one outcome, which the report counts."""
    home.policy(OPEN)
    hold(home, secret)
    gateway(home).close()
    uses = [leaf for leaf in home.receipts("decision") if leaf["tool"] == "credentials/use"]
    assert [use["verdict"] for use in uses] == ["allow"]
    assert uses[0]["server"] == "leaking"
    report = home.json("credentials", "use-report")
    (row,) = report["credentials"]
    assert (row["name"], row["uses"], report["nameless"]) == ("token", 1, 0)
    assert [(use["allowed"], use["refused"]) for use in row["by"]] == [(1, 0)]


def test_policy_can_refuse_a_use(home: Home, secret: Path) -> None:
    """A use that policy denies leaves a receipt, and the server starts without the secret."""
    deny = '@id("no") forbid (principal, action, resource) when { context.method == "credentials/use" };\n'
    home.policy(OPEN + deny)
    hold(home, secret)
    wire = gateway(home)
    assert said(wire.call("number")) == "0"
    uses = [leaf for leaf in home.receipts("decision") if leaf["tool"] == "credentials/use"]
    assert [use["verdict"] for use in uses] == ["deny"]
    assert b"starts without the credential" in (home.work / "errors").read_bytes()


def test_a_credential_of_others_is_not_given(home: Home, secret: Path) -> None:
    """Who is not named with a credential does not get it, whatever policy says of the call."""
    home.policy(OPEN)
    hold(home, secret, "--env", "UPSTREAM_TOKEN", "--principal", 'Agent::"local/somebody-else"')
    wire = gateway(home)
    assert said(wire.call("number")) == "0"
    hold(home, secret, "--env", "UPSTREAM_TOKEN", "--principal", 'Agent::"local/me"', name="mine")
    mine = home.gateway(
        sys.executable,
        str(SERVERS / "leaking.py"),
        options=("--name", "leaking", "--zone", "local", "--as", "local/me"),
    )
    assert said(mine.call("number")) == str(len(SECRET))


def test_a_removed_credential_ends_the_server(home: Home, secret: Path) -> None:
    """What was taken back is not used again: the next call is refused and the process that has it ends."""
    home.policy(OPEN)
    hold(home, secret)
    wire = gateway(home)
    assert said(wire.call("number")) == str(len(SECRET))
    home.run("credentials", "remove", "token", "--yes", "--key", str(home.key))
    answer = wire.call("number")
    assert answer["result"]["isError"] is True and "taken back" in said(answer)
    assert wire.process.wait(8) != 0
    assert home.json("credentials", "list") == []
    again = gateway(home)
    assert said(again.call("number")) == "0"


def test_a_rotated_credential_is_given_at_the_next_start(home: Home, secret: Path, tmp_path: Path) -> None:
    """A running server keeps the secret it was started with, and that one is still kept out of its answers."""
    home.policy(OPEN)
    hold(home, secret)
    wire = gateway(home)
    fresh = tmp_path / "fresh"
    fresh.write_text("Another-Secret-of-40-characters-in-length")
    home.run("credentials", "rotate", "token", "--from-file", str(fresh), "--yes", "--key", str(home.key))
    assert "withheld" in said(wire.call("plain"))
    wire.close()
    again = gateway(home)
    assert said(again.call("number")) == "41"
    assert "withheld" in said(again.call("base64"))


def test_a_secret_of_another_server_is_left_out_too(home: Home, secret: Path) -> None:
    """A server that got at the secret of another one by itself cannot hand it to the agent either; and an agent that
    has it from elsewhere hands it in to no server, whatever policy says."""
    hold(home, secret, server="another")
    home.policy(OPEN)
    wire = gateway(home, UPSTREAM_TOKEN=SECRET)
    assert "withheld" in said(wire.call("plain"))
    odd = home.odd()
    for text in (SECRET, base64.b64encode(SECRET.encode()).decode(), f"x {SECRET} y"):
        answer = odd.call("echo", {"text": text})
        assert answer["result"]["isError"] is True, answer
        assert answer["result"]["_meta"]["assent/decision"]["reasons"][0]["code"] == "credential_in_arguments"
    assert home.reached() == []


def test_a_file_that_is_on_no_disk(home: Home, tmp_path: Path) -> None:
    """A key of several lines reaches the server as a path that only lives as long as the gateway."""
    home.policy(OPEN)
    key = tmp_path / "key"
    body = "\n".join(base64.b64encode(bytes([at] * 48)).decode() for at in range(1, 9))
    key.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")
    hold(home, key, "--file", "UPSTREAM_FILE")
    wire = gateway(home)
    assert int(said(wire.call("number"))) == len(key.read_text().strip())
    for way in ("plain", "lines", "wrapped", "json"):
        answer = said(wire.call(way))
        assert "withheld" in answer and body.splitlines()[3] not in answer
    wire.close()


def test_nothing_is_given_out_when_the_key_is_lost(home: Home, secret: Path) -> None:
    """A secret that cannot be opened cannot be looked for either: no gateway starts, and the error names no secret."""
    home.policy(OPEN)
    hold(home, secret)
    (home.folder / "credentials.key").write_bytes(bytes(32))
    wire = gateway(home, hello=False)
    assert wire.process.wait(20) == 1
    errors = (home.work / "errors").read_bytes()
    assert b"credential_unreadable" in errors and not seen(errors)


def test_a_row_that_was_changed_does_not_open(home: Home, secret: Path) -> None:
    """Whoever can write the database alone cannot turn a secret over to another server or to another place."""
    import sqlite3

    home.policy(OPEN)
    hold(home, secret, server="another")
    with sqlite3.connect(home.folder / "assent.db") as database:
        database.execute("UPDATE credential SET server = 'leaking'")
    database.close()
    wire = gateway(home, hello=False)
    assert wire.process.wait(20) == 1
    assert b"credential_unreadable" in (home.work / "errors").read_bytes()


def test_a_gateway_that_runs_learns_what_is_added(home: Home, secret: Path) -> None:
    """A secret that is added while a gateway runs is kept out from its next call on."""
    home.policy(OPEN)
    wire = gateway(home, UPSTREAM_TOKEN=SECRET)
    assert seen(wire.call("plain")), "nobody knows yet that it is one"
    hold(home, secret, server="another")
    wire.call("number")
    assert not seen(wire.call("plain"))


def test_changes_need_the_operators_key(home: Home, secret: Path) -> None:
    """Nothing is added, rotated or removed without the operator's key: each is a signed leaf that names no value."""
    hold(home, secret)
    home.run("credentials", "rotate", "token", "--from-file", str(secret), "--yes", "--key", str(home.key))
    home.run("credentials", "remove", "token", "--yes", "--key", str(home.key))
    with read_log(home.folder) as reader:
        leaves = [leaf for _, leaf in reader.leaves() if b'"event":"credential"' in leaf]
    changes = (b"added", b"rotated", b"removed")
    assert all(b'"change":"%b"' % change in leaf for change, leaf in zip(changes, leaves, strict=True))
    assert all(b'"signature"' in leaf for leaf in leaves) and not any(seen(leaf) for leaf in leaves)


@pytest.mark.parametrize(
    "more, code",
    [
        (("--env", "ASSENT_HOME"), "bad_place"),
        (("--header", "Host"), "bad_place"),
        (("--header", "Mcp-Session-Id"), "bad_place"),
        (("--exchange", "http://elsewhere.example/token"), "bad_place"),
        (("--env", "A=B"), "bad_place"),
    ],
)
def test_places_that_a_secret_may_not_go(home: Home, secret: Path, more: tuple[str, str], code: str) -> None:
    """Not into our own settings, nor over what says what a message is, nor over a connection that others can read."""
    import subprocess

    command = [sys.executable, "-m", "assent", "credentials", "add", "x", "--server", "s", *more]
    command += ["--from-file", str(secret), "--yes", "--key", str(home.key)]
    import os

    done = subprocess.run(command, env={**os.environ, **home.environ}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and code in done.stderr and SECRET not in done.stderr
