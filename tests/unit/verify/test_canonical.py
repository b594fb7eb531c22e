"""Strict reading and canonical writing, rule by rule."""

from __future__ import annotations

import struct

import pytest
from assent_verify.canonical import MAX_LEAF, canonicalize, canonicalize_leaf, digest, parse
from assent_verify.errors import ProofError

# RFC 8785 appendix B: bits of an IEEE 754 double → ECMAScript text
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "written"), NUMBERS.items())
def test_the_number_samples_of_rfc_8785(bits: str, written: str) -> None:
    """RFC 8785 appendix B."""
    assert canonicalize(struct.unpack(">d", bytes.fromhex(bits))[0]) == written.encode()


def test_the_document_sample_of_rfc_8785() -> None:
    """RFC 8785 §3.2.2: white space goes, escapes and numbers take their one spelling."""
    document = rb"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonicalize(parse(document)) == expected.encode()


def test_the_order_sample_of_rfc_8785() -> None:
    """RFC 8785 §3.2.3: members are sorted by UTF-16 code units, so a face stands before U+FB33."""
    names = ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]
    assert list(parse(canonicalize(dict.fromkeys(reversed(names), 0)))) == names  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"x":[{"a":1,"b":2,"\\u0061":1}]}', "duplicate_key"),
        (b'"\xff"', "not_utf8"),
        (b'"\xed\xa0\x80"', "not_utf8"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"", "not_json"),
        (b"{} {}", "not_json"),
        (b"[1,]", "not_json"),
        (b"01", "not_json"),
        (b"NaN", "not_json"),
        (b"-Infinity", "not_json"),
        (b"'a'", "not_json"),
        (b'"\x01"', "not_json"),
        (b"9007199254740992", "number_range"),
        (b"-9007199254740992", "number_range"),
        (b"1" * 5000, "number_range"),
        (b"1e400", "number_range"),
        (b"-1e400", "number_range"),
        (b"1e20", "number_range"),
        (b"9007199254740993.0", "number_range"),
        (b'"\\ud800"', "lone_surrogate"),
        (b'{"\\uDFFF":1}', "lone_surrogate"),
        (b"[" * 65 + b"]" * 65, "too_deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(data: bytes, code: str) -> None:
    """RFC 7493 and the limits of the design, each with its own stable code."""
    with pytest.raises(ProofError) as refused:
        parse(data)
    assert refused.value.code == code
    assert "\n" not in refused.value.message


def test_limits_are_exact() -> None:
    """64 levels, the largest exact integers and a given size are accepted, not one more."""
    assert parse(b"[" * 64 + b"]" * 64)
    assert parse(b'["' + b"[" * 500 + b'\\"{"]') == ["[" * 500 + '"{']  # brackets in a string are no depth
    assert parse(b"[9007199254740991,-9007199254740991]") == [2**53 - 1, 1 - 2**53]
    assert parse(b"12", max_bytes=2) == 12
    with pytest.raises(ProofError, match="3 bytes, at most 2"):
        parse(b"123", max_bytes=2)


@pytest.mark.parametrize(("written", "value"), [(b"1.0", 1), (b"-0", 0), (b"-0.0", 0), (b"1e2", 100)])
def test_a_number_with_an_integer_as_canonical_form_is_an_integer(written: bytes, value: int) -> None:
    """Otherwise what is decided on would differ from what is forwarded."""
    assert type(parse(written)) is int
    assert parse(written) == value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({1: "a"}, "not_json"),
        ({None: "a"}, "not_json"),
        ({"a": {1, 2}}, "not_json"),
        ([b"a"], "not_json"),
        ([2**53], "number_range"),
        ([float("nan")], "number_range"),
        ([float("inf")], "number_range"),
        (["\ud800"], "lone_surrogate"),
        ({"\udfff😀": 1}, "lone_surrogate"),
    ],
)
def test_what_is_not_json_is_not_written(value: object, code: str) -> None:
    """The encoder of the standard library would write most of these."""
    with pytest.raises(ProofError) as refused:
        canonicalize(value)
    assert refused.value.code == code


def test_a_value_that_holds_itself_is_refused() -> None:
    """Depth is bounded when writing, too."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(ProofError, match="deeper"):
        canonicalize(value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a": 0.5}, "leaf_profile"),
        ({"é": 1}, "leaf_profile"),
        ({"a": [{"é": 1}]}, "leaf_profile"),
        ({"a": 2**53}, "number_range"),
        ({"a": "x" * MAX_LEAF}, "too_large"),
    ],
)
def test_the_leaf_profile_refuses(value: object, code: str) -> None:
    """ASCII keys, no floats, integers below 2^53, 16 KiB."""
    with pytest.raises(ProofError) as refused:
        canonicalize_leaf(value)
    assert refused.value.code == code


def test_a_digest_is_written_with_its_algorithm() -> None:
    """`sha256:` and lower-case hex."""
    assert digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
