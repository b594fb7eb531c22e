"""Rules of explaining: who, what, on whose behalf, which rule with its text, which context, who approved, what came."""

from __future__ import annotations

from tests.unit.cli.world import World


def test_a_refusal_is_explained_from_its_receipt(world: World) -> None:
    """The receipt number of a refusal leads to the actor, owner, every argument, and the rule's own text."""
    out = world.run("explain", str(world.asked["home"]["receipt"])).out
    for told in (
        'Agent::"local/tester"',
        'User::"local/',
        "sqlite / read_query",
        "ATTACH DATABASE",
        "assent/guard",
        "when { context.facts.reaches_assent };",
        "facts: ",
        "reaches_assent",
    ):
        assert told in out, told


def test_every_id_leads_to_the_same_story(world: World) -> None:
    """Index, leaf hash, attempt and approval name one attempt; `receipts show` and `explain` tell the same."""
    rows = world.run("receipts", "list", "--json").json
    row = rows[world.asked["drafts"]["receipt"]]
    told = world.run("explain", str(row["index"])).out
    for id in (row["leaf_hash"], row["attempt"], world.asked["drafts"]["approval"]):
        assert world.run("explain", id).out == told
    assert world.run("receipts", "show", row["attempt"]).out == told
    assert "needs_approval" in told
    assert "starter/irreversible" in told


def test_a_story_goes_on_to_what_came_of_it(world: World) -> None:
    """An allowed call's story ends with its outcome and who says so."""
    rows = world.run("receipts", "list", "--json").json
    allowed = next(row for row in rows if row["verdict"] == "allow")
    out = world.run("explain", str(allowed["index"])).out
    assert "outcome succeeded" in out
    assert "the gateway" in out
    assert "permit" in out


def test_what_is_not_there_is_told(world: World) -> None:
    """An id nobody knows: exit code 1, and which ids there are."""
    for id in ("99999", "att_" + "a" * 26, "sha256:" + "0" * 64, "nonsense"):
        done = world.run("explain", id)
        assert (done.code, done.err.startswith("error[unknown_id]")) == (1, True), id
