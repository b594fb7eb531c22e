"""Git: what a sub-command does, which revisions it means, and what of history it loses (git-scm.com/docs).

Configuration that runs programs, given on the command line, and sub-commands that are not known are the worst case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assent.catalog.analysers.findings import Findings
from assent.catalog.analysers.programs import Shell, Spec, apart, below, judge
from assent.catalog.analysers.secrets import strings
from assent.catalog.analysers.words import known, plain, quoted
from assent.catalog.observation import Reading
from assent.model.profile import ToolProfile

#: A remote that is a program (git-remote-ext(1)) or an address of any kind.
_PROGRAM = re.compile(r"\A(?:ext|fd)::|\A[a-z0-9-]+::")
_ADDRESS = re.compile(r"://|\A[^/]+:")
_MOST_REFS = 32
_NETWORK = frozenset({"clone", "fetch", "ls-remote", "pull", "push"})
#: Options of `git config` beside which the asking ones only ask.
_BESIDE = frozenset(
    "--global --local --system --worktree --bool --int --bool-or-int --path --type --name-only --show-scope -z --null "
    "--includes --no-includes --default -f --file".split()
)
_ASKING = frozenset({"--get", "--get-all", "--get-regexp", "--list", "-l", "--show-origin"})


def git(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """Judge `git [OPTION]… SUB-COMMAND …`."""
    found = shell.found
    options = apart(found, spec, words, stop=True)
    before = found.cwds
    for folder in options.value("-C"):
        shell.cd(folder)
    for flag in sorted(options.seen & spec.worst):
        found.unknown(f"`git {flag}` may run a program")
    if not options.operands:
        found.does(frozenset({"read"}), "reversible")
    else:
        sub, rest = plain(options.operands[0]), options.operands[1:]
        entry = spec.sub.get(sub)
        if entry is None:
            found.unknown(f"`git {re.sub(r'[^ -~]', '?', sub[:40])}` is not known: it may be an alias")
        else:
            _sub(shell, sub, entry, rest)
    found.cwds = before


def read_ref(value: object, profile: ToolProfile) -> Reading:
    """An argument that names a revision: the commit it points to goes with what the tool executes or sends."""
    names = [text[:256] for text in strings(value) if text]
    return Reading(frozenset({"read"}), "reversible", refs=tuple((".", name) for name in names[:_MOST_REFS]))


def _sub(shell: Shell, sub: str, entry: Spec, rest: Sequence[str]) -> None:
    found = shell.found
    if entry.sub:  # `git stash list`: the second word says what is done
        second = next((plain(word) for word in rest if not plain(word).startswith("-")), "")
        inner = entry.sub.get(second, entry.bare if not second else None)
        if inner is None:
            found.unknown(f"`git {sub} {re.sub(r'[^ -~]', '?', second[:40])}` is not known")
            return
        rest, entry = _without(found, sub, second, rest), inner
    options = apart(found, entry, rest)
    operands = [plain(word) for word in options.operands]
    if entry.how == "config" and options.seen & _ASKING and options.seen <= _ASKING | _BESIDE and len(operands) < 2:
        found.does(frozenset({"read"}), "reversible")
        for word in options.value("-f", "--file"):
            found.file(word, "read")
        return
    judge(found, f"git {sub}", entry, options)
    if entry.how == "rewrites":
        found.facts.add("rewrites_history")
    if any(not known(word) for word in options.operands):
        found.unknown(f"what `git {sub}` is done to is not known")
    if sub in _NETWORK or sub == "remote":
        _remote(shell, operands, sub == "remote")
    if sub == "push":
        remote = operands[0] if operands else "origin"
        if known(remote) and not _ADDRESS.search(remote):
            found.recipients.add(remote[:253])
        _push(shell, options.seen, operands)
    elif sub in ("checkout", "restore") and not options.seen & {"-b", "-B", "--staged", "-S"}:
        for word in options.operands:  # a name that is no branch is a file, put back over what it holds
            found.does(frozenset({"write"}), "prior")
            found.file(word, "write")
    elif sub in ("show", "diff", "cat-file", "blame", "annotate", "log", "grep"):
        for word in (*operands, *map(plain, options.value("-L"))):  # gitrevisions(7): `HEAD:.env`; `-L 1,9:.env`
            found.file(quoted(word.rpartition(":")[2] or "."), "read")
    elif sub in ("branch", "tag") and operands and not options.seen & {"-l", "--list"}:
        found.does(frozenset({"write"}), "compensable")
    shell.names = below(()) if entry.lists else None


def _without(found: Findings, sub: str, second: str, rest: Sequence[str]) -> Sequence[str]:
    """What is left when the word that says what is done is gone; options before it may have taken it for a value."""
    if not second:
        return rest
    before = rest[: [plain(word) for word in rest].index(second)]
    if any(plain(word) not in ("-v", "--verbose") for word in before):
        found.unknown(f"which word of `git {sub}` says what is done is not certain")
    return [*before, *rest[len(before) + 1 :]]


def _remote(shell: Shell, operands: Sequence[str], named: bool) -> None:
    for word in operands[: 2 if named else 1]:  # `git remote add NAME ADDRESS`
        if _PROGRAM.search(word):
            shell.found.unknown("a remote runs a program")
        elif _ADDRESS.search(word):
            shell.found.host(quoted(word if "://" in word else word.partition(":")[0]))


def _push(shell: Shell, seen: frozenset[str], operands: Sequence[str]) -> None:
    """What is sent: each refspec's source, or whatever is checked out; `+` and an empty source rewrite the remote."""
    found = shell.found
    specs = operands[1:]
    if any(word.startswith(("+", ":")) for word in specs):
        found.does(frozenset(), "irreversible", "rewrites what the remote has")
        found.facts.add("rewrites_history")
    sources = [word.lstrip("+").partition(":")[0] for word in specs]
    if "--all" in seen or "--tags" in seen or "--mirror" in seen:
        sources = ["--all"]
    for source in sources or ["HEAD"]:
        if source:
            shell.found.ref(source)
