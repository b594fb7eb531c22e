"""W3C Trace Context §3.2: which trace a call says it belongs to."""

from __future__ import annotations

import pytest

from assent.edges.trace import trace_of, trace_with

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ONE = f"00-{TRACE}-{PARENT}-01"


def test_trace_and_parent_are_taken() -> None:
    """Of the version that is there, and of a later one with more in it."""
    assert trace_of(ONE) == f"{TRACE}-{PARENT}"
    assert trace_of(f"cc-{TRACE}-{PARENT}-00-more") == f"{TRACE}-{PARENT}"


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        "",
        ONE.upper(),
        f" {ONE}",
        f"{ONE}\n",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-more",
        f"cc-{TRACE}-{PARENT}-01-" + "x" * 100_000,
    ],
)
def test_what_is_no_trace_is_passed_over(wrong: object) -> None:
    """It is the agent's word: nothing else comes of it, in any spelling."""
    assert trace_of(wrong) == ""


def test_the_request_comes_before_the_process() -> None:
    """A call names its own trace; else it belongs to the one that the process was started in."""
    assert trace_with({"_meta": {"traceparent": ONE}}, "before") == f"{TRACE}-{PARENT}"
    for params in ({}, {"_meta": None}, {"_meta": {"traceparent": "no"}}):
        assert trace_with(params, "before") == "before"
