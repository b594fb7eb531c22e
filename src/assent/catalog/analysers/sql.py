"""SQL: every statement read, the worst of all taken (parsed with sqlglot, loaded when first needed).

What is not understood to the end is the worst case. A parse is bounded in size
beforehand, and nothing is executed.
"""

from __future__ import annotations

import re
from dataclasses import replace

from assent.catalog.analysers.reading import together
from assent.catalog.analysers.sql_parts import judge, named
from assent.catalog.observation import Reading
from assent.model.profile import ToolProfile

#: Most characters of one text, and of what is left to parse of it without rows of data; more is the worst case.
LONGEST, PARSED = 64 * 1024, 16 * 1024
_MOST_STATEMENTS, _MOST_NESTING, _MOST_TEXTS = 200, 40, 32
#: Shorter texts are parsed whole.
_CONDENSED = 1024
#: How a dialect is also called, and those that are tried where nobody said which.
_CALLED = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql", "sqlserver": "tsql", "sqlite3": "sqlite"}
_ANY = ("sqlite", "postgres", "mysql", "tsql")
#: Dialects in which a statement needs no `;` before it.
_UNSEPARATED = frozenset({"tsql", "fabric"})
_WORDS = (
    r"(?:insert|update|delete|drop|truncate|alter|create|attach|detach|grant|revoke|merge|vacuum|reindex"
    r"|copy|call|exec|execute|replace\s+into)(?!\w)"
)
#: Words that begin a change where a statement may begin, as a second opinion on what was parsed as a read.
_CHANGING = re.compile(
    rf"(?i)(?:\A|[;(]|\b(?:as|begin|then|else|do|explain|analyze|for)\b)[\s(]{{0,64}}{_WORDS}|\binto\s+(?:out|dump)file\b"
)
_CHANGING_ANYWHERE = re.compile(rf"(?i)(?<![.\w]){_WORDS}|\binto\s+(?:out|dump)file\b")
#: What a quoted name or text is; each alternative ends at a quote or at the end of the text.
_QUOTED = re.compile(r"'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*+`")
#: Comments that every dialect takes for one.
_COMMENT = re.compile(r"--(?=\s)[^\n]*+|/\*(?:[^*/]|\*(?!/)|/(?!\*))*+\*/")
#: Commands of a client program, which runs them itself: psql(1), sqlite3(1), mysql(1).
_CLIENT = re.compile(r"(?m)^[ \t]{0,64}(?:\\\S|\.[a-z]{2})|;[ \t]{0,64}\\[a-z!]")
_CLIENT_RUNS = re.compile(r"(?im)\\!|^\s{0,64}\.(?:shell|system)\b|\bprogram\b|\\[a-z]{1,8}\s{0,8}\|")
_EXPLAIN = re.compile(
    r"(?is)\s*(?:EXPLAIN\b)?\s*(?:\([^()]{0,200}\)|(?:ANALY[ZS]E|VERBOSE|QUERY\s+PLAN|EXTENDED|PARTITIONS"
    r"|FORMAT\s*=?\s*\w{1,16})\b|)\s*"
)
_LIT = r"(?:'(?:[^']|'')*+'|-?\d++(?:\.\d++)?|\b(?:NULL|TRUE|FALSE)\b)"
_ROW = rf"\(\s*+{_LIT}(?:\s*+,\s*+{_LIT})*+\s*+\)"
#: Names in quotes; rows of nothing but data; lists of nothing but data; a text alone.
_DATA = re.compile(
    rf"(?i)(?P<name>\"(?:[^\"]|\"\")*+\"|`[^`]*+`)|(?P<row>{_ROW})(?:\s*+,\s*+{_ROW})++"
    rf"|(?<![\w.])(?P<lit>{_LIT})(?:\s*+,\s*+{_LIT}){{3,}}+|'(?:[^']|'')*+'"
)
#: More subscripts in a row than anybody writes, which cost a parser far more than their length.
_SUBSCRIPTS = re.compile(r"(?:\]\s*+\[[^\[\]]*+){40}")
_SHAPE = re.compile(r"(\"(?:[^\"]|\"\")*+\"|`[^`]*+`)|'(?:[^'%]|'')*+'|(?<![\w.])-?\d++(?:\.\d++)?")
#: With these a text cannot be cut safely; with those a text may be the name of a table.
_UNLIKE = ("$", "#", "[", "--", "/*")
_NAMES_TEXT = re.compile(r"(?i)\b(?:from|join|into|update|table)\s{0,8}'")


def worst(note: str, text: str = "") -> Reading:
    """Nothing is known of it, so everything may happen, to every file that it may name."""
    files, programs = named(text[:LONGEST])
    effects = frozenset({"unknown", "execute"} if programs else {"unknown"})
    return Reading(effects, "irreversible", True, files=files, programs=programs, complete=False, note=note)


def read_sql(value: object, profile: ToolProfile) -> Reading:
    """What an argument that holds SQL does; anything but text, or a list of texts, is the worst case."""
    given = value if isinstance(value, list) else [value]
    texts = [text for text in given if isinstance(text, str)]
    if not texts or len(texts) < len(given) or len(texts) > _MOST_TEXTS:
        return worst("the SQL is not text")
    return together([read_statements(text, profile.dialect) for text in texts])


