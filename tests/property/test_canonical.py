"""Canonical form against another implementation, and strict reading against everything."""

from __future__ import annotations

import json
import math

import rfc8785
from assent_verify.canonical import MAX_INTEGER, canonicalize, canonicalize_leaf, parse
from assent_verify.errors import ProofError
from hypothesis import given, settings
from hypothesis import strategies as st

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=20,
)
exact = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=20,
)


@given(values)
@settings(max_examples=300, deadline=None)
def test_canonical_form_is_that_of_another_implementation(value: object) -> None:
    """RFC 8785 leaves no choice: two implementations write the same bytes."""
    assert canonicalize(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=500, deadline=None)
def test_numbers_are_written_as_ecmascript_does(value: float) -> None:
    """RFC 8785 §3.2.2.3: the shortest digits that read back as the same double."""
    written = canonicalize(value)
    assert written == rfc8785.dumps(value)
    assert float(written) == value


@given(values, st.booleans())
@settings(max_examples=200, deadline=None)
def test_reading_canonical_bytes_changes_nothing(value: object, ascii: bool) -> None:
    """What is decided on is the parse of the canonical bytes: parse ∘ canonicalize is a fixed point."""
    try:
        once = parse(json.dumps(value, ensure_ascii=ascii).encode())
    except ProofError as error:
        assert error.code == "number_range"
        return
    assert parse(canonicalize(once)) == once
    assert canonicalize(parse(canonicalize(once))) == canonicalize(once)


@given(exact)
@settings(max_examples=100, deadline=None)
def test_values_without_floats_survive_a_round_trip(value: object) -> None:
    """Nothing is lost, and nothing changes its type."""
    back = parse(canonicalize(value))
    assert back == value
    assert json.dumps(back, sort_keys=True) == json.dumps(value, sort_keys=True)


@given(st.binary(max_size=60) | st.text('{}[]",:0123456789.eE+-\\ud8tfn \n', max_size=40).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    """`parse` is total: a value whose canonical form reads back, or a `ProofError`; never another exception."""
    try:
        value = parse(data)
    except ProofError as error:
        assert error.code in {"not_utf8", "not_json", "duplicate_key", "number_range", "lone_surrogate"}
        return
    assert parse(canonicalize(value)) == value
    if not isinstance(value, float) or not math.isnan(value):
        assert json.loads(data) == value


@given(values)
@settings(max_examples=100, deadline=None)
def test_the_leaf_profile_is_a_part_of_the_canonical_form(value: object) -> None:
    """A leaf that is written at all is written as RFC 8785 says."""
    try:
        assert canonicalize_leaf(value) == canonicalize(value)
    except ProofError as error:
        assert error.code == "leaf_profile"
