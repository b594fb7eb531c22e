"""Python files as the checks read them: a syntax tree, and which lines hold code."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "src", ROOT / "packages/assent-verify/src")
LAYOUT = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file: its name below the source root, its tree and its lines of code.

    Args:
        name: such as `assent/policy/cedar.py`.
        code: numbers of the lines that are no blank, comment or docstring.
    """

    name: str
    tree: ast.Module
    code: frozenset[int]

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                yield node

    def size(self, node: ast.AST | None = None) -> int:
        """Lines of code of the whole file, or of one function in it."""
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return len(self.code)
        return sum(1 for line in self.code if node.lineno <= line <= (node.end_lineno or 0))


def parse(name: str, text: str) -> Module:
    """The module of this text."""
    tree = ast.parse(text)
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            code.difference_update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return Module(name, tree, frozenset(code))


def modules() -> list[Module]:
    """Every module of both packages."""
    return [
        parse(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for root in PACKAGES
        for path in sorted(root.rglob("*.py"))
    ]
