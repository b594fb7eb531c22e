"""Look-alikes: names that a person reads as another name (unicode.org/reports/tr39, simplified)."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[\w\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]+")
#: What is not shown: joiners, marks of direction, tags.
_UNSEEN = re.compile(r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
#: Scripts that are written together with Latin letters in one word.
_WITH_LATIN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "KATAKANA-HIRAGANA"})
#: Letters of other scripts that are drawn like Latin ones; a word of these alone is no word of its own language.
_DRAWN_ALIKE = frozenset("аеорсухіјѕһԁԛԝӏѵґгпьквнмтꙇαονρτυικχγηωμարօսոցհցјɑɡıɩʏ")
_LATIN_ALIKE = frozenset("ɑɡɩʏǃꞌ")


def lookalike(text: str, *, whole: bool = False) -> bool:
    """Does a word of the text mix scripts, hide signs, or write ASCII letters with others?

    Args:
        whole: count also words made only of letters that are drawn like Latin ones, as `сар` in a host name.
    """
    return not text.isascii() and any(_odd(word, whole) for word in _WORD.findall(text) if not word.isascii())


def _odd(word: str, whole: bool) -> bool:
    latin = any(char.isascii() and char.isalnum() for char in word)
    if latin and _UNSEEN.search(word):
        return True
    letters = [char for char in word if char.isalpha() and not char.isascii()]
    if any(char in _LATIN_ALIKE or _folds(char) for char in letters):
        return True
    scripts = {unicodedata.name(char, "?").partition(" ")[0] for char in letters}
    latin = any(char.isascii() and char.isalpha() for char in word) or "LATIN" in scripts
    if scripts - {"LATIN"} - (_WITH_LATIN if latin else scripts):
        return True
    if len(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) > 1:
        return True
    return (
        whole and bool(letters) and not latin and all(char in _DRAWN_ALIKE for char in word.lower() if char.isalpha())
    )


def _folds(char: str) -> bool:
    """Is it another form of an ASCII letter, as `ｅ`, `𝐞` and `ⓔ`?"""
    plain = unicodedata.normalize("NFKC", char)
    return plain != char and plain.isascii() and plain.isalnum()
