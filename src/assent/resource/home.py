"""Permits consumed in the home itself, by an executor that runs beside it."""

from __future__ import annotations

from assent.enforce.consume import consume
from assent.model.presented import Presented
from assent.ports import Clock, Transaction
from assent.record.log import Log


class HomeConsumption:
    """`ports.Consumption` in the store that the permit was minted in: a revocation reaches it at once.

    Args:
        log: the door for writing.
        clock: wall time of the home.
    """

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    def consume(self, token: str, permit: Presented) -> None:
        """As `ports.Consumption`; what the permit stood on is looked at again (DESIGN §3)."""

        def job(tx: Transaction) -> None:
            consume(tx, permit.id, permit.audience, self._clock.now())

        self._log.submit(job, durable=True).result()

    def close(self) -> None:
        """Nothing of its own is open."""
