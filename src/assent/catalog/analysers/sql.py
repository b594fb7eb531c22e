"""SQL: every statement read, the worst of all taken (parsed with sqlglot, loaded when first needed).

What is not understood to the end is the worst case. A parse is bounded in size
beforehand, and nothing is executed.
"""

from __future__ import annotations

import re
from typing import Any

from assent.catalog.observation import NamedFile, Reading
from assent.model.profile import REVERSIBILITY, Reversibility, ToolProfile

#: Most characters parsed; more is the worst case.
LONGEST = 16 * 1024
_MOST_STATEMENTS, _MOST_NESTING = 200, 60
#: Functions sqlglot has no class for that only compute. Any other may do anything: it may be one of the user's own.
_COMPUTING = frozenset(
    (
        "total datetime printf format julianday changes total_changes last_insert_rowid quote randomblob zeroblob "
        "unixepoch likelihood likely unlikely json_each json_tree json json_array json_object json_valid json_type "
        "json_quote json_set json_insert json_replace json_remove json_patch json_array_length json_group_array "
        "json_group_object octet_length glob like match bm25 highlight snippet timediff strftime concat concat_ws "
        "sqlite_source_id subtype nullif percentile median pragma_table_info pragma_table_list pragma_index_list "
        "pragma_index_info pragma_foreign_key_list pg_size_pretty pg_total_relation_size pg_relation_size "
        "pg_database_size pg_typeof pg_get_viewdef pg_get_indexdef pg_get_constraintdef obj_description "
        "col_description format_type to_regclass jsonb_agg jsonb_build_object json_build_object jsonb_array_elements "
        "jsonb_each jsonb_typeof to_json to_jsonb row_to_json age make_date make_interval width_bucket "
        "regexp_matches has_table_privilege current_schemas inet_client_addr date_format find_in_set"
    ).split()
)
#: Functions sqlglot knows that open files or move a sequence.
_KNOWN_OPENING = ("ReadCSV", "ReadParquet", "NextValueFor")
#: Modules of virtual tables that keep to the database.
_MODULES = frozenset({"fts3", "fts4", "fts5", "rtree", "geopoly"})
#: Words that begin a change, as a second opinion on what was parsed as a read.
_CHANGING = re.compile(
    r"(?i)(?<![.\w])(?:insert|update|delete|drop|truncate|alter|create|attach|detach|grant|revoke|merge|vacuum|reindex"
    r"|copy|call|exec|execute|replace\s+into|into\s+(?:out|dump)file)(?!\w)"
)
#: What a quoted name or text is; each alternative ends at a quote or at the end of the text.
_QUOTED = re.compile(r"'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*+`")
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


def worst(note: str, files: tuple[NamedFile, ...] = ()) -> Reading:
    """Nothing is known of it, so everything may happen."""
    return Reading(frozenset({"unknown"}), "irreversible", True, files=files, complete=False, note=note)


def read_sql(value: object, profile: ToolProfile) -> Reading:
    """What an argument that holds SQL does; anything but text is the worst case."""
    if not isinstance(value, str):
        return worst("the SQL is not text")
    return read_statements(value, profile.dialect or "sqlite")


def read_statements(text: str, dialect: str = "sqlite") -> Reading:
    """What all statements of one text do together. Never raises."""
    if len(text) > LONGEST:
        return worst("the SQL is too long to be read")
    if _depth(text) > _MOST_NESTING:
        return worst("the SQL is nested too deeply to be read")
    if odd := _ambiguous(text):
        return worst(odd)
    from sqlglot import errors, parse, parser

    parser.logger.disabled = True  # it prints the statement, and what an agent sends is printed nowhere
    try:
        parsed = parse(text, dialect=dialect)
    except (errors.SqlglotError, RecursionError, ValueError, AttributeError, IndexError, KeyError, TypeError) as error:
        return worst(f"the SQL cannot be parsed ({type(error).__name__})")
    found = [statement for statement in parsed if statement is not None]
    if not found:
        return worst("there is no SQL statement")
    if len(found) > _MOST_STATEMENTS:
        return worst("there are too many SQL statements")
    together = _together([_one(statement) for statement in found])
    if together.effects == {"read"} and _CHANGING.search(_QUOTED.sub("''", text)):
        return worst("a word that changes something stands where only reading was seen", together.files)
    return together


