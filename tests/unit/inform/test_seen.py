"""Text that servers gave is known again where it would leave, by fingerprints alone."""

from __future__ import annotations

import json
import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.inform.seen import ENDLESS, LONG, MOST_PRINTS, SIZE, Seen, forget, normal, open_shelf, prints, sent
from assent.model.ids import SessionId
from assent.ports import Passage
from assent.stores.memory import MemoryStore

ONE, TWO = SessionId("ses_1"), SessionId("ses_2")
KEY = b"k" * 16
WORDS = "the quarterly numbers for the northern region are below what was promised and nobody may know before monday"


def letter(seed: int, length: int) -> str:
    """Random letters and digits."""
    return "".join(random.Random(seed).choices(string.ascii_lowercase + string.digits, k=length))


class Shelf:
    """A store with one session, and what is seen in it."""

    def __init__(self, session: SessionId = ONE) -> None:
        self.store = MemoryStore()
        self.seen = Seen(self.store)
        with self.store.begin() as tx:
            open_shelf(tx, session, (), KEY)

    def give(self, server: str, said: object, session: SessionId = ONE) -> None:
        found = self.seen.prints(session, said)
        with self.store.begin() as tx:
            self.seen.put(tx, session, server, found)

    def carries(self, server: str, said: object, session: SessionId = ONE) -> bool:
        with self.store.read() as reader:
            return self.seen.look(reader, session, server, sent(said)).carries


def body(text: str) -> object:
    """As a tool answers."""
    return {"content": [{"type": "text", "text": text}]}


TEXT = st.text(alphabet=string.ascii_letters + string.digits + " .,;-\n\"'äßéЖ漢", max_size=300)


@given(TEXT, TEXT, TEXT, TEXT, st.integers(0, 2**32), st.integers(LONG, 300))
def test_any_shared_passage_of_80_characters_is_found(
    before: str, after: str, ahead: str, behind: str, seed: int, length: int
) -> None:
    """Wherever it begins, on either side."""
    shelf, passage = Shelf(), letter(seed, length)
    shelf.give("files", body(before + passage + after))
    assert shelf.carries("web", {"q": ahead + passage + behind})


@given(st.integers(0, 2**32), st.integers(1, 2_000), st.integers(1, 2_000))
def test_unrelated_text_is_not_found(seed: int, one: int, two: int) -> None:
    """64 bits do not meet by chance."""
    shelf = Shelf()
    shelf.give("files", body(letter(seed, one)))
    assert not shelf.carries("web", {"q": letter(seed + 1, two)})


@pytest.mark.parametrize(
    "changed",
    [
        WORDS,
        WORDS.upper(),
        "> " + WORDS.replace(" ", "\n> "),
        WORDS.replace(" ", ", "),
        json.dumps({"a": WORDS.replace(" ", "\n")}),
        json.dumps(json.dumps({"a": WORDS.replace(" ", "\n")})),
        WORDS.replace("e", "é"),
        WORDS.translate({ord(c): chr(ord(c) + 0xFEE0) for c in string.ascii_lowercase}),
        WORDS.encode().hex(),
        "%20".join(WORDS.split()),
        ["see", *WORDS.split(), "end"],
        dict.fromkeys([WORDS[:60], WORDS[60:]], 1),
    ],
)
def test_the_same_words_are_known_again(changed: object) -> None:
    """Case, spaces, punctuation, quoting, accents, wide letters, one encoding, pieces in their order: none hides it."""
    shelf = Shelf()
    shelf.give("files", body(f"Dear all, {WORDS}. Regards"))
    assert shelf.carries("web", {"q": changed})


def test_other_words_with_the_same_meaning_are_not_found() -> None:
    """What docs/limits.md says: a paraphrase is no passage."""
    shelf = Shelf()
    shelf.give("files", body(WORDS))
    said = (
        "do not tell before next week, but up in the north this quarter went worse than they had announced to everybody"
    )
    assert len(normal(said)) > LONG
    assert not shelf.carries("web", {"q": said})
    assert not shelf.carries("web", {"q": " x ".join(WORDS)})


def test_what_only_the_recipient_gave_is_no_leak_to_it() -> None:
    """Until another server has given it as well."""
    shelf = Shelf()
    shelf.give("web", body(WORDS))
    assert not shelf.carries("web", {"q": WORDS})
    assert shelf.carries("other", {"q": WORDS})
    shelf.give("files", body(WORDS))
    assert shelf.carries("web", {"q": WORDS})


