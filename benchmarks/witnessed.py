"""How long from a leaf until a quorum of witnesses has cosigned it: three witnesses over HTTP, one of them down.

python -m benchmarks.witnessed [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from assent_verify.cosignature import WitnessKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import home as homes
from assent.admin.witnesses import change
from assent.assembly import Home, open_home
from assent.config import Config
from assent.keys.file import KeySigner
from assent.record import leaves
from assent.record.witnesses import policy, standing
from assent.stores.book import WitnessBook

ROUNDS, QUICK = 10, 3


def main() -> None:
    """Print the times and write them."""
    parser = argparse.ArgumentParser(description="time until a quorum of witnesses has cosigned")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        config = Config(home=folder / "home", user="ana")
        home = stack.enter_context(open_home(config))
        operator = KeySigner(Ed25519PrivateKey.generate(), "same-user")
        homes.enrol(home.log, config, operator, home.clock.now())
        urls = [_start(folder / name, home, stack) for name in ("a", "b")]
        dead = WitnessKey("witness.example/dead", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))  # takes connections, answers nothing
        for key, url in [*urls, (dead, f"http://127.0.0.1:{silent.getsockname()[1]}")]:
            change(home.log, operator, home.clock.now(), add=(key, url), quorum=0)
        change(home.log, operator, home.clock.now(), add=None, quorum=2)
        threading.Thread(target=home._duties, daemon=True).start()
        times = [_one(home) for _ in range(QUICK if options.quick else ROUNDS)]
    middle, worst = statistics.median(times), max(times)
    print(f"witnessed by 2 of 3, one silent: median {middle:.1f} s, worst {worst:.1f} s")
    if options.json:
        options.json.write_text(json.dumps({"median_s": middle, "worst_s": worst, "rounds": len(times)}) + "\n")


def _start(state: Path, home: Home, stack: ExitStack) -> tuple[WitnessKey, str]:
    WitnessBook(state).trust(home.log_key)
    assent = str(Path(sys.executable).parent / "assent")
    process = subprocess.Popen(
        [assent, "witness", "serve", "--state", str(state), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    return WitnessKey.parse(process.stdout.readline().split()[1]), process.stdout.readline().strip()


def _one(home: Home) -> float:
    draft = leaves.system(home.log.node, home.clock.now(), "checkpoint", {})
    index = home.log.submit(lambda tx: leaves.append(tx, draft, None).index, durable=True).result()
    start = time.monotonic()
    while time.monotonic() - start < 60:
        with home.store.read() as reader:
            found = policy(reader)
            assert found is not None
            if found.met(key for key in found.witnesses.values() if standing(reader, key).size > index):
                break
        time.sleep(0.05)
    return time.monotonic() - start


if __name__ == "__main__":
    main()
