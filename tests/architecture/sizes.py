"""How large things may be: a soft limit that a reason lifts, a hard one that nothing does."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from tests.architecture.source import Function, Module

MODULE, FUNCTION, PARAMETERS = (300, 600), (40, 80), (5, 8)
#: An edge is thin: a driver over 300 lines is no driver, whatever its reason.
EDGE, EDGES = (300, 300), "assent/edges/"
CORE_LINES, VERIFIER_LINES, ALL_LINES = 5_000, 3_500, 40_000
#: Analysers are pure as well, but each reads one foreign language and stands alone (docs/decisions/005).
ANALYSERS, ANALYSER_LINES = "assent/catalog/analysers/", 3_500
CORE = ("assent/model/", "assent/policy/", "assent/decide/", "assent/catalog/")
#: Words and nothing else: data that happens to be spelled as Python, which nobody reads as code.
DATA = ("assent/catalog/vocabulary.py",)
VERIFIER = "assent_verify/"

#: What is over a soft limit, and why it stays so. An entry that is no longer over is refused.
REASONS: Mapping[str, str] = {
    "assent/admin/activate.py:put": "one activation: what is put in force, by whom, when, and over what",
    "assent/admin/principals.py:add": "one enrolment: whom, proven how, by whom, when, among which groups",
    "assent/admin/principals.py:change": "one change: of whom, to what, by whom, when, among which groups",
    "assent/admin/principals.py:rotate": "one change of proofs: whose, to what, by whom, when, beside what",
    "assent/admin/signed.py:append": "the members of a signed system leaf, each of another type",
    "assent/assembly.py": "everything concrete is named in this one place, and how a home is opened in each need",
    "assent/admin/witnesses.py:change": "one change of the witnesses: which, by whom, when",
    "assent/cli/witness.py:add": "a command's options are its parameters",
    "assent/record/witnesses.py:_ask": "one request to one witness: where, whom, what is known, what is asked",
    "assent/catalog/analysers/__init__.py:analyse": "every fact of a call, named once",
    "assent/cli/credentials.py:add": "a command's options are its parameters",
    "assent/cli/credentials.py:rotate": "a command's options are its parameters",
    "assent/cli/convert.py:command": "a command's options are its parameters",
    "assent/cli/erasing.py:erase": "a command's options are its parameters",
    "assent/cli/approve.py:command": "a command's options are its parameters",
    "assent/cli/erasing.py:add": "a command's options are its parameters",
    "assent/cli/init.py:command": "a command's options are its parameters",
    "assent/cli/people.py:enrol": "a command's options are its parameters",
    "assent/cli/install.py:command": "a command's options are its parameters",
    "assent/catalog/analysers/shell.py": "one shell while a script is read: every construct of its grammar",
    "assent/catalog/analysers/special.py": "programs with a language of their own, each a short function alone",
    "assent/cli/kill.py:command": "a command's options are its parameters",
    "assent/cli/revoke.py:one": "a command's options are its parameters",
    "assent/cli/revoke.py:restored": "a command's options are its parameters",
    "assent/cli/taking.py:take": "a command's options are its parameters",
    "assent/cli/keys.py:rotate": "a command's options are its parameters",
    "assent/cli/mcp.py:command": "a command's options are its parameters",
    "assent/cli/replay.py:command": "a command's options are its parameters",
    "assent/cli/receipts.py:list_": "a command's options are its parameters",
    "assent/cli/sessions.py:open_": "a command's options are its parameters",
    "assent/cli/statement.py:command": "a command's options are its parameters",
    "assent/cli/receipts.py:export": "a command's options are its parameters",
    "assent/cli/sealing.py:seal": "a command's options are its parameters",
    "assent/cli/verify.py:check": "what a log is held against, each apart from the others",
    "assent/cli/verify.py:command": "a command's options are its parameters",
    "assent/decide/people.py:lifts": "an approval is held against everything it could be replayed on",
    "assent/config.py:_checked": "each setting of a form of its own, in one place",
    "assent/cli/token.py:serve": "a command's options are its parameters",
    "assent/model/issuer.py:_text": "one member of a table: its name, its form, and how a mistake is told",
    "assent/edges/mcp/launch.py:_serve": "what one gateway is made of, in the order it is made",
    "assent/edges/mcp/gateway.py:__init__": "both peers and what stands between them",
    "assent/edges/mcp/pins.py:__init__": "what a pin is compared with, injected",
    "assent/enforce/commit.py:_put_attempt": "the members of an attempt's row",
    "assent/enforce/gather.py:gather": "steps 2 to 4 in one straight line, in the order of the design",
    "assent/enforce/guard.py": "the straight line of one action, whole in one file",
    "assent/enforce/guard.py:__init__": "the ports of the straight line, injected",
    "assent/errors.py:__init__": "where in an author's text the fault is",
    "assent/inform/observe.py": "everything that is looked up for one call, in the order it is looked up",
    "assent/inform/observe.py:_seen": "what was observed of one path",
    "assent/policy/load.py:_at": "an error of an author's text, placed",
    "assent/policy/load.py:point": "an error of an author's text, placed",
    "assent/record/leaves.py:decision": "the parts of a decision leaf",
    "assent/record/leaves.py:outcome": "the parts of an outcome leaf",
    "assent/stores/overlay.py": "every write of a transaction, each a few lines alone",
    "assent_verify/verify.py": "the steps of the verification, whole in one file, as an auditor reads them",
    "assent_verify/verify.py:finish": "the four answers and every note, in the order they are printed",
}


def parameters(function: Function) -> int:
    """How many parameters a caller meets; `self` is none."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return sum(1 for argument in named if argument.arg not in ("self", "cls"))


