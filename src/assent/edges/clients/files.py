"""Configuration files: read whole or not at all, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from assent.edges.clients import jsonc, toml
from assent.edges.clients.tree import Document, malformed
from assent.errors import ConfigError

#: Most bytes of one file. Claude Code keeps its history in the same one.
MOST = 16 * 1024 * 1024
_MOST_TOML = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it was when it was read.

    Args:
        path: as it is called.
        target: what that leads to, links followed.
        content: its bytes.
        info: mode and owner.
    """

    path: str
    target: str
    content: bytes
    info: os.stat_result

    @property
    def label(self) -> str:
        """Its name, and the file that would be written if that is another one."""
        return self.path if os.path.abspath(self.path) == self.target else f"{self.path} (leads to {self.target})"

    def document(self) -> Document:
        """What it says.

        Raises:
            ConfigError: `client_syntax`: it is not what its name says.
        """
        return parse(self.path, self.content)


def parse(path: str, content: bytes) -> Document:
    """The tree of these bytes: TOML if the path ends so, else JSON.

    Raises:
        ConfigError: `client_syntax`: they are not that; `client_too_large`.
    """
    if path.endswith(".toml") and len(content) > _MOST_TOML:
        raise _too_large(path, _MOST_TOML)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        raise malformed(path, before, len(before), "not UTF-8") from None
    return toml.read(text, path) if path.endswith(".toml") else jsonc.read(text, path)


def read(path: str) -> Held | None:
    """A file; None if there is none.

    Raises:
        ConfigError: `client_unreadable`: it is no regular file or cannot be read; `client_too_large`.
    """
    target = os.path.realpath(path)
    try:
        handle = os.open(target, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        raise _unreadable(path, "it is no regular file")
    with os.fdopen(handle, "rb") as file:
        try:
            content = file.read(MOST + 1)
        except OSError as error:
            raise _unreadable(path, str(error)) from error
    if len(content) > MOST:
        raise _too_large(path, MOST)
    return Held(path, target, content, info)


def _too_large(path: str, limit: int) -> ConfigError:
    text = f"`{path}` is larger than {limit >> 20} MiB"
    return ConfigError("client_too_large", text, help="nothing was written; make it smaller, or wrap by hand")


def _unreadable(path: str, why: str) -> ConfigError:
    return ConfigError("client_unreadable", f"`{path}` cannot be read: {why}", help="give its owner the right to")


def replace(held: Held, content: bytes) -> None:
    """Put these bytes in the place of a file, unless it is no longer what was read. Mode, owner and links stay.

    Raises:
        ConfigError: `client_changed`: somebody else has written it since; `client_unwritable`: it is not to be written.
    """
    if not held.info.st_mode & stat.S_IWUSR:
        raise _unwritable(held.path, "it is read-only")
    folder, name = os.path.split(held.target)
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    except OSError as error:
        raise _unwritable(held.path, str(error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        own = os.stat(beside)
        if (own.st_uid, own.st_gid) != (held.info.st_uid, held.info.st_gid):
            os.chown(beside, held.info.st_uid, held.info.st_gid)
        os.chmod(beside, stat.S_IMODE(held.info.st_mode))
        _same(held)  # the last thing before: between here and the next line nobody is asked anything
        os.replace(beside, held.target)
    except OSError as error:
        raise _unwritable(held.path, str(error)) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
    sync(Path(folder))


def _same(held: Held) -> None:
    now = read(held.path)
    if now is None or (now.target, now.content) != (held.target, held.content):
        text = f"`{held.path}` was changed by another program in the meantime"
        raise ConfigError("client_changed", text, help="nothing was written to it; close that program, run this again")


def _unwritable(path: str, why: str) -> ConfigError:
    help = "nothing was written to it; make it and its folder writable, or edit it by hand"
    return ConfigError("client_unwritable", f"`{path}` cannot be replaced: {why}", help=help)


def sync(folder: Path) -> None:
    """Make what was renamed in a folder durable, where folders can be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
