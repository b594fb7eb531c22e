"""Which protocol version the two ends speak. An unknown one is refused: it could mean anything by anything.

Up to 2025-11-25 a version is agreed on once, by `initialize`, and the server may send
requests. Since 2026-07-28 every request names its own, and the server sends none.
"""

from __future__ import annotations

from collections.abc import Mapping

from assent.edges.mcp.classes import PROTOCOL_VERSION

STATEFUL = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATELESS = ("2026-07-28",)
KNOWN = (*STATEFUL, *STATELESS)
#: Methods that the stateless generation no longer has; a request of it for one of them means nothing.
REMOVED = frozenset(
    {
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/list",
        "tasks/result",
    }
)
#: MCP 2026-07-28, UnsupportedProtocolVersionError.
UNSUPPORTED = -32022


def removed(method: str, params: Mapping[str, object]) -> bool:
    """Does a request name a version that has no such method?"""
    meta = params.get("_meta")
    return method in REMOVED and isinstance(meta, dict) and meta.get(PROTOCOL_VERSION) in STATELESS


def unsupported(params: Mapping[str, object]) -> str | None:
    """The version that a request names and that is not known, as text; None if there is nothing wrong."""
    meta = params.get("_meta")
    if not isinstance(meta, dict) or PROTOCOL_VERSION not in meta:
        return None
    named = meta[PROTOCOL_VERSION]
    return None if named in KNOWN else ascii(named)[:40]


class Agreed:
    """What `initialize` has agreed on."""

    def __init__(self) -> None:
        self._version = ""
        #: what a client may be told to speak instead: what the server has offered
        self.offered: list[object] = list(STATELESS)

    def answered(self, method: str, body: dict[str, object]) -> tuple[dict[str, object], str]:
        """An answer to `initialize` or `server/discover`, and the code of what is wrong with it, if anything is."""
        if method == "server/discover":
            offered = body.get("supportedVersions")
            if isinstance(offered, list):
                self.offered = [version for version in offered if version in KNOWN]
                body = {**body, "supportedVersions": self.offered}
        elif method == "initialize":
            named = body.get("protocolVersion")
            if named not in STATEFUL:
                return body, "unsupported_version"
            if self._version not in ("", named):
                return body, "version_changed"
            self._version = str(named)
        return body, ""

    @property
    def stateful(self) -> bool:
        """May the server send requests?"""
        return bool(self._version)
