"""What one parsed SQL statement does, part by part, with the files and programs it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assent.catalog.analysers.lookalike import lookalike
from assent.catalog.analysers.sql_words import (
    ACTING,
    ASKING,
    COMPUTING,
    MODULES,
    OPENING,
    OWN_SCHEMAS,
    SYSTEM,
    SYSTEM_SCHEMAS,
    TELLING,
)
from assent.catalog.observation import NamedFile, Reading
from assent.model.profile import REVERSIBILITY, Reversibility

_Part = tuple[frozenset[str], Reversibility, str]
READ, WRITE, DELETE = frozenset({"read"}), frozenset({"write"}), frozenset({"delete"})
UNKNOWN, GRANT, EXECUTE = frozenset({"unknown"}), frozenset({"unknown", "grant"}), frozenset({"unknown", "execute"})
_NOTHING: _Part = (READ, "reversible", "")
#: Commands that a parser keeps as text: how they begin, and what they do.
_COMMANDS: tuple[tuple[re.Pattern[str], _Part], ...] = (
    (re.compile(r"(?i)SHOW\b"), _NOTHING),
    (re.compile(r"(?i)VACUUM\b(?!.*\bINTO\b)"), (WRITE, "compensable", "rewrites the database")),
    (re.compile(r"(?i)REINDEX\b"), (WRITE, "compensable", "builds an index again")),
    (
        re.compile(r"(?i)(?:SET|RESET)\s+(?:(?:SESSION|LOCAL|GLOBAL)\s+)?(?:ROLE|AUTHORIZATION)\b"),
        (GRANT, "irreversible", "acts as somebody else"),
    ),
    (
        re.compile(r"(?i)(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP|LOGIN|POLICY|DEFAULT\s+PRIVILEGES)\b"),
        (GRANT, "irreversible", "changes who may do what"),
    ),
    (re.compile(r"(?i)REVOKE\b|GRANT\b|DENY\b"), (GRANT, "irreversible", "changes who may do what")),
)
_LITERAL = re.compile(r"'((?:[^']|''){1,1024}+)'")
_MOST_FILES = 128
_LIKE_PATH, _WITH_FOLDER = re.compile(r"[/\\~.]"), re.compile(r"[/\\]")
#: What stands before the name of a file that is written, and before a command that is run.
_WRITTEN = re.compile(
    r"(?i)(?:\b(?:outfile|dumpfile|into|to|attach|database|disk\s{0,4}=)"
    r"|\b(?:writefile|lo_export|pg_file_write)\s{0,4}\((?:[^()']{0,64},)?)\s{0,8}\Z"
)
_ACTS = re.compile(r"(?i)file|into|to|attach|database|disk|export|program|cmdshell|sys_e")
_RUN = re.compile(r"(?i)\b(?:program|xp_cmdshell|sys_exec|sys_eval)\s{0,4}\(?\s{0,8}N?\Z")


def judge(statement: Any, dialect: str) -> Reading:
    """Effects, reversibility and tables of one statement as sqlglot parsed it."""
    from sqlglot import exp

    parts: list[_Part] = []
    tables: set[str] = set()
    odd = system = False
    computing = COMPUTING.get(dialect, COMPUTING[""])
    for node in statement.walk():
        if isinstance(node, _effective()):
            parts.append(_part(node))
        elif isinstance(node, exp.Func | exp.Dot) and (called := _risky(node, computing)):
            parts.append(
                (UNKNOWN | {ACTING[called]} if called in ACTING else UNKNOWN, "irreversible", f"calls {called}")
            )
        elif isinstance(node, exp.Table) and node.name:
            tables.update(_spelled(node))
            system = system or node.db.casefold() in SYSTEM_SCHEMAS
            if "://" in node.name or node.name[0] == "@":
                parts.append((UNKNOWN, "irreversible", "reads from another machine"))
        elif isinstance(node, exp.Identifier):
            odd = odd or (not node.name.isascii() and lookalike(node.name))
    whole = isinstance(statement, exp.Query | exp.Values | exp.Describe | exp.Show | exp.Summarize)
    if not whole and not isinstance(statement, _effective()):
        parts.append(_unjudged(statement))
    parts = parts or [_NOTHING]
    effects = frozenset[str]().union(*(part[0] for part in parts))
    effects = effects - READ or effects
    if effects != READ and (system or tables & SYSTEM):
        effects, parts = effects | GRANT, [*parts, (GRANT, "irreversible", "changes what the database is")]
    return Reading(
        effects,
        max((part[1] for part in parts), key=REVERSIBILITY.index),
        effects != READ,
        tables=tuple(sorted(tables)),
        files=_opened(tables, dialect),
        facts=frozenset({"lookalike"} if odd else ()),
        complete="unknown" not in effects,
        note="; ".join(sorted({part[2] for part in parts if part[2]}))[:400],
    )


def _opened(tables: set[str], dialect: str) -> tuple[NamedFile, ...]:
    """Tables that are files, as DuckDB reads them."""
    files = _LIKE_PATH if dialect == "duckdb" else _WITH_FOLDER
    return tuple(NamedFile(name) for name in sorted(tables) if files.search(name))[:_MOST_FILES]


def named(text: str) -> tuple[tuple[NamedFile, ...], tuple[str, ...]]:
    """Files that the literals of a text may name, what looks like a path first, and programs that it runs."""
    files: dict[NamedFile, bool] = {}
    programs: set[str] = set()
    acts = _ACTS.search(text) is not None
    for match in _LITERAL.finditer(text):
        before, one = text[max(0, match.start() - 96) : match.start()] if acts else "", match[1]
        if _RUN.search(before):
            programs.add(one.split(maxsplit=1)[0][:64] if one.strip() else "?")
            continue
        written = bool(_WRITTEN.search(before))
        files[NamedFile(one, "write" if written else "read")] = written or bool(_LIKE_PATH.search(one))
    ordered = sorted(files, key=lambda file: (not files[file], file.text))
    return tuple(ordered[:_MOST_FILES]), tuple(sorted(programs))


def _effective() -> tuple[type, ...]:
    from sqlglot import exp

    return (
        exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Drop, exp.Create, exp.Alter, exp.TruncateTable,
        exp.Command, exp.Pragma, exp.Attach, exp.Detach, exp.Copy, exp.LoadData, exp.Set, exp.Use, exp.Kill,
        exp.Transaction, exp.Commit, exp.Rollback, exp.Grant, exp.Revoke, exp.Comment, exp.Cache, exp.Into, exp.Lock,
        exp.Execute, exp.Install, exp.Put, exp.Get, exp.Export, exp.Analyze,
    )  # fmt: skip


def _unjudged(node: Any) -> _Part:
    return UNKNOWN, "irreversible", f"`{type(node).__name__.upper()}` is not judged"


def _spelled(table: Any) -> Iterator[str]:
    """A table by its bare name, as policies name it, and by what tells it from another one of that name."""
    yield table.name.casefold()
    whole = ".".join(part.name for part in table.parts)
    if whole.casefold() != table.name.casefold():
        yield whole.casefold()
    if any(part.args.get("quoted") for part in table.parts) and whole != whole.casefold():
        yield whole  # within quotes case counts in most dialects


def _part(node: Any) -> _Part:
    """Effects, reversibility and a word for one effective part of a statement."""
    from sqlglot import exp

    if isinstance(node, exp.Insert):
        replaces = node.args.get("overwrite") or node.args.get("alternative") or node.args.get("conflict")
        return (WRITE | DELETE if replaces else WRITE), "compensable", "inserts rows"
    if isinstance(node, exp.Update):
        return WRITE, ("compensable" if _bounded(node) else "irreversible"), _scope(node, "updates")
    if isinstance(node, exp.Delete):
        return DELETE, ("compensable" if _bounded(node) else "irreversible"), _scope(node, "deletes")
    if isinstance(node, exp.Create):
        return _create(node)
    if isinstance(node, exp.Drop | exp.TruncateTable):
        return DELETE, "irreversible", "drops or empties a table or other object"
    if isinstance(node, exp.Alter):
        drops = any(isinstance(action, exp.Drop) for action in node.args.get("actions") or ())
        return (DELETE if drops else WRITE), ("irreversible" if drops else "compensable"), "alters a table"
    if isinstance(node, exp.Pragma):
        return _pragma(node)
    if isinstance(node, exp.Grant | exp.Revoke):
        return GRANT, "irreversible", "changes who may do what"
    if isinstance(node, exp.Lock):
        return WRITE, "compensable", "locks rows"
    if isinstance(node, exp.Analyze):
        return WRITE, "compensable", "gathers statistics"
    return _of_session(node)


def _create(node: Any) -> _Part:
    from sqlglot import exp

    kind = str(node.args.get("kind") or "").upper()
    module = node.find(exp.ModuleProperty)
    own = module is None or str(module.name).casefold() in MODULES
    if kind in ("TABLE", "VIEW", "INDEX") and not node.args.get("replace") and own:
        return WRITE, "compensable", f"creates a {kind.lower()}"
    return UNKNOWN, "irreversible", f"creates or replaces a {kind.lower() or 'thing'}"


def _of_session(node: Any) -> _Part:
    """Transactions, sessions, files, and commands that the parser keeps as text."""
    from sqlglot import exp

    if isinstance(node, exp.Transaction):
        return _NOTHING  # what it holds is judged by itself
    if isinstance(node, exp.Commit | exp.Rollback):
        return WRITE, "compensable", "ends a transaction"
    if isinstance(node, exp.Use) and not node.args.get("kind"):
        return _NOTHING
    if isinstance(node, exp.Use):
        return GRANT, "irreversible", "acts as somebody else"
    if isinstance(node, exp.Execute):
        name = str(node.this.name if node.this else "").casefold()
        return UNKNOWN | {ACTING.get(name, "unknown")}, "irreversible", f"calls {name[:64] or 'a procedure'}"
    text = f"{node.this} {node.expression or ''}" if isinstance(node, exp.Command) else ""
    for pattern, part in _COMMANDS:
        if text and pattern.match(text):
            return part
    program = isinstance(node, exp.Copy) and any(
        "PROGRAM" in str(param).upper() for param in node.args.get("params") or ()
    )
    return (EXECUTE, "irreversible", "runs a program") if program else _unjudged(node)


def _scope(node: Any, verb: str) -> str:
    return f"{verb} rows" if _bounded(node) else f"{verb} every row of a table"


def _pragma(node: Any) -> _Part:
    """A PRAGMA that only tells; `table_info(t)` and `table_info = t` mean the same."""
    from sqlglot import exp

    inner = node.this
    valued = isinstance(inner, exp.EQ)
    name = str((inner.this if valued else inner).name).casefold()
    given = valued or bool(getattr(inner, "expressions", ()))
    if name in (ASKING if given else ASKING | TELLING):
        return _NOTHING
    return UNKNOWN, "irreversible", "sets a PRAGMA"


def _risky(node: Any, computing: frozenset[str]) -> str:
    """The name of a function that may do more than compute, else empty."""
    from sqlglot import exp

    if isinstance(node, exp.Dot):  # a function of somebody's schema is not the one of that name
        inner, schema = node.expression, node.this
        known = schema.name.casefold() in OWN_SCHEMAS
        return "" if known or not isinstance(inner, exp.Func) else (inner.name or type(inner).__name__)[:64]
    kind = type(node).__name__
    if kind.startswith("Anonymous"):
        name = str(node.name).casefold()
        return "" if name in computing else name[:64] or "?"
    return kind if kind in OPENING else ""


def _bounded(node: Any) -> bool:
    """Does the WHERE of a change pick rows, rather than hold for every row (`1 = 1`, `id = id`, `x OR true`)?"""
    from sqlglot import exp

    where = node.args.get("where")
    pending = [where.this] if where else []
    found = bool(pending)
    while pending and found:
        part = pending.pop()
        if isinstance(part, exp.Or | exp.And | exp.Paren | exp.Not):
            pending += [child for child in part.iter_expressions()]
        elif not part.find(exp.Column) or isinstance(part, exp.Is):
            found = False
        elif isinstance(part, exp.Binary):
            everything = isinstance(part, exp.Like) and not part.expression.name.strip("%")
            found = part.this != part.expression and not everything
    return found