def _ambiguous(text: str) -> str:
    """What a server may read otherwise than a parser: why, else empty."""
    if "\0" in text:
        return "the SQL holds a NUL, where a server may stop reading"
    if "/*!" in text or "/*+" in text or "/*M!" in text:
        return "the SQL holds a comment that some servers run"
    bare = text if text.isascii() else _QUOTED.sub("''", text)
    if not bare.isascii() and any(char.isspace() and not char.isascii() for char in bare):
        return "the SQL holds a space that some servers take for a letter"
    return ""


def _depth(text: str) -> int:
    depth = most = 0
    for character in text:
        if character == "(":
            depth += 1
            most = max(most, depth)
        elif character == ")":
            depth -= 1
    return most


def _together(each: list[Reading]) -> Reading:
    effects: frozenset[str] = frozenset().union(*(one.effects for one in each))
    if len(effects) > 1:
        effects -= {"read"}
    notes = [one.note for one in each if one.note]
    return Reading(
        effects,
        max((one.reversibility for one in each), key=REVERSIBILITY.index),
        effects != {"read"},
        tuple(sorted({table for one in each for table in one.tables})),
        tuple(dict.fromkeys(file for one in each for file in one.files)),
        complete=all(one.complete for one in each),
        note="; ".join(dict.fromkeys(notes)),
    )


def _one(statement: Any) -> Reading:
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
    called = {name for node in statement.find_all(exp.Func) if (name := _risky(node))}
    if called:
        return worst(f"calls {', '.join(sorted(called))}", _literals(statement))
    effects: frozenset[str] = frozenset().union(*(one[0] for one in inner))
    reversibility: Reversibility = max((one[1] for one in inner), key=REVERSIBILITY.index)
    note = "; ".join(dict.fromkeys(one[2] for one in inner if one[2]))
    opened = _literals(statement) if "unknown" in effects else ()
    complete = "unknown" not in effects
    effects = effects - {"read"} or effects
    return Reading(effects, reversibility, effects != {"read"}, tables, opened, complete=complete, note=note)


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
        return write, ("compensable" if _bounded(node) else "irreversible"), _scope(node, "updates")
    if isinstance(node, exp.Delete):
        return delete, ("compensable" if _bounded(node) else "irreversible"), _scope(node, "deletes")
    if isinstance(node, exp.Create):
        replaces = node.args.get("replace")
        kind = str(node.args.get("kind") or "").upper()
        module = node.find(exp.ModuleProperty)
        own = module is None or str(module.name).casefold() in _MODULES
        if kind in ("TABLE", "VIEW", "INDEX") and not replaces and own:
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
    return f"{verb} rows" if _bounded(node) else f"{verb} every row of a table"


def _pragma(node: Any) -> tuple[frozenset[str], Reversibility, str]:
    """A PRAGMA that only tells; `table_info(t)` and `table_info = t` mean the same."""
    from sqlglot import exp

    inner = node.this
    valued = isinstance(inner, exp.EQ)
    name = str((inner.this if valued else inner).name).casefold()
    if name in (_ASKING if valued else _ASKING | _TELLING):
        return frozenset({"read"}), "reversible", ""
    return frozenset({"unknown"}), "irreversible", "sets a PRAGMA"


def _risky(node: Any) -> str:
    """The name of a function that may do more than compute, else empty."""
    kind = type(node).__name__
    if kind.startswith("Anonymous"):
        name = str(node.name).casefold()
        return "" if name in _COMPUTING else name[:64] or "?"
    return kind if kind in _KNOWN_OPENING else ""


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
        elif not part.find(exp.Column) or (isinstance(part, exp.Binary) and part.this == part.expression):
            found = False
    return found


def _literals(statement: Any) -> tuple[NamedFile, ...]:
    """String literals, which may be files that the statement opens."""
    from sqlglot import exp

    found = {node.this for node in statement.find_all(exp.Literal) if node.is_string}
    if isinstance(statement, exp.Command):
        found |= set(re.findall(r"'([^']{1,1024})'", statement.sql()))
    return tuple(NamedFile(str(one), "read") for one in sorted(found))
