"""One yes for the session, taken every way an agent could take it, through real gateways on one home."""

from __future__ import annotations

import json
from typing import Any

from tests.attacks.conftest import Place, verdict
from tests.attacks.test_approvals import asked, base

POLICY = (
    '@id("mine/all") permit (principal, action, resource);\n'
    '@id("mine/writes") @escalate("owner") @self @grantable @reason("it writes")\n'
    'forbid (principal, action in Action::"effect:write", resource);\n'
)


def insert(number: int, table: str = "items") -> dict[str, Any]:
    """One row, each another."""
    return {"arguments": {"query": f"INSERT INTO {table} VALUES ({number})"}, "name": "write_query"}


def granted(place: Place, count: int) -> list[dict[str, Any]]:
    """What has been granted, as a script reads it, after a yes for the session to one row."""
    wire = base(place)
    (place.home / "policy" / "starter.cedar").write_text(POLICY)
    place.assent("policy", "activate", "--yes", "--key", str(place.key))
    id = asked(wire.ask("tools/call", insert(0)))
    place.assent("approve", id, "--session", "--count", str(count), "--yes", "--key", str(place.key))
    assert verdict(wire.ask("tools/call", insert(0))) == "allow"
    return delegations(place)


def delegations(place: Place) -> list[dict[str, Any]]:
    """Every delegation of the home."""
    found: list[dict[str, Any]] = json.loads(place.assent("approvals", "delegations", "--json").stdout)
    return found


def test_two_gateways_of_one_session_cannot_use_it_more_often(place: Place) -> None:
    """The count is compared and used in the transaction that mints the permit, whichever process it is in."""
    assert granted(place, 3)[0]["used"] == 0
    wires = [base(place), base(place)]
    for number in range(8):
        for at, wire in enumerate(wires):
            wire.start("tools/call", insert(100 * at + number))
    said = [verdict(wire.next()) for wire in wires for _ in range(8)]
    assert said.count("allow") <= 3 and set(said) <= {"allow", "escalate", "defer"}
    # whoever met others three times was deferred: what they left of the count is there for who comes alone
    later = [verdict(wires[0].ask("tools/call", insert(1_000 + number))) for number in range(4)]
    assert [*said, *later].count("allow") == 3 and later[-1] == "escalate"
    assert (delegations(place)[0]["used"], delegations(place)[0]["status"]) == (3, "used_up")
    assert json.loads(place.assent("verify", "--json").stdout)["sound"] is not False


def test_it_is_for_nothing_else(place: Place) -> None:
    """Another table, a deletion, another tool ask; nothing is taken off the count."""
    granted(place, 9)
    wire = base(place)
    drop = {"arguments": {"query": "DELETE FROM items"}, "name": "write_query"}
    both = {"arguments": {"query": "INSERT INTO items SELECT * FROM others"}, "name": "write_query"}
    for call in (insert(1, "others"), both):
        assert verdict(wire.ask("tools/call", call)) == "escalate", call
    assert verdict(wire.ask("tools/call", drop)) != "escalate"  # this policy lets a delete pass by itself
    assert delegations(place)[0]["used"] == 0
