"""A yes for the session at the command line: offered, given, listed, taken back."""

from __future__ import annotations

import contextlib
import os
import pty
import sys

from tests.unit.cli.world import World, valid


def test_what_cannot_be_undone_is_not_offered_for_the_session(fresh: World) -> None:
    """`--session` on a rule that is not @grantable is refused, and nothing was answered."""
    wire = fresh.connect()
    fresh.query("create_table", "CREATE TABLE notes (text TEXT)")
    asked = fresh.ask("notes")
    done = fresh.run("approve", asked, "--session", "--yes", "--key", str(fresh.key))
    assert done.code == 1 and "not_grantable" in done.err
    assert "--session" not in done.out
    assert [one["status"] for one in fresh.run("approvals", "--json").json] == ["pending"]
    wire.close()


def test_writes_outside_the_roots_pass_once_granted(fresh: World) -> None:
    """Asked once, granted for two more, listed, taken back, asked again."""
    (fresh.home / "policy" / "starter.cedar").write_text(
        '@id("all") permit (principal, action, resource);\n'
        '@id("writes") @escalate("owner") @self @grantable @reason("it writes")\n'
        'forbid (principal, action in Action::"effect:write", resource);\n'
    )
    assert fresh.run("policy", "activate", "--yes", "--key", str(fresh.key)).code == 0
    wire = fresh.connect()
    first = fresh.query("create_table", "CREATE TABLE notes (text TEXT)")
    done = fresh.run("approve", str(first["approval"]), "--yes", "--key", str(fresh.key))
    assert "--session" in done.out
    assert fresh.query("create_table", "CREATE TABLE notes (text TEXT)") == {}
    asked = fresh.query("write_query", "INSERT INTO notes VALUES ('a')")
    done = fresh.run("approve", str(asked["approval"]), "--session", "--count", "2", "--yes", "--key", str(fresh.key))
    assert done.code == 0, done.err
    assert "granted   dlg_" in done.out
    assert [fresh.query("write_query", f"INSERT INTO notes VALUES ('{text}')") for text in "ab"] == [{}, {}]
    found = fresh.run("approvals", "delegations", "--json").json
    valid("delegations", found)
    assert (found[0]["used"], found[0]["count"], found[0]["status"]) == (1, 2, "live")
    row = fresh.run("receipts", "list", "--kind", "decision", "--json").json[-1]
    assert found[0]["id"] in fresh.run("explain", str(row["index"])).out
    assert fresh.run("approvals", "revoke", found[0]["id"], "--yes", "--key", str(fresh.key)).code == 0
    assert fresh.query("write_query", "INSERT INTO notes VALUES ('c')")["verdict"] == "escalate"
    assert fresh.run("verify").code == 0
    wire.close()


def test_a_person_at_a_terminal_is_offered_the_session(fresh: World) -> None:
    """`s` grants it, anything but `o` and `s` does nothing; a rule that is not @grantable is asked about plainly."""
    (fresh.home / "policy" / "starter.cedar").write_text(
        '@id("all") permit (principal, action, resource);\n'
        '@id("writes") @escalate("owner") @self @grantable @reason("it writes")\n'
        'forbid (principal, action in Action::"effect:write", resource);\n'
    )
    assert fresh.run("policy", "activate", "--yes", "--key", str(fresh.key)).code == 0
    wire = fresh.connect()
    asked = str(fresh.query("create_table", "CREATE TABLE notes (text TEXT)")["approval"])
    code, shown = typed(fresh, "n", "approve", asked, "--key", str(fresh.key))
    assert (code, "not_confirmed" in shown) == (1, True)
    code, shown = typed(fresh, "s", "approve", asked, "--key", str(fresh.key))
    assert (code, "granted   dlg_" in shown) == (0, True), shown
    assert len(fresh.run("approvals", "delegations", "--json").json) == 1
    wire.close()


def typed(world: World, answer: str, *words: str) -> tuple[int, str]:
    """Run `assent` at a terminal and type one answer; exit code and what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(sys.executable, [sys.executable, "-m", "assent", *words], world.environ)  # noqa: S606
    shown, answered = b"", False
    with contextlib.suppress(OSError):  # the other end has closed
        while data := os.read(terminal, 1 << 16):
            shown += data
            if not answered and b"(n)ot" in shown:
                answered = True
                os.write(terminal, answer.encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()
