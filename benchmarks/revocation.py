"""From a revocation to the last allow anywhere, with processes that decide as fast as they can.

Four processes with eight sessions each make governed calls on one home. Again and again a server is
revoked and given back; each process notes by the machine's steady clock when its last call was allowed.
How long after the command began that was is the number; an allow after the acknowledgement is a failure.

    python -m benchmarks.revocation [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

from assent import assembly
from assent.admin import home as homes
from assent.admin.revoke import Wanted, acknowledge, restore, revoke
from assent.config import load
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed
from assent.keys.file import KeySigner
from assent.model.outcome import Outcome
from benchmarks.governed import RESPONSE, SERVER, definition, opened

PROCESSES, SESSIONS, PATIENCE = 4, 8, 60.0


def worker(path: str, end: float, out: multiprocessing.Queue[object]) -> None:
    """Call until `end`; when each effect began, on the steady clock of the machine, in ms."""

    async def run() -> None:
        began: list[float] = []
        with assembly.open_home(load(Path(path), {})) as home:

            async def one(number: int) -> None:
                session, done = await opened(home, number), 0
                while time.monotonic() < end:
                    params = {"name": "list_items", "arguments": {"query": f"item {done}", "limit": 10}}
                    call = Call(session, SERVER, "tools/call", "list_items", definition(), params)
                    ruling = await home.guard.authorize(call)
                    done += 1
                    if not isinstance(ruling, Allowed) or ruling.permit is None:
                        await asyncio.sleep(0.001)
                        continue
                    try:
                        await home.guard.begin(ruling.permit)
                    except assembly.AssentError:
                        continue
                    began.append(time.monotonic() * 1000)
                    await home.guard.settle(ruling.permit, Outcome("succeeded", "gateway", RESPONSE))

            await asyncio.gather(*(one(number) for number in range(SESSIONS)))
        out.put(began)

    asyncio.run(run())


def measure(rounds: int) -> dict[str, object]:
    """Revoke `rounds` times under load."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "home"
        config = load(path, {})
        home = assembly.open_home(config)
        signer = _signer()
        homes.enrol(home.log, config, signer, home.clock.now())
        home.log.submit(lambda tx: tx.put_state(f"server:{SERVER.name}", "program:x"), durable=True).result()
        end = time.monotonic() + 8 + rounds * 0.5
        context = multiprocessing.get_context("spawn")
        out: multiprocessing.Queue[object] = context.Queue()
        running = [context.Process(target=worker, args=(str(path), end, out)) for _ in range(PROCESSES)]
        for process in running:
            process.start()
        time.sleep(6)
        spans: list[tuple[float, float, float]] = []
        wanted = Wanted("server", SERVER.name)
        for _ in range(rounds):
            begun = time.monotonic() * 1000
            revoke(home.log, wanted, signer, home.clock.now())
            acknowledge(home.store, home.clock, home.clock.steady(), time.sleep)
            acknowledged = time.monotonic() * 1000
            time.sleep(0.1)
            spans.append((begun, acknowledged, time.monotonic() * 1000))
            restore(home.log, wanted, signer, home.clock.now())
            time.sleep(0.2)
        began = sorted(at for _ in running for at in out.get(timeout=PATIENCE))  # type: ignore[attr-defined]
        for process in running:
            process.join()
        home.close()
    last = sorted(max((at for at in began if a <= at < c), default=a) - a for a, _, c in spans)
    late = sum(1 for a, b, c in spans for at in began if b <= at < c)
    acks = sorted(b - a for a, b, _ in spans)
    return {
        "processes": PROCESSES,
        "sessions": PROCESSES * SESSIONS,
        "rounds": rounds,
        "effects": len(began),
        "last_allow_p50_ms": round(last[len(last) // 2], 1),
        "last_allow_p99_ms": round(last[int(len(last) * 0.99)], 1),
        "acknowledged_p99_ms": round(acks[int(len(acks) * 0.99)], 1),
        "after_acknowledgement": late,
    }


def _signer() -> KeySigner:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return KeySigner(Ed25519PrivateKey.generate(), "passphrase")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    row = measure(20 if options.quick else 100)
    for name, value in row.items():
        print(f"{name:>24}  {value}")
    if options.json:
        options.json.write_text(json.dumps({"benchmark": "revocation", "rows": [row]}, indent=1) + "\n")
    if row["after_acknowledgement"]:
        raise SystemExit("an effect began after the acknowledgement")


if __name__ == "__main__":
    main()
