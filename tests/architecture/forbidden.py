"""What must not exist in either package, each rule a generator of breaches over one module."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.architecture.source import Module

Rule = Callable[[Module], Iterator[str]]

FILES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service"}
CLASSES = re.compile(r"(Manager|Service|Helper|Helpers|Utils?|Mixin|Impl)$")
VERDICTS = re.compile(r"(^Decision$|Audit\w*(Entry|Event|Record)|PolicyDecision|^Verdict$)")
SKIP = re.compile(r"(skip|no|disable|bypass|without|force|fail_open|allow_on|trust_all)(_|$)")
SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|PRAGMA|ATTACH|BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b\s"
)
CORE = ("assent/model/", "assent/policy/", "assent/decide/", "assent/catalog/", "assent/ports.py", "assent/errors.py")
IMPURE = {"open", "print", "input", "breakpoint", "eval", "exec", "compile", "__import__", "globals", "import_module"}

#: Calls at import whose result is frozen, or a name: nothing is opened, started or shared.
FROZEN = {
    "NewType", "TypeVar", "ParamSpec", "frozenset", "tuple", "sorted", "fields", "getattr", "range", "len", "type",
    "re.compile", "re.escape", "bytes.fromhex", "str.maketrans", "Decimal", "logging.getLogger", "TypeVarTuple",
    "shape.pattern", "field", "Path", "click.option", "click.Path", "click.argument", "click.Choice",
    "click.IntRange", "bytes", "bytes.maketrans",
}  # fmt: skip
#: Methods of literals and of what the calls above give.
FROZEN_METHODS = {"join", "split", "encode", "values", "items", "keys", "with_name", "digest"}

#: Blocks that importing does not enter.
NOT_IMPORTED = ("TYPE_CHECKING", "__name__ == '__main__'")

#: Rule and place, and why it stays. An entry that nothing needs is refused.
REASONS: Mapping[str, str] = {
    "broad_except assent/inform/watch.py": "a detector is foreign code: one that fails has found something",
    "broad_except assent/record/log.py": "the writer thread hands every failure to the jobs that wait for it",
    "one_decision assent/policy/cedar.py": "what Cedar answers for one layer; the decision is made from it",
    "one_decision assent_verify/receipt.py": "the verifier imports nothing of the writer; its leaves are named so",
    "singletons assent/catalog/analysers/words.py": "which character marks which, a constant table",
    "singletons assent/catalog/verbs.py": "a constant table, spelled as words",
    "singletons assent_verify/canonical.py": "the parser's and the writer's fixed rules; both keep no state",
    "singletons assent_verify/events.py": "what the subjects of system leaves say, a constant table",
    "singletons assent_verify/merkle.py": "the hash of the empty tree, RFC 6962 §2.1",
    "singletons assent_verify/spelling.py": "one spelling per value, a constant table",
    "singletons assent_verify/receipt.py": "the grammar of a leaf, a constant table",
    "sql_formatted assent/cli/demo/scenes.py": "what the attacking agent of the demo says, not what the store is told",
}


def file_names(module: Module) -> Iterator[str]:
    """A file is named by the concept in it; `utils` is none, and v2 never stands beside v1."""
    stem = module.name.removesuffix(".py").rsplit("/", 1)[-1]
    if stem in FILES or re.search(r"(^|_)(v\d+|new|old)$", stem):
        yield f"file `{stem}.py`"


def class_names(module: Module) -> Iterator[str]:
    """A class is named by what it is."""
    for node in module.classes():
        if CLASSES.search(node.name):
            yield f"class `{node.name}`"


def one_decision(module: Module) -> Iterator[str]:
    """There is one `Decision`, and no audit type beside the receipt."""
    for node in module.classes():
        if VERDICTS.search(node.name) and module.name != "assent/model/decision.py":
            yield f"a second decision or audit type `{node.name}`"


def broad_except(module: Module) -> Iterator[str]:
    """A bug is not caught, save to clean up and raise it again, or by an edge that must answer."""
    if module.name.startswith("assent/edges/"):
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = any(kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in caught)
        last = node.body[-1]
        if broad and not (isinstance(last, ast.Raise) and last.exc is None):
            yield f"line {node.lineno}: a broad `except` that swallows"


def _frozen(call: ast.Call, classes: set[str]) -> bool:
    """Does this call only make a frozen value?"""
    name = ast.unparse(call.func)
    if name in FROZEN or name in classes:
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr in FROZEN_METHODS


def _at_import(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """What runs when the module is imported: its statements, those within blocks and class bodies too."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in NOT_IMPORTED:
            continue
        yield node
        for block in ("body", "handlers", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _at_import(getattr(node, block, ()))


def _evaluated(node: ast.AST) -> list[ast.expr]:
    """The expressions that this statement evaluates at import, without the blocks below it."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return [node.value] if node.value else []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
    return [node.test] if isinstance(node, ast.If) else []


def singletons(module: Module, classes: frozenset[str] = frozenset()) -> Iterator[str]:
    """Importing makes names and frozen values: no connection, no registry, no state, no work."""
    for node in _at_import(module.tree.body):
        line = f"line {getattr(node, 'lineno', 0)}"
        loops = isinstance(node, ast.For | ast.While | ast.With | ast.AugAssign | ast.Delete)
        if loops or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)):
            yield f"{line}: work at import"
        for value in _evaluated(node):
            for call in ast.walk(value):
                if isinstance(call, ast.Call) and not _frozen(call, set(classes)):
                    yield f"{line}: `{ast.unparse(call.func)}` is called at import"
            if ast.unparse(value) in ("{}", "[]"):
                yield f"{line}: module-level state"
    for inner in ast.walk(module.tree):
        if isinstance(inner, ast.Global):
            yield f"line {inner.lineno}: `global`"


def sql_formatted(module: Module) -> Iterator[str]:
    """SQL lives in .sql files and takes parameters; it is never put together from strings."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            text = node.left.value if isinstance(node.left, ast.Constant) else ""
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            text = node.func.value.value if isinstance(node.func.value, ast.Constant) else ""
        else:
            continue
        if isinstance(text, str) and SQL.match(text):
            yield f"line {node.lineno}: SQL by formatting"


def skip_flags(module: Module) -> Iterator[str]:
    """No parameter, field or setting skips a check."""
    for function in module.functions():
        given = function.args
        for argument in [*given.posonlyargs, *given.args, *given.kwonlyargs]:
            if SKIP.match(argument.arg):
                yield f"line {function.lineno}: parameter `{argument.arg}`"
    for node in module.classes():
        for field in node.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and SKIP.match(field.target.id):
                yield f"line {field.lineno}: field `{field.target.id}`"


def pure_builtins(module: Module) -> Iterator[str]:
    """The core opens and prints nothing, and imports nothing that the contracts cannot see."""
    if not module.name.startswith(CORE):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).removeprefix("importlib.")
            if name in IMPURE:
                yield f"line {node.lineno}: `{name}` in the pure core"


