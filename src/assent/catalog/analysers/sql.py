"""SQL: every statement read, the worst of all taken (parsed with sqlglot, loaded when first needed).

What is not understood to the end is the worst case. A parse is bounded in size
beforehand, and nothing is executed.
"""

from __future__ import annotations

import re
from typing import Any

from assent.catalog.observation import Statements
from assent.model.profile import REVERSIBILITY, Reversibility

#: Most characters parsed; more is the worst case.
LONGEST = 64 * 1024
_MOST_STATEMENTS, _MOST_NESTING = 200, 60
#: Functions that have effects or read files.
_FUNCTIONS = frozenset(
    (
        "load_extension readfile writefile edit fts3_tokenizer sqlar_compress pg_read_file "
        "pg_read_binary_file pg_ls_dir pg_write_file lo_import lo_export dblink dblink_exec pg_sleep "
        "pg_terminate_backend pg_cancel_backend set_config pg_reload_conf pg_execute_server_program "
        "query_to_xml xp_cmdshell sys_exec sys_eval load_file nextval setval pg_advisory_lock pg_promote "
        "pg_rotate_logfile"
    ).split()
)
#: PRAGMAs that take a name and only tell (sqlite.org/pragma.html).
_ASKING = frozenset(
    (
        "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list "
        "foreign_key_check integrity_check quick_check"
    ).split()
)
#: PRAGMAs that only tell as long as they are given no value.
_TELLING = frozenset(
    (
        "database_list collation_list function_list module_list pragma_list compile_options user_version "
        "schema_version application_id encoding page_count page_size freelist_count"
    ).split()
)


def worst(note: str, paths: tuple[str, ...] = ()) -> Statements:
    """Nothing is known of it, so everything may happen."""
    return Statements(frozenset({"unknown"}), "irreversible", (), paths, False, note)


def read_statements(text: str, dialect: str = "sqlite") -> Statements:
    """What all statements of one text do together. Never raises."""
    if len(text) > LONGEST:
        return worst("the SQL is too long to be read")
    if text.count("(") > _MOST_NESTING * 20 or _depth(text) > _MOST_NESTING:
        return worst("the SQL is nested too deeply to be read")
    from sqlglot import errors, parse

    try:
        parsed = parse(text, dialect=dialect)
    except (errors.SqlglotError, RecursionError, ValueError, AttributeError, IndexError, KeyError, TypeError) as error:
        return worst(f"the SQL cannot be parsed ({type(error).__name__})")
    found = [statement for statement in parsed if statement is not None]
    if not found:
        return worst("there is no SQL statement")
    if len(found) > _MOST_STATEMENTS:
        return worst("there are too many SQL statements")
    return _together([_one(statement) for statement in found])


def _depth(text: str) -> int:
    depth = most = 0
    for character in text:
        if character == "(":
            depth += 1
            most = max(most, depth)
        elif character == ")":
            depth -= 1
    return most


def _together(each: list[Statements]) -> Statements:
    effects: frozenset[str] = frozenset().union(*(one.effects for one in each))
    if len(effects) > 1:
        effects -= {"read"}
    notes = [one.note for one in each if one.note]
    return Statements(
        effects,
        max((one.reversibility for one in each), key=REVERSIBILITY.index),
        tuple(sorted({table for one in each for table in one.tables})),
        tuple(sorted({path for one in each for path in one.paths})),
        all(one.complete for one in each),
        "; ".join(dict.fromkeys(notes)),
    )


def _one(statement: Any) -> Statements:
    from sqlglot import exp

    tables = tuple(sorted({table.name.casefold() for table in statement.find_all(exp.Table) if table.name}))
    if explained := _explained(statement):
        return read_statements(explained)  # EXPLAIN runs nothing, but is judged as if it did
    inner = [_part(node) for node in statement.walk() if isinstance(node, _effective())]
    if not inner:
        if (isinstance(statement, exp.Query | exp.Values) and not statement.find(exp.Into, exp.Lock)) or isinstance(
            statement, exp.Describe
        ):
            inner = [(frozenset({"read"}), "reversible", "")]
        else:
            return worst(f"`{type(statement).__name__.upper()}` is not judged", _literals(statement))
    called = {_name(node) for node in statement.find_all(exp.Func)} & _FUNCTIONS
    if called:
        return worst(f"calls {', '.join(sorted(called))}", _literals(statement))
    effects: frozenset[str] = frozenset().union(*(one[0] for one in inner))
    reversibility: Reversibility = max((one[1] for one in inner), key=REVERSIBILITY.index)
    note = "; ".join(dict.fromkeys(one[2] for one in inner if one[2]))
    opened = _literals(statement) if "unknown" in effects else ()
    return Statements(effects - {"read"} or effects, reversibility, tables, opened, "unknown" not in effects, note)


