"""Small is a feature of a security product: somebody has to read it."""

from __future__ import annotations

from tests.architecture import sizes
from tests.architecture.source import ROOT, Module, modules, parse


def long_function(lines: int) -> Module:
    """A module with one function of so many lines."""
    return parse("assent/long.py", "def long():\n" + "    x = 1\n" * (lines - 1))


def test_sizes_hold() -> None:
    """Nothing is over a soft limit without a reason, nothing over a hard one at all."""
    found = sizes.over(modules(), sizes.REASONS)
    assert not found, "\n".join(found)


def test_totals_hold() -> None:
    """The pure core, the verifier and the whole stay within what a person can read."""
    assert sizes.totals(modules()) == []


def test_only_words_are_data() -> None:
    """A module of words does not count as code; one with a call in it does, whatever it is listed as."""
    words, code = parse(sizes.DATA[0], 'A = {"a": """\n' + "b\n" * 6_000 + '"""}'), "A = frozenset()\n" * 6_000
    assert sizes.totals([words]) == []
    assert sizes.totals([parse(sizes.DATA[0], code)]) == ["pure core: 6000 code lines, at most 5000"]


def test_soft_limit_asks_for_a_reason() -> None:
    """41 lines of function need a reason; with one they pass; 40 need none."""
    assert sizes.over([long_function(41)], {}) == [
        "assent/long.py:long: 41 code lines, over 40 needs a reason in sizes.py"
    ]
    assert sizes.over([long_function(41)], {"assent/long.py:long": "shown"}) == []
    assert sizes.over([long_function(40)], {}) == []


def test_hard_limit_takes_no_reason() -> None:
    """81 lines of function are refused whatever the reason."""
    assert sizes.over([long_function(81)], {"assent/long.py:long": "shown"})[0].endswith("at most 80")


def test_edge_stays_thin() -> None:
    """A file of an edge with 301 lines is refused whatever the reason."""
    edge = parse("assent/edges/http/proxy.py", "x = 1\n" * 301)
    assert sizes.over([edge], {edge.name: "shown"})[0] == "assent/edges/http/proxy.py: 301 code lines, at most 300"


def test_module_and_parameters_are_measured() -> None:
    """A module of 301 lines and a function of six parameters need reasons; `self` is no parameter."""
    assert len(sizes.over([parse("assent/m.py", "x = 1\n" * 301)], {})) == 1
    assert len(sizes.over([parse("assent/m.py", "def f(a, b, c, d, *, e, f): ...")], {})) == 1
    assert sizes.over([parse("assent/m.py", "class C:\n    def f(self, b, c, d, *, e, f): ...")], {}) == []


def test_blank_lines_comments_and_docstrings_are_free() -> None:
    """What explains the code counts nothing."""
    text = '"""Says\nmuch."""\n\n# and more\ndef f():\n    """What.\n\n    Why.\n    """\n    return 1\n'
    assert parse("assent/m.py", text).size() == 2


def test_stale_reasons_are_refused() -> None:
    """A reason whose code became small goes."""
    assert sizes.over([long_function(3)], {"assent/long.py:long": "gone"}) == [
        "assent/long.py:long: within its limits, its reason can go"
    ]


def test_totals_are_measured() -> None:
    """A core of 5,001 lines and a verifier of 3,501 are refused."""
    core = [parse("assent/policy/x.py", "x = 1\n" * 2_501), parse("assent/model/x.py", "x = 1\n" * 2_500)]
    assert sizes.totals(core) == ["pure core: 5001 code lines, at most 5000"]
    assert sizes.totals([parse("assent_verify/x.py", "x = 1\n" * 3_501)]) == ["verifier: 3501 code lines, at most 3500"]


def test_readme_shows_code_early() -> None:
    """The reader of the README meets code by line 30."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("```") or line.startswith("    $") for line in lines[:30])
