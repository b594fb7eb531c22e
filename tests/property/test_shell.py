"""Commands: reading never raises, more is never milder, and no spelling hides a program."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assent.catalog.analysers.shell import read_script, read_shell
from assent.catalog.observation import Reading
from assent.model.profile import EFFECTS, REVERSIBILITY, ToolProfile

PROFILE = ToolProfile("run", frozenset({"execute"}), targets={"command": "command"})
PIECES = st.just("|") | st.sampled_from(
    (
        "rm|r|m| |\n|;|&&|&|(|)|{|}|\"|'|\\|\\\n|$|`|$(|$((|))|#|<<EOF\n|\nEOF\n|<<'EOF'\n|\t|echo |cat |x=|$x|${x|if "
        "|then |fi|case x in |esac|for x in |; do |done|[[ | ]]|>f|<f|2>&1|<<<|<(|=|*|~|-|eval |sh -c |exec |$'|\\x72|!"
        "|git |push |find . |-exec |xargs |sudo |curl |python |é|\u202e|,|{a,|..|f() |export |trap |function "
    ).split("|")
)
SCRIPTS = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=80)
#: Whole scripts in which `rm` is a word that is not run; what is put into them may make it run.
HARMLESS = st.sampled_from(
    [
        "cat <<EOF\nrm victim\nEOF\n",
        "cat <<'EOF' >f\na\nEOF\necho rm victim",
        "echo 'rm victim'",
        'echo "rm victim"',
        "echo a # rm victim",
        "x=rm; echo $x victim",
        "for x in a b; do echo rm victim; done",
        "echo {rm,victim}",
        "echo $'rm victim'",
        "[[ rm == victim ]]",
        "cat <<A | cat\nrm victim\nA\n",
        "echo ${x:-rm victim}",
        "cat <<< 'rm victim'",
        "cat <<-EOF\n\trm victim\n\tEOF\n",
        "echo \\`rm victim\\`",
        "x=(rm victim)",
        "ls 2>&1 rm victim",
    ]
)
COMMANDS = st.sampled_from(["ls -l a", "rm -rf a", "cp a b", "git push -f", "cat a > b", "curl https://h", "sudo x"])


def milder(one: Reading, other: Reading) -> bool:
    """Does `one` say less than `other`?"""
    return bool(
        (other.effects - {"read"}) - one.effects
        or REVERSIBILITY.index(one.reversibility) < REVERSIBILITY.index(other.reversibility)
        or (one.complete and not other.complete)
    )


@given(SCRIPTS | st.lists(st.text(max_size=20), max_size=6) | st.integers() | st.none())
def test_reading_never_raises(value: object) -> None:
    """Whatever a call holds."""
    found = read_shell(value, PROFILE)
    assert found.effects and found.effects <= set(EFFECTS)
    assert found.complete or {"execute", "unknown"} <= found.effects


@given(SCRIPTS, st.sampled_from([";", "\n", " ; ", "\n\n"]))
def test_one_more_command_never_makes_it_milder(script: str, between: str) -> None:
    """Unless the first swallows it, as an open quote or a comment does."""
    if read_script(script).complete and "#" not in script:
        both = read_script(script + between + "rm -rf /")
        assert "delete" in both.effects or not both.complete
        assert not milder(both, read_script(script))


@given(COMMANDS, st.data())
def test_quotes_change_nothing(command: str, data: st.DataObject) -> None:
    """A word in any quotes, or with backslashes, is the same word."""
    words = []
    for word in command.split(" "):
        how = data.draw(st.sampled_from(["{}", "'{}'", '"{}"', "$'{}'", "''{}", '{}""']))
        words.append(word if word == ">" else how.format(word))
        if word.isalpha() and data.draw(st.booleans()):
            words[-1] = "".join("\\" + sign for sign in word)
    plain, spelled = read_script(command), read_script(" ".join(words))
    assert (plain.effects, plain.reversibility, plain.files, plain.hosts) == (
        spelled.effects,
        spelled.reversibility,
        spelled.files,
        spelled.hosts,
    )


@given(COMMANDS, st.sampled_from(["{}", "({})", "true && {}", "if true; then {}; fi", "! {}", "{} &", "time {}"]))
def test_what_stands_around_a_command_hides_nothing(command: str, around: str) -> None:
    """Every program is found in every construct."""
    assert not milder(read_script(around.format(command)), read_script(command))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose only programs do nothing; its `rm` leaves a mark when it is given the victim."""
    folder = tmp_path_factory.mktemp("box")
    (folder / "bin").mkdir()
    (folder / "work").mkdir()
    mark = f'[ "$1" = victim ] && echo x > {folder}/hit\n'
    for name in ("rm", "ls", "cat", "grep", "cp"):
        place = folder / "bin" / name
        place.write_text("#!/bin/bash\n" + (mark if name == "rm" else "") + "exit 0\n")
        place.chmod(0o755)
    for name in ("bash", "sh"):
        os.symlink("/bin/bash", folder / "bin" / name)
    return folder


@pytest.mark.soak
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(HARMLESS, st.lists(st.tuples(st.floats(0, 1), PIECES, st.booleans()), max_size=4))
def test_a_real_shell_runs_nothing_that_was_not_seen(
    box: Path, script: str, changes: list[tuple[float, str, bool]]
) -> None:
    """Held against bash: where the reading is complete and deletes nothing, bash does not run `rm victim`."""
    if shutil.which("bash") is None:  # pragma: no cover
        pytest.fail("this test needs bash")
    for where, piece, instead in changes:
        place = int(where * len(script))
        script = script[:place] + piece + script[place + (len(piece) if instead else 0) :]
    found = read_script(script)
    if not found.complete or "delete" in found.effects or "\0" in script or not script.isascii():
        return
    (box / "hit").unlink(missing_ok=True)
    command = ["/bin/bash", "-c", script]
    try:
        subprocess.run(
            command, cwd=box / "work", env={"PATH": str(box / "bin")}, capture_output=True, timeout=5, check=False
        )
    except subprocess.TimeoutExpired:
        return
    assert not (box / "hit").exists(), script