def _explained(statement: Any) -> str:
    """What an `EXPLAIN` explains; sqlglot keeps it as a command."""
    from sqlglot import exp

    if not isinstance(statement, exp.Command) or str(statement.this).upper() != "EXPLAIN":
        return ""
    return re.sub(r"(?i)\A\s*QUERY\s+PLAN\b", "", statement.expression.name if statement.expression else "")


def _effective() -> tuple[type, ...]:
    from sqlglot import exp

    return (
        exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Drop, exp.Create, exp.Alter, exp.TruncateTable,
        exp.Command, exp.Pragma, exp.Attach, exp.Detach, exp.Copy, exp.LoadData, exp.Set, exp.Use, exp.Kill,
        exp.Transaction, exp.Commit, exp.Rollback, exp.Grant, exp.Comment, exp.Cache, exp.Into,
    )  # fmt: skip


def _part(node: Any) -> tuple[frozenset[str], Reversibility, str]:
    """Effects, reversibility and a word for one effective part of a statement."""
    from sqlglot import exp

    write, delete, unknown = frozenset({"write"}), frozenset({"delete"}), frozenset({"unknown"})
    if isinstance(node, exp.Insert):
        replaces = node.args.get("overwrite") or node.args.get("alternative") or node.args.get("conflict")
        return (write | delete if replaces else write), "compensable", "inserts rows"
    if isinstance(node, exp.Update):
        return write, ("compensable" if node.args.get("where") else "irreversible"), _scope(node, "updates")
    if isinstance(node, exp.Delete):
        return delete, ("compensable" if node.args.get("where") else "irreversible"), _scope(node, "deletes")
    if isinstance(node, exp.Create):
        replaces = node.args.get("replace")
        kind = str(node.args.get("kind") or "").upper()
        if kind in ("TABLE", "VIEW", "INDEX") and not replaces:
            return write, "compensable", f"creates a {kind.lower()}"
        return unknown, "irreversible", f"creates or replaces a {kind.lower() or 'thing'}"
    if isinstance(node, exp.Drop | exp.TruncateTable):
        return delete, "irreversible", "drops or empties a table or other object"
    if isinstance(node, exp.Alter):
        drops = any(isinstance(action, exp.Drop) for action in node.args.get("actions") or ())
        return (delete if drops else write), ("irreversible" if drops else "compensable"), "alters a table"
    if isinstance(node, exp.Pragma):
        return _pragma(node)
    if isinstance(node, exp.Grant):
        return frozenset({"grant"}), "irreversible", "grants rights"
    return unknown, "irreversible", f"`{type(node).__name__.upper()}` is not judged"


def _scope(node: Any, verb: str) -> str:
    return f"{verb} rows" if node.args.get("where") else f"{verb} every row of a table"


def _pragma(node: Any) -> tuple[frozenset[str], Reversibility, str]:
    """A PRAGMA that only tells; `table_info(t)` and `table_info = t` mean the same."""
    from sqlglot import exp

    inner = node.this
    valued = isinstance(inner, exp.EQ)
    name = str((inner.this if valued else inner).name).casefold()
    if name in (_ASKING if valued else _ASKING | _TELLING):
        return frozenset({"read"}), "reversible", ""
    return frozenset({"unknown"}), "irreversible", "sets a PRAGMA"


def _name(node: Any) -> str:
    name = node.name if type(node).__name__ == "Anonymous" else node.sql_name()
    return str(name).casefold()


def _literals(statement: Any) -> tuple[str, ...]:
    """String literals, which may be files that the statement opens."""
    from sqlglot import exp

    found = {node.this for node in statement.find_all(exp.Literal) if node.is_string}
    if isinstance(statement, exp.Command):
        found |= set(re.findall(r"'([^']{1,1024})'", statement.sql()))
    return tuple(sorted(str(one) for one in found))
