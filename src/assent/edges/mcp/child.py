"""The wrapped server's process: started at once, ended for certain, with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO, cast

from assent.errors import ConfigError

#: How long a server has to go after its input closed, and after SIGTERM, in seconds. Clients
#: kill a server that needs more than two seconds; both together stay below that.
EOF_GRACE, TERM_GRACE = 0.8, 0.6
_POLL = 0.01


class Child:
    """One server process in a session (process group) of its own.

    Its error output goes where ours goes, unchanged. If this process is killed, the
    server reads the end of its input; on Linux the kernel also sends it SIGTERM.

    Args:
        command: program and arguments.
        environ: its whole environment.
        held: keep its error output for `errors` instead: it was given a secret, and may write it there.

    Raises:
        ConfigError: the program cannot be started.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], *, held: bool = False) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - starting this command is what the user asked for
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if held else None,
                env=dict(environ),
                bufsize=0,
                start_new_session=True,
                preexec_fn=_tied_to_parent(),  # takes no lock, so that threads of ours do not matter
            )
        except OSError as error:
            raise ConfigError(
                "server_not_started",
                f"`{command[0]}` could not be started: {error.strerror or error}",
                help="check the command after `--`; it is started without a shell",
            ) from error

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self._process.pid

    @property
    def input(self) -> IO[bytes]:
        """Where its messages are written."""
        return cast(IO[bytes], self._process.stdin)

    @property
    def output(self) -> IO[bytes]:
        """Where its messages come from."""
        return cast(IO[bytes], self._process.stdout)

    @property
    def errors(self) -> IO[bytes] | None:
        """Its error output, if that was kept."""
        return self._process.stderr

    def running(self) -> bool:
        """Has it not ended yet? Never waits."""
        return self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the server and everything of its group; nothing if all have gone."""
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    async def end(self, *, grace: float = EOF_GRACE) -> int:
        """End it: wait for it, then SIGTERM, then SIGKILL to its group. Its exit code.

        The caller has closed its input. A server that a signal ended reports 128 + signal.
        """
        import asyncio  # not before the server has been started

        if not await self._gone_within(grace):
            self.signal(signal.SIGTERM)
            await self._gone_within(TERM_GRACE)
        self.signal(signal.SIGKILL)  # also what it left behind in its group
        while self.running():
            await asyncio.sleep(_POLL)
        code = self._process.returncode
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """End it at once, for a start that failed."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    async def _gone_within(self, seconds: float) -> bool:
        import asyncio

        end = asyncio.get_running_loop().time() + seconds
        while self.running():
            if asyncio.get_running_loop().time() >= end:
                return False
            await asyncio.sleep(_POLL)
        return True


def _tied_to_parent() -> Callable[[], None] | None:
    """On Linux: ask the kernel to end the server when this process is killed (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    set_death_signal, term, parent = 1, int(signal.SIGTERM), os.getpid()

    def tie() -> None:
        prctl(set_death_signal, term)
        if os.getppid() != parent:  # killed between fork and here
            os._exit(128 + term)

    return tie
