"""Analysers never raise, never loosen with more input, and take no write for a read."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from assent.catalog.analysers import guard, path
from assent.catalog.analysers.address import read_address, read_payee
from assent.catalog.analysers.host import read_host
from assent.catalog.analysers.secrets import holds_secret
from assent.catalog.analysers.sql import read_statements
from assent.catalog.analysers.url import read_host_name, read_url
from assent.catalog.infer import infer
from assent.catalog.labels import labels_of
from assent.catalog.observation import Guarded
from assent.catalog.verbs import VERBS
from assent.model.ids import Digest
from assent.model.profile import EFFECTS, REVERSIBILITY, ToolDefinition, ToolProfile

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
READS = ["SELECT * FROM t", "SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "VALUES (1)"]
CHANGES = [
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1 WHERE b = 2",
    "DELETE FROM t WHERE b = 2",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN c",
    "CREATE TABLE u (a)",
    "ATTACH 'x' AS y",
    "REPLACE INTO t VALUES (1)",
    "PRAGMA writable_schema = 1",
    "VACUUM",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    "SELECT load_extension('x')",
]
NOISE = st.sampled_from(["", " ", "\n", "\t", "/* x */", "-- x\n", "/**/", ";", " ; "])
PLAIN = ToolProfile("x", frozenset({"read"}))
URL_SIGNS = st.text(alphabet="htps:/\\@.%[]?#&=ab01x- \n\tｅａ\u200b\u0430ß", max_size=200)
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,10}(?:\.[a-z][a-z0-9-]{0,8}[a-z]){1,3}", fullmatch=True).filter(
    lambda name: not any(label[:2] == "xn" for label in name.split("."))
)
GUARDED = Guarded("/home/u/.assent", ("/home/u/.assent",), "/home/u")


def cased(text: str) -> st.SearchStrategy[str]:
    """The text in any mixture of upper and lower case, outside quotes."""
    flips = st.lists(st.booleans(), min_size=len(text), max_size=len(text))
    return flips.map(lambda ups: "".join(c.upper() if up else c.lower() for c, up in zip(text, ups, strict=True)))


@given(st.text(max_size=300) | st.text(alphabet="()'\"`;-/*! \nselctdropfm", max_size=300))
def test_analysers_never_raise(text: str) -> None:
    """Any text at all, in any dialect."""
    for dialect in ("sqlite", "postgres", "mysql", "tsql", "duckdb", "snowflake", "bigquery", ""):
        assert read_statements(text, dialect).effects <= set(EFFECTS)
    holds_secret(text)
    path.secret(text)
    path.runs_by_itself(text)
    guard.runs_assent([text])
    guard.mentions([text], GUARDED)


@given(st.lists(st.sampled_from(READS), max_size=2), st.sampled_from(CHANGES).flatmap(cased), NOISE, NOISE)
def test_a_change_is_never_only_a_read(reads: list[str], change: str, before: str, after: str) -> None:
    """Whatever stands around it, however it is spelled."""
    text = ";".join([*reads, before + change + after])
    assert read_statements(text).effects != {"read"}


@given(st.lists(st.sampled_from(READS + CHANGES), min_size=1, max_size=4), st.sampled_from(READS + CHANGES))
def test_another_statement_never_loosens(statements: list[str], further: str) -> None:
    """More input has more effects and is no easier to undo."""
    less, more = read_statements(";".join(statements)), read_statements(";".join([*statements, further]))
    assert less.effects - {"read"} <= more.effects
    assert REVERSIBILITY.index(less.reversibility) <= REVERSIBILITY.index(more.reversibility)


@given(st.text(max_size=200), st.sampled_from(["ghp_" + "a" * 36, "AKIA" + "A" * 16, "password='" + "x7" * 8 + "'"]))
def test_a_secret_is_found_in_any_surroundings(text: str, secret: str) -> None:
    """More text around it hides nothing."""
    assert holds_secret(f"{text}\n{secret}\n{text}")


@given(st.text(max_size=40), JSON, JSON)
def test_inference_never_raises_and_always_says_something(name: str, schema: object, annotations: object) -> None:
    """Name, schema and annotations are an untrusted server's."""
    for shape in (schema, {"properties": schema}, {"type": "object", "properties": {"a": schema}}):
        definition = {"name": name, "inputSchema": shape, "annotations": annotations}
        found = infer(ToolDefinition(name, definition, Digest("sha256:0")))
        assert found.effects
        assert found.effects <= set(EFFECTS)
        assert found.votes
        assert (found.reversibility == "reversible") == (found.effects == {"read"})


