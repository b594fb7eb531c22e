"""A rule about how many calls went before holds when they are made at once."""

from __future__ import annotations

from tests.attacks.conftest import SERVERS, Place, verdict

RULE = '@id("attack/few")\nforbid (principal, action, resource) when { context.session.calls >= 6 };\n'


def test_calls_made_at_once_do_not_all_see_the_same_count(place: Place) -> None:
    """DESIGN §3, step 6: a decision is compared with what it used, the count of calls included."""
    place.policy(RULE)
    wire = place.agent(str(SERVERS / "time" / "bin" / "mcp-server-time"))
    params = {"arguments": {"timezone": "UTC"}, "name": "get_current_time"}
    for _ in range(30):
        wire.start("tools/call", params)
    said = [verdict(wire.next()) for _ in range(30)]
    assert 1 <= said.count("allow") <= 6
    assert set(said) <= {"allow", "deny", "defer"}