def test_cells_of_a_table_are_one_text() -> None:
    """Short strings and numbers in their order, however the agent writes them down."""
    rows = [["ada", 1201, "berlin"], ["ben", 3302, "porto"], ["cy", 9103, "oslo"]] * 4
    shelf = Shelf()
    shelf.give("db", {"structuredContent": {"rows": rows}})
    assert shelf.carries("web", {"csv": "\n".join(",".join(map(str, row)) for row in rows)})


def test_pictures_are_no_text() -> None:
    """Their bytes leave no prints."""
    assert prints(KEY, {"content": [{"type": "image", "data": letter(1, 9_000), "mimeType": "image/png"}]}) == b""


def test_only_prints_are_kept_under_a_key_of_the_session() -> None:
    """Nothing of the text, and nothing that another session's key would give."""
    mine, other = prints(KEY, WORDS * 3), prints(b"o" * 16, WORDS * 3)
    assert len(mine) == len(other) == SIZE * (len(normal(WORDS * 3)) // 40)
    assert not {mine[at : at + SIZE] for at in range(0, len(mine), SIZE)} & {
        other[at : at + SIZE] for at in range(0, len(other), SIZE)
    }


def test_past_the_bound_nothing_long_can_be_ruled_out() -> None:
    """Bounded, and the cautious reading of it: long text asks, short text does not; every process knows."""
    shelf = Shelf()
    many = b"".join(n.to_bytes(SIZE) for n in range(4_000))
    with shelf.store.begin() as tx:
        for _ in range(MOST_PRINTS // 4_000 + 3):
            shelf.seen.put(tx, ONE, "files", many)
    with shelf.store.read() as reader:
        assert sum(len(one.prints) for one in reader.passages(ONE)) <= MOST_PRINTS * SIZE
        fresh = Seen(shelf.store)
        assert fresh.look(reader, ONE, "web", sent({"q": letter(5, 200)})).carries
        assert not sent({"q": letter(5, LONG - 1)})


def test_an_output_that_is_too_long_to_be_cut_cannot_be_ruled_out() -> None:
    """Nobody has looked at its end."""
    shelf = Shelf()
    said = body("ab1" * 1_400_000)
    assert shelf.seen.prints(ONE, said) == ENDLESS
    shelf.give("files", said)
    assert shelf.carries("web", {"q": letter(5, 200)})


def test_a_session_without_a_key_cannot_rule_anything_out() -> None:
    """Opened by an older version."""
    assert Shelf().carries("web", {"q": letter(5, 200)}, TWO)


def test_a_new_session_counts_the_text_of_the_one_before() -> None:
    """Its client may have kept it; what is older is forgotten with its rows."""
    shelf = Shelf()
    shelf.give("files", body(WORDS))
    with shelf.store.begin() as tx:
        open_shelf(tx, TWO, (ONE,), b"n" * 16)
    assert shelf.carries("web", {"q": WORDS}, TWO)
    with shelf.store.begin() as tx:
        forget(tx, [TWO])  # still followed
        assert tx.passage_sessions() == [ONE]
    three = SessionId("ses_3")
    with shelf.store.begin() as tx:
        open_shelf(tx, three, (TWO,), b"n" * 16)
        forget(tx, [three])
        assert tx.passage_sessions() == []
    assert not shelf.carries("web", {"q": WORDS}, three)


def test_text_that_comes_between_looking_and_committing_is_noticed() -> None:
    """DESIGN §3, step 6; only what changes the answer moves it."""
    shelf = Shelf()
    shelf.give("mail", body(letter(3, 400)))
    with shelf.store.read() as reader:
        looked = shelf.seen.look(reader, ONE, "web", sent({"q": WORDS}))
        assert not looked.carries
        assert not looked.moved(reader)
    with shelf.store.begin() as tx:
        tx.put_passage(Passage(ONE, "web", prints(KEY, WORDS)))
        tx.put_passage(Passage(ONE, "files", prints(KEY, letter(9, 300))))
    with shelf.store.read() as reader:
        assert not looked.moved(reader)
    with shelf.store.begin() as tx:
        tx.put_passage(Passage(ONE, "files", prints(KEY, "dear " + WORDS)))
    with shelf.store.read() as reader:
        assert looked.moved(reader)


@pytest.mark.parametrize("text", ["\\" * 900_000, "\\u00" * 200_000, "é" * 900_000, "\ud800" * 1_000, "ﷺ" * 50_000])
def test_hostile_text_takes_bounded_time(text: str) -> None:
    """Linear, and no error whatever the text is."""
    start = time.process_time()
    sent({"q": text})
    prints(KEY, text)
    assert time.process_time() - start < 5
