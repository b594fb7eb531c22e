"""Desktop notifications: `notify-send` on Linux, `osascript` on macOS; best effort, never in the way."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys

logger = logging.getLogger("assent.notify")
TIMEOUT_S = 5


class Desktop:
    """`ports.Notifier` of this machine's desktop; nothing where there is none."""

    def notify(self, title: str, body: str) -> None:
        """Show a notification; a failure is logged and changes nothing."""
        command = _command(title, body)
        if command is None:
            return
        try:
            subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - no shell, own words
        except (OSError, subprocess.TimeoutExpired) as error:
            logger.info("no desktop notification: %s", error)


def available() -> bool:
    """Is there a program that can show notifications?"""
    return shutil.which("osascript" if sys.platform == "darwin" else "notify-send") is not None


def _command(title: str, body: str) -> list[str] | None:
    if not available():
        return None
    if sys.platform == "darwin":  # a JSON string is a valid AppleScript string for plain ASCII text
        script = f"display notification {json.dumps(body)} with title {json.dumps(title)}"
        return ["osascript", "-e", script]
    return ["notify-send", "--app-name=Assent", "--", title, body]
