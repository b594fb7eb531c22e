"""SQL: the worst of all statements, and the worst case for what is not understood."""

from __future__ import annotations

import pytest

from assent.catalog.analysers.sql import LONGEST, read_statements

READS = [
    "SELECT * FROM items",
    "select/**/1",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "PRAGMA table_info(items)",
    "PRAGMA user_version",
    "EXPLAIN QUERY PLAN SELECT 1",
    "VALUES (1)",
    "SELECT sum(x) FROM t WHERE y > 3 GROUP BY z;",
    "SELECT replace(name, 'a', 'b'), datetime('now'), total(x) FROM t WHERE kind = 'delete' OR \"update\" = 1",
    "SELECT key FROM json_each('[1]')",
]
WRITES = [
    "INSERT INTO a VALUES (1)",
    "UPDATE a SET x = 1 WHERE id = 2",
    "CREATE TABLE t (x)",
    "ALTER TABLE a RENAME TO b",
]
SERIOUS = [
    "DROP TABLE x",
    "DROP/**/TABLE x",
    "select 1; drop table x",
    "SELECT 1 /* ; */ ; DELETE FROM a",
    "DELETE FROM a",
    "UPDATE a SET x = 1",
    "ALTER TABLE a DROP COLUMN b",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    "ATTACH DATABASE '/x/y.db' AS z",
    "PRAGMA journal_mode = OFF",
    "PRAGMA writable_schema = 1",
    "PRAGMA user_version = 3",
    "select load_extension('x')",
    "select writefile('a', 'b')",
    "SELECT readfile('/etc/passwd')",
    "VACUUM INTO '/tmp/x'",
    "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END",
    "SELECT * INTO x FROM y",
    "REPLACE INTO a VALUES (1)",
    "",
    "--",
    "garbage (((",
    "select '" + "a" * LONGEST + "'",
    "(" * 5_000,
    "reindex",
    "EXPLAIN DELETE FROM a",
    "DELETE FROM a WHERE 1 = 1",
    "UPDATE a SET x = 1 WHERE id = id",
    "DELETE FROM a WHERE id = 3 OR true",
    "SELECT frobnicate(1)",
    "SELECT * FROM fsdir('/')",
    "SELECT 1\0; DROP TABLE t",
    "SELECT\u00a01",
    "SELECT 1 /*! ; DROP TABLE t */",
    "CREATE VIRTUAL TABLE x USING zipfile(a)",
]


@pytest.mark.parametrize("text", READS)
def test_reads_are_reads(text: str) -> None:
    """A complete parse of statements that only look."""
    found = read_statements(text)
    assert (found.effects, found.reversibility, found.complete) == (frozenset({"read"}), "reversible", True)


@pytest.mark.parametrize("text", WRITES)
def test_writes_can_be_undone_with_the_bytes_from_before(text: str) -> None:
    """A bounded change is compensable; whether the bytes are kept is decided elsewhere."""
    found = read_statements(text)
    assert (found.effects, found.reversibility) == (frozenset({"write"}), "compensable")


@pytest.mark.parametrize("text", SERIOUS)
def test_the_worst_statement_counts_and_what_is_unclear_is_the_worst(text: str) -> None:
    """Never only a read, and never undone by itself."""
    found = read_statements(text)
    assert found.effects != {"read"}
    assert found.reversibility == "irreversible"


def test_files_that_a_statement_opens_are_named() -> None:
    """`ATTACH` feeds the paths that guard Assent's home."""
    found = read_statements("ATTACH '/home/u/.assent/assent.db' AS z")
    assert "/home/u/.assent/assent.db" in {file.text for file in found.files}


def test_tables_are_targets() -> None:
    """Every table named, whatever its case."""
    assert read_statements("SELECT * FROM Orders JOIN users ON 1 = 1").tables == ("orders", "users")


def test_a_second_reading_finds_what_a_parser_takes_for_text() -> None:
    """Where two readings of the quotes differ, the worse one counts."""
    assert read_statements("SELECT E'\\'; DROP TABLE t; --'", "postgres").effects == {"unknown"}


def test_a_statement_that_is_not_understood_is_printed_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """What an agent sends may be a secret."""
    read_statements("CALL secret_procedure('hunter2')", "postgres")
    assert not caplog.records
