"""What holds for every test: nothing of the person's own home, and one place for how many rounds."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from assent.stores.home import DURABLE, filesystem

#: `make soak` runs the same tests with many more rounds, and with chance; `make test` says the same twice.
SOAK = os.environ.get("ASSENT_SOAK") == "1"

hypothesis.settings.register_profile("test", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.register_profile("soak", deadline=None, print_blob=True, max_examples=5_000)
hypothesis.settings.load_profile("soak" if SOAK else "test")


def pytest_configure() -> None:
    """Keep what tests write on a disk: homes are refused in memory, where some systems keep `/tmp`."""
    # whoever runs tests in the background may have us ignore an interrupt, and what we start would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if filesystem(Path(tempfile.gettempdir())) not in DURABLE:
        place = Path(__file__).parents[1] / "build" / "tmp"
        place.mkdir(parents=True, exist_ok=True)
        os.environ["TMPDIR"] = str(place)
        tempfile.tempdir = None  # asked anew, here and in every worker


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """No test sees the settings of whoever runs it: each names its own home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ASSENT_") and name != "ASSENT_SOAK"]:
            patch.delenv(name)
        with tempfile.TemporaryDirectory() as state:  # marks of logs, outside every home
            patch.setenv("XDG_STATE_HOME", state)
            yield