def unfinished(module: Module) -> Iterator[str]:
    """Nothing is left for later: no `NotImplementedError`, no body of `pass` or `...` outside a Protocol."""
    protocols = {
        function
        for node in module.classes()
        if any("Protocol" in ast.unparse(base) or "Reader" in ast.unparse(base) for base in node.bases)
        for function in node.body
    }
    for function in module.functions():
        body = [node for node in function.body if not isinstance(node, ast.Expr) or not _text(node)]
        empty = all(isinstance(node, ast.Pass) or ast.unparse(node) == "..." for node in body)
        if empty and body and function not in protocols:
            yield f"line {function.lineno}: `{function.name}` does nothing"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Raise) and node.exc and ast.unparse(node.exc).startswith("NotImplementedError"):
            yield f"line {node.lineno}: `NotImplementedError`"


def _text(node: ast.Expr) -> bool:
    """Is this statement a docstring?"""
    return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


RULES: tuple[Rule, ...] = (
    file_names,
    class_names,
    one_decision,
    broad_except,
    singletons,
    sql_formatted,
    skip_flags,
    pure_builtins,
    unfinished,
)


def frozen_classes(modules: list[Module]) -> frozenset[str]:
    """Names of frozen dataclasses, named tuples and new types: making one at import makes a value."""
    new_types = re.compile(r"(\w+) = NewType\(")
    names = {
        found[1] for module in modules for node in module.tree.body if (found := new_types.match(ast.unparse(node)))
    }
    return frozenset(names) | frozenset(
        node.name
        for module in modules
        for node in module.classes()
        if any("frozen=True" in ast.unparse(decorator) for decorator in node.decorator_list)
        or any(ast.unparse(base) in ("NamedTuple", "ParamType") for base in node.bases)
    )


def breaches(modules: list[Module], reasons: Mapping[str, str]) -> list[str]:
    """Every breach without a reason, and every reason without its breach."""
    classes = frozen_classes(modules)
    found, used = [], set()
    for module in modules:
        for rule in RULES:
            told = singletons(module, classes) if rule is singletons else rule(module)
            for breach in told:
                place = f"{rule.__name__} {module.name}"
                used.add(place)
                if place not in reasons:
                    found.append(f"{place}: {breach}")
    return found + [f"{place}: nothing there needs this reason" for place in reasons if place not in used]
