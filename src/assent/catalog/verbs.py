"""What the words of a name vote for; the words themselves are in `vocabulary`.

A word that is not there is unknown, and an unknown verb is serious (DESIGN §4.4).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from assent.catalog import vocabulary

#: Most characters of a name that are read.
LONGEST_NAME = 256
#: Fewest letters of a verb that is looked for inside a longer word (`getanddelete`), and at its ends.
_INSIDE, _AT_AN_END = 6, 4
_CJK = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN = str.maketrans("łøđıæœßþ", "lodiaosp")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_DIGITS = (str.maketrans("0134578", "oieastb"), str.maketrans("0134578", "oleastb"))
_DRAWN = str.maketrans(vocabulary.DRAWN, vocabulary.DRAWN_LIKE)
#: Invisible, or not a character at all (Unicode general categories).
_INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"})

_Meanings = frozenset[str]
_NONE: _Meanings = frozenset()


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_LATIN))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _spellings(word: str) -> set[str]:
    return {_fold(word), _fold(word.translate(_UMLAUTS))}


def _table(source: Mapping[str, str]) -> Mapping[str, _Meanings]:
    table: dict[str, _Meanings] = {}
    for meaning, text in source.items():
        for word in text.split():
            for key in _spellings(word):
                table[key] = table.get(key, _NONE) | {meaning}
    return table


VERBS: Mapping[str, _Meanings] = _table(vocabulary.VERBS)
DOMAIN_WORDS: Mapping[str, _Meanings] = _table(vocabulary.DOMAINS)
PRODUCTS = frozenset(vocabulary.PRODUCTS.split())
NOUNS_AFTER_READ = frozenset(vocabulary.NOUNS_AFTER_READ.split())
CONJUNCTIONS = frozenset(vocabulary.CONJUNCTIONS.split())
_PLAIN_READ_VERBS = frozenset(vocabulary.PLAIN_READ_VERBS.split())
_READ_NOUNS = frozenset(vocabulary.READ_NOUNS.split())
_READ_TAILS = frozenset(vocabulary.READ_TAILS.split())
_NOUNS = frozenset(vocabulary.NOUNS.split()) | PRODUCTS
_NOUNS_BEFORE = frozenset(vocabulary.NOUNS_BEFORE.split())
_BEFORE_REQUEST = frozenset({"merge", "pull", "push", "change", "feature", "review"})
_DERIVED = frozenset(vocabulary.DERIVED.split())
_PHRASES = frozenset(tuple(phrase.split()) for phrase in vocabulary.PHRASES.split("|"))
#: Scripts without spaces between words: a verb is looked for anywhere in the name.
UNSPACED: Mapping[str, _Meanings] = {word: found for word, found in VERBS.items() if _CJK.match(word)}
_JOINS = tuple(_fold(word) for word in vocabulary.JOINS.split())
#: Serious verbs that are looked for inside longer words.
_GLUED: Mapping[str, _Meanings] = {
    word: found
    for word, found in VERBS.items()
    if len(word) >= _AT_AN_END and word.isascii() and "_" not in word
    and "read" not in found and word not in NOUNS_AFTER_READ
}  # fmt: skip


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of an identifier: `getUserByID2` → `get user by id 2`; folded, without accents."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", unicodedata.normalize("NFKC", name))
    return tuple(_fold(word) for word in re.split(r"[\W_]+", spaced) if word)


def skeleton(name: str) -> str:
    """How a name looks: compatibility forms, case, accents and foreign letters folded."""
    return _fold(name).translate(_DRAWN).replace("0", "o").replace("1", "l")


def invisible(name: str) -> bool:
    """Does it hold characters that are not seen?"""
    return any(unicodedata.category(character) in _INVISIBLE for character in name)


def disguised(name: str) -> bool:
    """Is it written with letters that look like others: mixed scripts, full-width forms, invisible characters?"""
    if name.isascii():
        return False
    if invisible(name):
        return True
    for word in re.findall(r"[^\W\d_]+", name):
        scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in word}
        if len(scripts) > 1 and not scripts.isdisjoint({"LATIN", "FULLWIDTH", "MATHEMATICAL"}):
            return True
        foreign = not word.isascii() and scripts.isdisjoint({"LATIN"}) and not _CJK.search(word)
        if scripts & {"FULLWIDTH", "MATHEMATICAL", "?"} or (foreign and skeleton(word) in VERBS):
            return True
    return False


@lru_cache(maxsize=4096)
def meanings(word: str) -> _Meanings:
    """What one folded word votes for: as it is, with digits for letters, or with a verb inside it."""
    if word in VERBS:
        return VERBS[word]
    if not word.isalpha():
        for spelled in (word.translate(digits) for digits in _DIGITS):
            if spelled in VERBS:
                return VERBS[spelled]
    return frozenset().union(*_glued(word)) if _AT_AN_END < len(word) <= 64 and word.isascii() else _NONE


def _glued(word: str) -> Iterator[_Meanings]:
    if word in _NOUNS or word in DOMAIN_WORDS:
        return
    for verb, found in _GLUED.items():
        at = word.find(verb)
        if at < 0:
            continue
        before, after = word[:at], word[at + len(verb) :]
        if after in _DERIVED or (after and before and len(verb) < _INSIDE):
            continue
        if len(verb) >= _INSIDE or _known(before or after):
            yield found


def _known(word: str) -> bool:
    """Is what stands beside a short verb a word itself (`sendall`, but not `skill`)?"""
    return word in VERBS or word in _NOUNS or word in DOMAIN_WORDS or word in ("all", "many", "now", "bulk", "batch")


def effects_of(name: str, namespace: frozenset[str] = PRODUCTS) -> tuple[_Meanings, str]:
    """What the verbs of a name vote for, and why.

    Every known serious word counts wherever it stands; `read` counts only as the
    first word (after words of `namespace`) or as an unmistakable verb, and only if
    nothing serious stands beside it.
    """
    if len(name) > LONGEST_NAME:
        return frozenset({"unknown"}), f"name `{name[:64]}…`: too long to be read"
    if disguised(name):
        return frozenset({"unknown"}), f"name `{name}`: has letters that look like others"
    parts = list(words(name))
    while len(parts) > 1 and parts[0] in namespace:
        parts.pop(0)
    if any(_CJK.search(part) for part in parts):
        return _unspaced(name, parts)
    leading = _leads(parts)
    serious = frozenset(
        effect
        for effect, place in _serious(parts)
        if not _compound(parts, place) and not (leading and _noun(parts, place))
    )
    if serious:
        return serious, f"name `{name}`: verb for {', '.join(sorted(serious))}"
    if leading or _looks(parts):
        return frozenset({"read"}), f"name `{name}`: reads"
    return frozenset({"unknown"}), f"name `{name}`: no verb that is known"


def _unspaced(name: str, parts: list[str]) -> tuple[_Meanings, str]:
    found = {effect for word, effects in UNSPACED.items() if any(word in part for part in parts) for effect in effects}
    found |= {effect for part in parts for effect in meanings(part)}
    serious = frozenset(found - {"read"})
    if serious or not found or any(word in part for word in _JOINS for part in parts):
        return (serious or frozenset({"unknown"})), f"name `{name}`: {', '.join(sorted(serious)) or 'unknown'}"
    return frozenset({"read"}), f"name `{name}`: reads"


def _serious(parts: list[str]) -> Iterator[tuple[str, int]]:
    for place, part in enumerate(parts):
        for effect in meanings(part) - {"read"}:
            yield effect, place


def _noun(parts: list[str], place: int) -> bool:
    """Is a serious word only what is looked at, after a leading read verb or as a noun that says so?"""
    if place == 0:
        return len(parts) == 1 and parts[0] in _READ_NOUNS
    return parts[place] in NOUNS_AFTER_READ


def _compound(parts: list[str], place: int) -> bool:
    """Is it half of a noun like `merge request`? (Alone it is none: `merge_request` is not known to look.)"""
    following = parts[place + 1] if place + 1 < len(parts) else ""
    before = parts[place - 1] if place else ""
    if parts[place] in ("request", "requests"):
        return before in _BEFORE_REQUEST
    return place > 0 and parts[place] in _BEFORE_REQUEST and following in _NOUNS_BEFORE


def _leads(parts: list[str]) -> bool:
    """Is the leading verb one that only looks, with no second, unknown verb joined to it?"""
    for place, part in enumerate(parts[:-1]):
        following = parts[place + 1]
        if part in CONJUNCTIONS and "read" not in VERBS.get(following, _NONE) and following not in _NOUNS:
            return False
    if tuple(parts[:2]) in _PHRASES:
        return False
    if len(parts) == 1 and parts[0] in _READ_NOUNS:
        return True
    if parts and VERBS.get(parts[0], _NONE) == {"read"}:
        return True
    # `acme_get_page`; a first word that is built like a verb may be one
    return len(parts) > 1 and parts[1] in _PLAIN_READ_VERBS and not re.search("(ify|i[sz]e|ate|en)$", parts[0])


def _looks(parts: list[str]) -> bool:
    """Nothing but nouns, and at the end one that says that it looks, or a verb that is no noun (`db-cluster-get`)?"""
    if len(parts) > 1 and parts[-1] in ("get", "describe", "retrieve") and len(parts[0]) > 1:
        return not re.search("(ify|i[sz]e|ate|en)$", parts[0])
    return len(parts) > 1 and parts[-1] in _READ_TAILS and all(part in _NOUNS for part in parts[:-1])