def over(
    modules: Iterable[Module],
    reasons: Mapping[str, str],
) -> list[str]:
    """Every size over its limit without a reason, and every reason without its size."""
    breaches, used = [], set()
    for module in modules:
        whole = EDGE if module.name.startswith(EDGES) else MODULE
        measured = [(module.name, "code lines", module.size(), whole)]
        for function in module.functions():
            name = f"{module.name}:{function.name}"
            measured.append((name, "code lines", module.size(function), FUNCTION))
            measured.append((name, "parameters", parameters(function), PARAMETERS))
        for name, what, size, (soft, hard) in measured:
            if size > hard:
                breaches.append(f"{name}: {size} {what}, at most {hard}")
            elif size > soft:
                used.add(name)
                if name not in reasons:
                    breaches.append(f"{name}: {size} {what}, over {soft} needs a reason in sizes.py")
    return breaches + [f"{name}: within its limits, its reason can go" for name in reasons if name not in used]


def only_words(module: Module) -> bool:
    """Does a module hold nothing but names given to strings, and to tables of strings?"""
    parts = (ast.Module, ast.ImportFrom, ast.alias, ast.Expr, ast.Assign, ast.Dict, ast.Name, ast.Store, ast.Constant)
    return all(isinstance(node, parts) for node in ast.walk(module.tree))


def totals(modules: Iterable[Module]) -> list[str]:
    """Every sum over its limit: the pure core, the verifier, the whole."""
    listed = list(modules)
    words = {module.name for module in listed if module.name in DATA and only_words(module)}
    core = tuple(module.name for module in listed if module.name.startswith(CORE) and module.name not in words)
    limits = (
        ("pure core", core, ANALYSERS, CORE_LINES),
        ("analysers", (ANALYSERS,), "-", ANALYSER_LINES),
        ("verifier", (VERIFIER,), "-", VERIFIER_LINES),
        ("whole", ("",), "-", ALL_LINES),
    )
    sums = [
        (
            name,
            sum(each.size() for each in listed if each.name.startswith(of) and not each.name.startswith(less)),
            limit,
        )
        for name, of, less, limit in limits
    ]
    return [f"{name}: {size} code lines, at most {limit}" for name, size, limit in sums if size > limit]