@given(
    st.sampled_from(sorted(word for word, effects in VERBS.items() if "read" not in effects)),
    st.text(alphabet=string.ascii_lowercase, max_size=8),
    st.fixed_dictionaries({"readOnlyHint": st.booleans(), "destructiveHint": st.booleans()}),
)
def test_a_serious_verb_is_never_called_harmless(verb: str, noun: str, annotations: dict[str, bool]) -> None:
    """Whatever follows it and whatever the server says."""
    definition = {"name": f"{verb}_{noun}", "annotations": annotations}
    assert infer(ToolDefinition(f"{verb}_{noun}", definition, Digest("sha256:0"))).effects != {"read"}


@given(JSON)
def test_labelling_never_raises(response: object) -> None:
    """Any output; what nobody reviewed is untrusted."""
    profile = infer(ToolDefinition("x", {}, Digest("sha256:0")))
    assert "untrusted" in labels_of(profile, response)


@given(st.text(max_size=200) | URL_SIGNS | URL_SIGNS.map("http://".__add__) | JSON)
def test_urls_and_addresses_never_raise(value: object) -> None:
    """Any value at all; what is not understood to the end is never only a read."""
    for read in (read_url, read_host_name, read_address, read_payee):
        found = read(value, PLAIN)
        assert found.effects <= set(EFFECTS)
        assert found.effects
        assert found.complete or found.effects != {"read"}


def four(value: int) -> st.SearchStrategy[str]:
    """An IPv4 address in any form that inet_aton(3) takes and all programs read alike."""
    octets = [value >> shift & 255 for shift in (24, 16, 8, 0)]
    whole = [octets, [*octets[:2], octets[2] << 8 | octets[3]], [octets[0], value & 0xFFFFFF], [value]]
    number = st.sampled_from(["{:d}", "{:#x}", "{:#X}", "0x{:08x}"])
    spelled = st.sampled_from(whole).flatmap(
        lambda parts: st.tuples(*(number.map(lambda form, part=part: form.format(part)) for part in parts))
    )
    last = st.sampled_from(["", "."])
    return st.tuples(spelled.map(".".join), last).map("".join) | st.just(f"[::ffff:{value >> 16:x}:{value & 0xFFFF:x}]")


@given(st.data(), st.integers(0, 2**32 - 1))
def test_every_spelling_of_an_address_is_one_host(data: st.DataObject, value: int) -> None:
    """Decimal, hexadecimal, short, whole, within IPv6."""
    host = read_host(data.draw(four(value)))
    assert host is not None
    assert host.names == (".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0)),)


@given(st.data(), NAMES)
def test_every_spelling_of_a_name_is_one_host(data: st.DataObject, name: str) -> None:
    """Upper case, percent-encoded, full-width, with a dot behind, with a port, user and path."""
    form = st.sampled_from([str, str.upper, lambda c: f"%{ord(c):02x}", lambda c: chr(ord(c) + 0xFEE0)])
    spelled = "".join(data.draw(form)(char) if char.isalnum() else char for char in name)
    spelled += data.draw(st.sampled_from(["", "."]))
    for url in (f"http://{spelled}/", f"https://{spelled}:8443?x", f"HTTPS://u:p@{spelled}#a", f"//{spelled}/"):
        assert read_url(url, PLAIN).hosts == (name,)
    assert read_address(f"Bob <bob@{spelled}>", PLAIN).recipients[-1:] == (name,) or "%" in spelled


@given(URL_SIGNS, st.sampled_from(["http://10.0.0.1/", "http://169.254.169.254/", "http://u:p@a.example/"]))
def test_no_text_behind_a_host_hides_what_it_is(text: str, url: str) -> None:
    """Path, query and fragment add only."""
    assert read_url(url, PLAIN).facts <= read_url(url + text, PLAIN).facts


@given(st.lists(st.tuples(st.integers(), st.text(max_size=60).map(lambda text: text.replace("'", "''"))), min_size=60))
def test_rows_of_data_hide_no_change(rows: list[tuple[int, str]]) -> None:
    """Cutting a long text short for the parser takes data away, never a statement."""
    text = "INSERT INTO t VALUES " + ", ".join(f"({number}, '{word}')" for number, word in rows)
    for change in ("; DROP TABLE t", "; DELETE FROM t", " RETURNING load_extension('x')"):
        assert read_statements(text + change).effects - {"write"}
