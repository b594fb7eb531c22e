"""What whoever stole a person's key leaves behind, once the key counts no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from assent.admin import delegations, principals, recover
from assent.admin.delegations import Terms
from assent.errors import RefusedError
from assent.keys.file import KeySigner
from assent.model.grant import Grant, Limits
from assent.model.ids import PrincipalId
from assent.model.principal import Principal
from tests.unit.admin.test_recover import Team
from tests.unit.enforce.test_sessions import join
from tests.world import OWNER

BOT = PrincipalId('Agent::"ci/bot"')


@pytest.mark.parametrize("why", ["left", "lost", "stolen"])
async def test_a_removed_key_leaves_no_delegation_behind(tmp_path: Path, why: recover.Why) -> None:
    """A thief delegates for a year what nobody sees; it ends with the key, and what others have signed does not."""
    team = Team(tmp_path)
    now = team.clock.now()
    principals.add(team.log, team.operator, now, Principal("Agent", "ci/bot", OWNER), lambda _: None)

    def issue(signer: KeySigner) -> str:
        terms = Terms(BOT, Limits(), now // 1000 * 1000, now // 1000 * 1000 + 300 * 86_400_000)
        return delegations.issue(team.log, signer, now, terms)[-1].id

    theirs, others = issue(team.bob), issue(team.operator)
    team.do(team.gone(team.bob, why))
    with team.store.read() as reader:
        assert [one.status for id in (theirs, others) if (one := reader.find(Grant, id))] == ["revoked", "live"]
    with pytest.raises(RefusedError):
        await join(team, "ci/bot", delegation=theirs)
    assert (await join(team, "ci/bot", delegation=others)).chain == (others,)