def read_statements(text: str, dialect: str = "sqlite") -> Reading:
    """What all statements of one text do together. Never raises.

    Args:
        text: as the agent wrote it.
        dialect: of whoever runs it; empty if nobody said: the worst that any of the usual ones reads.
    """
    if len(text) > LONGEST:
        return worst("the SQL is too long to be read", text)
    if odd := _ambiguous(text):
        return worst(odd, text)
    if _CLIENT.search(text):
        found = worst("a command of a client program", text)
        runs = frozenset({"execute"} if _CLIENT_RUNS.search(text) else ())
        return replace(found, effects=found.effects | runs)
    if not dialect:
        return together([_read(text, each) for each in _ANY])
    return _read(text, _CALLED.get(dialect, dialect))


def _read(text: str, dialect: str, *, explained: bool = False) -> Reading:
    """One text in one dialect."""
    short = _condensed(text)
    if len(short) > PARSED or _depth(short) > _MOST_NESTING or _SUBSCRIPTS.search(short):
        return worst("the SQL is too long or nested too deeply to be read", text)
    from sqlglot import errors, exp, parse, parser

    parser.logger.disabled = True  # it prints the statement, and what an agent sends is printed nowhere
    try:
        found = [
            statement
            for statement in parse(short, dialect=dialect)
            if statement is not None and type(statement) is not exp.Semicolon
        ]
        if not found:
            return worst("there is no SQL statement", text)
        if len(found) > _MOST_STATEMENTS:
            return worst("there are too many SQL statements", text)
        each = []
        within = False
        for statement in found:
            within = within or isinstance(statement, exp.Transaction)
            inner = _explained(statement)
            if inner and explained:
                return worst("`EXPLAIN` within `EXPLAIN`", text)
            if within and isinstance(statement, exp.Commit | exp.Rollback):
                continue  # of the transaction that begins in the same text
            # EXPLAIN alone runs nothing, with ANALYZE it does: both are judged as if they did
            each.append(_read(inner, dialect, explained=True) if inner else judge(statement, dialect))
    except (errors.SqlglotError, RecursionError, ValueError, AttributeError, IndexError, KeyError, TypeError) as error:
        return worst(f"the SQL cannot be parsed ({type(error).__name__})", text)
    if sum(bool(piece.strip()) for piece in _bare(short).split(";")) > len(found):
        return worst("there are more statements than the parser sees", text)
    return _second(together(each), text, _bare(short), dialect)


def _second(found: Reading, text: str, bare: str, dialect: str) -> Reading:
    """A second opinion: a change that hides from the parser, and the files of what is not understood."""
    if found.effects == {"read"}:
        changing = _CHANGING_ANYWHERE if dialect in _UNSEPARATED else _CHANGING
        if changing.search(bare):
            hidden = worst("a word that changes something stands where only reading was seen", text)
            return together([found, hidden])
        return found
    if found.complete:
        return found
    files, programs = named(text)
    return replace(
        found,
        files=tuple(dict.fromkeys((*found.files, *files))),
        programs=tuple(sorted({*found.programs, *programs})),
        effects=found.effects | ({"execute"} if programs else set()),
    )


def _bare(text: str) -> str:
    """The text without what is quoted; without comments only where all dialects agree what one is."""
    bare = _QUOTED.sub("''", text)
    if "\\" in text or "$" in bare or "#" in bare:
        return bare
    return _COMMENT.sub(" ", bare) if "'" not in bare.replace("''", "") else bare


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


def _condensed(text: str) -> str:
    """A long text without repeated rows of data and without statements that differ only in data.

    Only where quotes can be read in one way: no escapes, dollar quotes, brackets or comments.
    """
    if len(text) <= _CONDENSED or "\\" in text:
        return text
    bare = _QUOTED.sub("''", text)
    if any(sign in bare for sign in _UNLIKE):
        return text
    short = _DATA.sub(lambda found: found["row"] or found["lit"] or found[0], text)
    if _NAMES_TEXT.search(short):
        return text
    shapes: dict[str, str] = {}
    start = 0
    for end in [*(at.start() for at in re.finditer(";", _QUOTED.sub(_blank, short))), len(short)]:
        statement = short[start : end + 1]
        shapes.setdefault(_SHAPE.sub(_shape, statement).strip(), statement)
        start = end + 1
    return "".join(shapes.values())


def _shape(found: re.Match[str]) -> str:
    return found[1] or "?"


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _depth(text: str) -> int:
    depth = most = 0
    for bracket in re.finditer(r"[()\[\]{}]", text):
        if bracket[0] in "([{":
            depth += 1
            most = max(most, depth)
        else:
            depth -= 1
    return most


def _explained(statement: object) -> str:
    """What an `EXPLAIN` explains; sqlglot keeps it as a command."""
    from sqlglot import exp

    if not isinstance(statement, exp.Command) or str(statement.this).upper() != "EXPLAIN":
        return ""
    text, length = statement.expression.name if statement.expression else "", -1
    while len(text) != length:
        length = len(text)
        text = _EXPLAIN.sub("", text, count=1) if _EXPLAIN.match(text) else text
    return text
