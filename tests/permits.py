"""A home whose gateway mints permits for an executor, and the executor with each kind of store."""

from __future__ import annotations

from pathlib import Path

from assent.identity.permits import Trust
from assent.keys.file import KeySigner
from assent.model.permit import Consumer, Permit
from assent.ports import Consumption
from assent.resource.executor import Asked, Executor
from assent.resource.home import HomeConsumption
from assent.stores.consumed import SqliteConsumption
from tests.world import World, tool

ALLOW = '@id("all") permit (principal, action, resource);'
QUERY = tool("query")


class Desk:
    """A gateway and an executor called `files`.

    Args:
        world: the home.
        consumer: where the executor uses permits up.
        key: the executor's key.
    """

    def __init__(self, world: World, consumer: Consumer = "home", key: KeySigner | None = None) -> None:
        self.world = world
        self.consumer = consumer
        self.trust = Trust.parse(Trust.published(world.log.origin, [world.home.authority().public]))
        self.store: Consumption = (
            HomeConsumption(world.log, world.clock)
            if consumer == "home"
            else SqliteConsumption(world.config.home / "consumed.db", lambda: world.clock.now() / 1000)
        )
        self.executor = Executor("files", self.trust, self.store, key)

    async def minted(self, **arguments: object) -> tuple[Permit, str]:
        """An allowed call, and its permit as the executor gets it."""
        call = self.world.call(QUERY, arguments or {"query": "x"}, consumer=self.consumer)
        permit = await self.world.permit(call)
        await self.world.guard.begin(permit)
        return permit, self.world.home.mint(permit)


def query(**arguments: object) -> Asked:
    """What an executor is about to run."""
    return Asked.of_tool("query", arguments or {"query": "x"})


async def desk(folder: Path, consumer: Consumer = "home", key: KeySigner | None = None) -> Desk:
    """A home that allows everything, with a session, and its executor."""
    world = World(folder, ALLOW)
    await world.join()
    return Desk(world, consumer, key)
