"""Delegations, attenuations, revocations, time and calls at random, against a model of ten lines.

The real home, guard, policy engine and log on one side; on the other `Model.admits`. The
guard never allows what the model denies, and, since policy permits everything here, allows
what it admits.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from assent.admin import delegations, principals
from assent.admin.delegations import Terms
from assent.enforce.guard import Allowed
from assent.enforce.session import Opening
from assent.errors import AssentError, ProofError
from assent.keys.file import KeySigner
from assent.model.grant import Grant, Limits
from assent.model.ids import PrincipalId, SessionId
from assent.model.outcome import Outcome
from assent.model.principal import Principal
from assent.policy.condition import parse
from assent.record import epoch
from tests.world import OWNER, World, tool

EFFECTS, PAYEES, MINUTE = ("read", "pay"), ("ana", "ben"), 60_000
POLICY = '@id("all") permit (principal, action, resource);'
PROFILE = "\n".join(
    f'[tools.{effect}]\neffects = ["{effect}"]\nreversibility = "reversible"\ntargets = {{ to = "id" }}\n'
    for effect in EFFECTS
)
DONE = Outcome("succeeded", "gateway", b"{}")
TOOLS = {one: tool(one, to={"type": "string"}, amount={"type": "integer"}) for one in EFFECTS}

WHICH = st.integers(0, 3)
SETS = st.sampled_from([None, ("read",), ("pay",), ("pay", "read")])
WHO = st.sampled_from([None, ("ana",), ("ana", "ben")])
MOST = st.sampled_from([None, 10, 100])
CALLS = st.sampled_from([None, 1, 2, 9])
LONG, SHORT = st.sampled_from([60, 600]), st.sampled_from([5, 5, 30, 600])


@dataclass
class Link:
    """What the model knows of a link: what it restricts, and how often a call has passed on it."""

    id: str
    above: Link | None
    subject: PrincipalId
    effects: tuple[str, ...] | None
    payees: tuple[str, ...] | None
    most: int | None
    calls: int | None
    expires: int
    revoked: bool = False
    used: int = 0

    def chain(self) -> list[Link]:
        return [*(self.above.chain() if self.above else []), self]


@dataclass
class Model:
    """Ten lines: a call is within every link of its chain, or it is not admitted."""

    now: int
    disabled: set[PrincipalId] = field(default_factory=set)

    def admits(self, link: Link, effect: str, to: str, amount: int) -> bool:
        return all(
            not one.revoked
            and one.subject not in self.disabled
            and self.now < one.expires
            and (one.effects is None or effect in one.effects)
            and (one.payees is None or to in one.payees)
            and (one.most is None or amount <= one.most)
            and (one.calls is None or one.used < one.calls)
            for one in link.chain()
        )


class Chains(RuleBasedStateMachine):
    """One home; four agents with keys; whatever hypothesis thinks of."""

    links = Bundle("links")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.keys: dict[PrincipalId, KeySigner] = {}
        for at in range(4):
            key = KeySigner(Ed25519PrivateKey.generate(), "same-user")
            one = Principal("Agent", f"ci/{secrets.token_hex(8)}-{at}", OWNER)
            by = principals.proof(key.public)
            principals.add(world.log, world.operator, world.clock.now(), one, lambda group: None, by)
            self.keys[one.id] = key
        self.agents = list(self.keys)
        self.model = Model(world.clock.now())
        self.sessions: dict[str, SessionId] = {}

    def _issue(self, signer: KeySigner, subject: PrincipalId, above: Link | None, drawn: Sequence[Any]) -> Link | None:
        effects, payees, most, calls, minutes, depth = drawn
        condition = parse(f"context.args has amount && context.args.amount <= {most}") if most else None
        limits = Limits(
            actions=tuple(f"effect:{one}" for one in effects) if effects else None,
            targets={"ids": payees} if payees else {},
            condition=condition.text if condition else "",
            tree=condition.tree if condition else "",
            calls=calls,
            depth=depth,
        )
        expires = self.model.now + minutes * MINUTE
        terms = Terms(subject, limits, self.model.now, expires, under=above.id if above else "")
        try:
            made = delegations.issue(self.world.log, signer, self.model.now, terms)[-1]
        except (AssentError, ProofError):
            return None
        return Link(made.id, above, subject, effects, payees, most, calls, expires)

    @rule(
        target=links,
        which=WHICH,
        drawn=st.tuples(SETS, WHO, MOST, CALLS, LONG, st.sampled_from([2, 3])),
    )
    def delegate(self, which: int, drawn: tuple[Any, ...]) -> Link | None:
        """A person delegates to an agent; an active one takes it."""
        subject = self.agents[which]
        made = self._issue(self.world.operator, subject, None, drawn)
        assert (made is None) == (subject in self.model.disabled)
        return made

    @rule(
        target=links,
        above=links,
        which=WHICH,
        drawn=st.tuples(SETS, WHO, MOST, CALLS, SHORT, st.sampled_from([0, 1, 2])),
        thief=st.sampled_from([False, False, False, True]),
    )
    def attenuate(self, above: Link | None, which: int, drawn: tuple[Any, ...], thief: bool) -> Link | None:
        """Whoever holds a link passes less of it on; nobody else can, and what is wider is refused."""
        if above is None:
            return None
        subject = self.agents[which]
        signer = self.world.operator if thief else self.keys[above.subject]
        made = self._issue(signer, subject, above, drawn)
        assert made is None or (
            not thief
            and not any(one.revoked or self.model.now >= one.expires for one in above.chain())
            and subject not in [one.subject for one in above.chain()]
            and all(one.expires >= made.expires for one in above.chain())
            and all(set(made.effects or ()) <= set(one.effects or EFFECTS) for one in above.chain())
            and all(set(made.payees or ()) <= set(one.payees or PAYEES) for one in above.chain())
            and all((made.calls or 0) <= (one.calls or 9) for one in above.chain())
        )
        return made

    @rule(link=links)
    def revoke(self, link: Link | None) -> None:
        """A link is taken back, and with it what stands on it."""
        if link is None or link.revoked:
            return
        link.revoked = True

        def job(tx: Any) -> None:
            tx.put(replace(tx.find(Grant, link.id), status="revoked"))
            epoch.move(tx)

        self.world.log.submit(job, durable=True).result()

    @rule(which=WHICH)
    def turn(self, which: int) -> None:
        """A principal is disabled, or enabled again."""
        who = self.agents[which]
        status = "active" if who in self.model.disabled else "disabled"
        self.model.disabled ^= {who}
        world = self.world
        principals.change(
            world.log, world.operator, self.model.now, who, lambda group: None, lambda one: replace(one, status=status)
        )

    @rule(minutes=st.sampled_from([1, 4, 30]))
    def wait(self, minutes: int) -> None:
        """Time goes by."""
        self.world.clock.pass_time(minutes * 60)
        self.model.now += minutes * MINUTE

    @rule(
        link=links,
        effect=st.sampled_from(EFFECTS),
        to=st.sampled_from(PAYEES),
        amount=st.sampled_from([5, 5, 50, 500]),
        times=st.sampled_from([1, 3]),
        between=st.booleans(),
    )
    def act(self, link: Link | None, effect: str, to: str, amount: int, times: int, between: bool) -> None:
        """Calls under a chain pass exactly if the model admits them, also when a link is revoked between two."""
        for at in range(times) if link else ():
            passed = asyncio.run(self._act(link, effect, to, amount))
            expected = self.model.admits(link, effect, to, amount)
            assert passed <= expected, "allowed what the model denies"
            assert passed == expected, "refused what the model admits"
            for one in link.chain() if passed else ():
                one.used += 1
            if between and at == 1:
                self.revoke(link.chain()[0])

    async def _act(self, link: Link, effect: str, to: str, amount: int) -> bool:
        world = self.world
        if link.id not in self.sessions:
            try:
                opened = await world.home.sessions.open_for(link.subject, Opening(delegation=link.id))
            except AssentError:
                return False
            self.sessions[link.id] = opened.id
        world.session = self.sessions[link.id]
        try:
            ruling = await world.guard.authorize(world.call(TOOLS[effect], {"to": to, "amount": amount}))
        except AssentError:
            return False
        if not isinstance(ruling, Allowed):
            return False
        assert ruling.permit is not None
        assert ruling.permit.action.chain == tuple(one.id for one in link.chain())
        await world.guard.begin(ruling.permit)
        await world.guard.settle(ruling.permit, DONE, {})
        return True


def test_chains(tmp_path: Path) -> None:
    """Never an allow that the model denies; and all of it is in a log that verifies."""
    world = World(tmp_path, POLICY, f'[server]\nname = "files"\n{PROFILE}')
    quiet = settings(
        max_examples=100,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Chains(world), settings=quiet)  # type: ignore[no-untyped-call]
    allowed = sum(leaf["verdict"] == "allow" for leaf in world.leaves("decision"))
    denied = sum(leaf["verdict"] == "deny" for leaf in world.leaves("decision"))
    assert allowed > 20 and denied > 20, (allowed, denied)
    assert world.verify().sound
