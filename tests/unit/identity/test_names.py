"""Names of principals: ASCII, and none that is taken for another one."""

from __future__ import annotations

import pytest

from assent.errors import RequestError
from assent.identity import names
from assent.model.ids import PrincipalId
from assent.ports import Store
from assent.stores.memory import MemoryStore


def claimed(store: Store, text: str) -> None:
    with store.begin() as tx:
        names.claim(tx, names.id_of(text))


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("ci/deploy", 'Agent::"ci/deploy"'),
        ('Service::"billing"', 'Service::"billing"'),
        ("User::local/ana", 'User::"local/ana"'),
        ('"x@y.org"', 'Agent::"x@y.org"'),
    ],
)
def test_ways_to_write_one(text: str, id: str) -> None:
    """A name alone is an agent's; quotes may be left out."""
    assert names.id_of(text) == id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "сi/deploy",  # Cyrillic es
        "ci/deploy\u200b",
        "ｃi",
        "ci/de ploy",
        'Agent::"a\\"b"',
        'Robot::"x"',
        'Agent::"a',
        "-x",
        "x" * 129,
        "a\nb",
        "a\x00",
        'Agent::"a"\n',
    ],
)
def test_what_is_no_name(text: str) -> None:
    """Nothing but ASCII letters, digits and six signs: Unicode look-alikes cannot even be written."""
    with pytest.raises(RequestError) as refused:
        names.parse(text)
    assert refused.value.code == "bad_principal" and refused.value.message.isascii()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("local/claude", "local/c1aude"),
        ("local/claude", "local/cIaude"),
        ("bot0", "botO"),
        ("farm", "farrn"),
        ("wire", "vvire"),
        ("deploy", "cleploy"),
        ("Agent", "Agent"),
    ],
)
def test_look_alikes_are_refused(one: str, other: str) -> None:
    """The second of two names that are drawn alike is refused, and says which one it imitates."""
    store = MemoryStore()
    claimed(store, one)
    claimed(store, one)  # again and again without harm
    if one == other:
        return
    with pytest.raises(RequestError) as refused:
        claimed(store, other)
    assert refused.value.code == "looks_like_another" and one in refused.value.message
    claimed(store, f"Service::{other}")  # of another kind, it is read with its kind


def test_what_differs_in_case_alone_is_said() -> None:
    """A program and its capitalised namesake both exist on one machine: told, not refused."""
    store = MemoryStore()
    claimed(store, "local/Claude")
    claimed(store, "local/claude")
    with store.read() as reader:
        assert names.differs_in_case(reader, PrincipalId('Agent::"local/claude"')) == 'Agent::"local/Claude"'
        assert names.differs_in_case(reader, PrincipalId('Agent::"local/Claude"')) == ""
