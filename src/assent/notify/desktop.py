"""Desktop notifications: `notify-send` on Linux, `osascript` on macOS; best effort, never in the way."""

from __future__ import annotations

import html
import logging
import shutil
import subprocess
import sys

logger = logging.getLogger("assent.notify")
TIMEOUT_S = 5
#: The words come as arguments, so that nothing in them is script.
_APPLESCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")


class Desktop:
    """`ports.Notifier` of this machine's desktop; nothing where there is none."""

    def notify(self, title: str, body: str) -> None:
        """Show a notification; a failure is logged and changes nothing."""
        command = _command(title, body)
        if command is None:
            return
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - no shell
        except (OSError, subprocess.TimeoutExpired) as error:
            logger.info("no desktop notification: %s", error)
            return
        if done.returncode:
            logger.info("no desktop notification: `%s` ended with %d", command[0], done.returncode)


def available() -> bool:
    """Is there a program that can show notifications?"""
    return shutil.which("osascript" if sys.platform == "darwin" else "notify-send") is not None


def _command(title: str, body: str) -> list[str] | None:
    if not available():
        return None
    if sys.platform == "darwin":
        script = [part for line in _APPLESCRIPT for part in ("-e", line)]
        return ["osascript", *script, title, body]
    # a notification server may take the body for markup
    return ["notify-send", "--app-name=Assent", "--", title, html.escape(body, quote=False)]
