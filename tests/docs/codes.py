"""Which codes the sources give to errors and reasons, found in their syntax trees.

A function has a code parameter if one of its parameters is called `code`; a
class, if its fields or its `__init__` say so. Every literal that reaches such a
parameter is a code; what is computed is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import Module

#: The error families hand their arguments on to the base.
FAMILIES = (
    "RefusedError",
    "RequestError",
    "PolicyError",
    "ProofError",
    "UnavailableError",
    "ConfigError",
    "ConflictError",
)
CODE = "code"


def takers(modules: Iterable[Module]) -> dict[str, int]:
    """Name of each function or class that takes a code → at which position, -1 for by keyword only."""
    found = dict.fromkeys(FAMILIES, 0)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                names = [
                    field.target.id
                    for field in node.body
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                ]
                methods = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
                names = names or [argument.arg for method in methods for argument in method.args.args[1:]]
                if CODE in names:
                    found[node.name] = names.index(CODE)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
                positional = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls")]
                if CODE in positional:
                    found[node.name] = positional.index(CODE)
                elif CODE in [argument.arg for argument in node.args.kwonlyargs]:
                    found[node.name] = -1
    return found


def _literals(node: ast.expr) -> Iterator[str]:
    """The strings that this expression can be, as far as its text tells."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def given(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Each code → names of the files that give it."""
    listed = list(modules)
    positions = takers(listed)
    found: dict[str, set[str]] = {}
    for module in listed:
        own = {function.name for function in module.functions()} - takers([module]).keys()  # namesakes without a code
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rsplit(".", 1)[-1]
            if name not in positions or name in own:
                continue
            said = [word.value for word in node.keywords if word.arg == CODE]
            if 0 <= positions[name] < len(node.args):
                said.append(node.args[positions[name]])
            for code in (literal for value in said for literal in _literals(value)):
                found.setdefault(code, set()).add(module.name)
    return found


def words(modules: Iterable[Module]) -> set[str]:
    """Every string literal of the sources: a documented code that is none of them is made up."""
    return {
        node.value
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
