"""Tokens shown at a command line: whom they stand for, with the key that they are bound to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assent.errors import RefusedError
from assent.identity.presented import Known, Presented, present
from tests.unit.api.exchanging import ASSERTION as GRANT
from tests.unit.api.exchanging import LEAD, OTHER, SECRET, SUB, TOOLS, World, claims, world
from tests.unit.identity import forge


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home that issues tokens, and knows issuers."""
    with world(tmp_path_factory.mktemp("w") / "home") as made:
        yield made


def show(at: World, text: str, key: forge.Key | None) -> Presented:
    known = Known(at.url, at.desk.keys, at.home.config.issuers)
    with at.home.store.read() as reader:
        return present(reader, text, key.jkt if key else "", known, at.home.clock.now())


def test_a_token_of_the_home_stands_for_who_acts_under_its_delegation(at: World) -> None:
    """With the key that it is bound to, until what it stands on ends."""
    _, told = at.exchange(at.first(), at.lead, details={"actor": SUB, "expires_in": 200})
    found = show(at, told["access_token"], at.sub)
    assert (found.principal, found.key) == (SUB, f"key:{at.sub.jkt}")
    assert found.delegation == claims(told["access_token"])["delegation"]
    for key in (at.lead, None):
        with pytest.raises(RefusedError) as refused:
            show(at, told["access_token"], key)
        assert refused.value.code == "token_holder"


def test_a_token_for_somebody_else_opens_nothing_here(at: World) -> None:
    """It was issued by this home, for another audience; bound to no key or not."""
    _, told = at.exchange(at.first(), at.lead, resource=TOOLS)
    given = {"grant_type": GRANT, "client_id": "reporter", "client_secret": SECRET, "resource": TOOLS}
    _, other = at.post("/token", given | {"assertion": at.assertion()})
    for text, key in ((told["access_token"], at.lead), (other["access_token"], None)):
        with pytest.raises(RefusedError) as refused:
            show(at, text, key)
        assert refused.value.code == "token_audience"


def test_a_token_of_an_issuer_stands_for_whom_a_person_enrolled(at: World) -> None:
    """It says nothing of what they may do."""
    found = show(at, at.agent("lead-1", at.lead), at.lead)
    assert (found.principal, found.key, found.delegation) == (LEAD, "token:https://agents.example lead-1", "")
    with pytest.raises(RefusedError) as refused:
        show(at, at.agent("lead-1", at.lead), at.other)
    assert refused.value.code == "token_holder"
    assert show(at, at.agent("other-1", at.other), at.other).principal == OTHER


def test_a_persons_login_is_no_agents_token(at: World) -> None:
    """An agent that holds one acts as nobody with it."""
    with pytest.raises(RefusedError) as refused:
        show(at, at.person(), None)
    assert refused.value.code == "token_type"
