"""Permits hold for one action only, however it is spelled and whatever is done to them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from assent_verify.canonical import canonicalize
from hypothesis import given
from hypothesis import strategies as st

from assent.edges.mcp import classes
from assent.errors import ProofError, RefusedError
from assent.identity import permits
from assent.identity.permits import Trust
from assent.ports import Consumption
from assent.resource.executor import Asked, Executor, decided
from conformance.permit import generate

TRUST = Trust.parse(generate.jwks())
TOKEN = generate.token(1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, width=32) | TEXT
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
ARGUMENTS = st.dictionaries(TEXT, VALUES, max_size=4)


class Nothing:
    """A store that is never reached."""

    def consume(self, token: str, permit: object) -> None:
        raise AssertionError("a permit that does not fit reached the store")

    def close(self) -> None:
        """Nothing is open."""


META = ("progressToken", "traceparent", "io.modelcontextprotocol/protocolVersion", "assent/permit", "claudecode/id")
STORE: Consumption = Nothing()
EXECUTOR = Executor(generate.AUDIENCE, TRUST, STORE)


def params(arguments: Mapping[str, object]) -> dict[str, object]:
    """Of a call of `put`."""
    return {"arguments": dict(arguments), "name": "put"}


def spelled(value: object) -> bytes | None:
    """The canonical form, if there is one."""
    try:
        return canonicalize(value)
    except ProofError:
        return None


@given(ARGUMENTS, ARGUMENTS)
def test_it_fits_what_it_was_minted_for_and_nothing_else(one: dict[str, object], other: dict[str, object]) -> None:
    """Two calls share a permit exactly if they have the same canonical form."""
    if spelled(one) is None:
        return
    permit = permits.read(generate.token(1, params(one)), TRUST)
    for arguments in (one, other, json.loads(json.dumps(one))):
        asked = Asked.of_params("tools/call", params(arguments))
        try:
            fits = EXECUTOR.check(generate.token(1, params(one)), asked).id == permit.id
        except RefusedError as error:
            assert error.code == "permit_differs"
            fits = False
        assert fits is (spelled(arguments) == spelled(one))


@given(st.dictionaries(st.sampled_from(META) | TEXT, VALUES, max_size=4), ARGUMENTS, st.none() | TEXT)
def test_both_ends_see_the_same_action(
    meta: dict[str, object], arguments: dict[str, object], state: str | None
) -> None:
    """What an executor takes for the action, of what the gateway sends, is what the gateway has decided on."""
    action, transport = classes.split({**params(arguments), "_meta": meta})
    sent = {**classes.joined(action, transport), **({} if state is None else {"requestState": state})}
    seen = {**sent, "_meta": {**sent.get("_meta", {}), "assent/permit": TOKEN}}  # type: ignore[dict-item]
    assert decided(seen) == action


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="utf-8"), st.sampled_from(["put", "cut", "change"]))
def test_a_changed_token_is_refused(at: int, char: str, how: str) -> None:
    """Any one character more, less or other: refused, and never with an error of another kind."""
    bad = {
        "put": TOKEN[:at] + char + TOKEN[at:],
        "cut": TOKEN[:at] + TOKEN[at + 1 :],
        "change": TOKEN[:at] + char + TOKEN[at + 1 :],
    }[how]
    if bad == TOKEN:
        return
    try:
        EXECUTOR.accept(bad, Asked.of_params("tools/call", generate.PARAMS))
    except RefusedError as error:
        assert error.code == "permit_invalid"
    else:
        raise AssertionError(bad)
