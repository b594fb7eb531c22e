"""The person of the demo: types the passphrase at a terminal, which the agent does not have."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import time
from collections.abc import Mapping, Sequence

from assent.errors import UnavailableError

_PATIENCE = 30.0  # seconds for one command


class Person:
    """Runs `assent` commands at a terminal of their own.

    Args:
        command: how `assent` is started.
        passphrase: of the operator's key; known to nobody else.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], passphrase: str) -> None:
        self._command = list(command)
        self._environ = dict(environ)
        self._passphrase = passphrase

    def types(self, *arguments: str) -> tuple[int, str]:
        """Run one command at a terminal, typing the passphrase when asked; exit code and what was shown.

        Raises:
            UnavailableError: it does not end.
        """
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                os.execvpe(self._command[0], [*self._command, *arguments], self._environ)  # noqa: S606
            finally:
                os._exit(127)  # exec has failed; never return into the parent's code
        try:
            shown = self._converse(terminal)
        finally:
            os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), shown.replace("\r\n", "\n")

    def _converse(self, terminal: int) -> str:
        shown, answered = b"", 0
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            data = b""
            with contextlib.suppress(OSError):  # EIO: the other end has closed
                data = os.read(terminal, 1 << 16)
            if not data:
                return shown.decode("utf-8", "replace")
            shown += data
            asked = shown.count(b"Passphrase for") + shown.count(b"The same again")
            if asked > answered:
                answered = asked
                os.write(terminal, self._passphrase.encode() + b"\n")
        raise UnavailableError("demo_person", "a command at the terminal does not end", help=shown.decode()[-300:])
