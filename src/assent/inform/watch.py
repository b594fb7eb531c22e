"""What is watched for beyond the built-in rules: further secret detectors and the operator's private places.

A detector is foreign code. It is loaded at its first use, and one that fails has not
looked, so it counts as one that found something.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points, version
from typing import Any

from assent.catalog.analysers.secrets import holds_secret
from assent.catalog.detectors import Detector, Found
from assent.errors import ConfigError

logger = logging.getLogger("assent.detectors")

#: Where other packages offer detectors: a name and what makes one.
GROUP = "assent.detectors"


@dataclass(slots=True)
class Watch:
    """Further detectors by name, and patterns of private paths.

    Args:
        detectors: names, each known to `available`.
        private: patterns of paths, `~` expanded, as `catalog.analysers.path.matches` takes them.
        held: does a text hold a secret that Assent keeps? The broker says.
    """

    detectors: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    held: Callable[[str], bool] | None = field(default=None, repr=False)
    _loaded: list[Detector] | None = field(default=None, repr=False)

    def holds(self, text: str) -> bool:
        """Does a detector, ours first, find a secret in this text?"""
        return holds_secret(text) or self.found(text)

    @property
    def more(self) -> bool:
        """Is there anything beside our own shapes to look for?"""
        return bool(self.detectors) or self.held is not None

    def found(self, text: str) -> bool:
        """The same for further detectors and what Assent keeps only."""
        if self.held is not None and self.held(text):
            return True
        if not self.detectors:
            return False
        if self._loaded is None:
            self._loaded = [load(name) for name in self.detectors]
        return any(_finds(detector, text) for detector in self._loaded)


def _finds(detector: Detector, text: str) -> bool:
    try:
        return next(iter(detector.find(text)), None) is not None
    except Exception as error:
        logger.error("detector `%s` failed, which counts as a find: %s", detector.name, type(error).__name__)
        return True


def available() -> Mapping[str, Callable[[], Detector]]:
    """Names that `[detectors] use` may have, and what makes each; nothing is loaded."""
    offered: dict[str, Callable[[], Detector]] = {one.name: _plugin(one) for one in entry_points(group=GROUP)}
    return offered | {DetectSecrets.name: DetectSecrets}  # ours cannot be taken over by another package


def _plugin(entry: Any) -> Callable[[], Detector]:
    def make() -> Detector:
        made: Detector = entry.load()()
        return made

    return make


def check(names: Sequence[str]) -> None:
    """Are these detectors there?

    Raises:
        ConfigError: `unknown_detector`.
    """
    known = available() if names else {}
    for name in names:
        if name not in known:
            text = f"there is no detector `{name}`: installed are {', '.join(sorted(known))}"
            raise ConfigError("unknown_detector", text, help="install its package, or correct `[detectors] use`")


def load(name: str) -> Detector:
    """Make a detector.

    Raises:
        ConfigError: `unknown_detector`, or `detector_failed` if its package is missing or cannot be loaded.
    """
    check([name])
    try:
        return available()[name]()
    except Exception as error:
        text = f"the detector `{name}` cannot be loaded: {type(error).__name__}"
        raise ConfigError("detector_failed", text, help="for detect-secrets: pip install 'assent[secrets]'") from error


class DetectSecrets:
    """The detectors of Yelp's detect-secrets, without those that go by entropy alone.

    Those take every digest and identifier for a secret. Its own allowances (`pragma: allowlist secret`)
    are off: here the text is the agent's.
    """

    name = "detect-secrets"

    def __init__(self) -> None:
        scan: Any = import_module("detect_secrets.core.scan")
        settings: Any = import_module("detect_secrets.settings")
        plugins: Any = import_module("detect_secrets.core.plugins.util")
        kinds = plugins.get_mapping_from_secret_type_to_class().values()
        chosen = settings.get_settings()
        chosen.clear()
        chosen.configure_plugins([{"name": kind.__name__} for kind in kinds if "Entropy" not in kind.__name__])
        chosen.disable_filters(*list(chosen.filters))
        self._scan = scan.scan_line
        self.version = version("detect-secrets")

    def find(self, text: str) -> Iterator[Found]:
        """Every secret it knows, line by line."""
        start = 0
        for line in text.splitlines(keepends=True):
            for one in self._scan(line):
                yield Found(str(one.type), start, start + len(line))
            start += len(line)
