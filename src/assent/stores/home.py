"""The home directory: who may reach it, whether its disk is durable, the head beside the log.

`assent.head` holds the highest signed tree size and root outside the database, so
that a database put back from an older copy is noticed at the next start.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import stat
import sys
from pathlib import Path

from assent.errors import ConfigError, UnavailableError

HEAD = "assent.head"
# statfs(2): file systems whose fsync reaches a disk. Everything else is refused: memory
# (tmpfs, ramfs), and what answers for somebody else's disk (NFS, SMB, FUSE, 9p, virtiofs).
_DURABLE_LINUX = {
    0xEF53: "ext4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x2FC12FC1: "zfs",
    0xF2F52010: "f2fs",
    0xCA451A4E: "bcachefs",
    0x3153464A: "jfs",
    0xF15F: "ecryptfs",
}
_OVERLAY = 0x794C7630
_KNOWN_BAD = {
    0x01021994: "tmpfs",
    0x858458F6: "ramfs",
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "smb",
    0x517B: "smb",
    0x65735546: "fuse",
    0x01021997: "9p",
    0x958458F6: "hugetlbfs",
}
DURABLE = frozenset({*_DURABLE_LINUX.values(), "overlay", "apfs", "hfs"})


def filesystem(path: Path) -> str:
    """Name of the file system that holds a path, or its type in hex, or `unknown`."""
    system: str = sys.platform
    if system == "linux":
        buffer = ctypes.create_string_buffer(256)
        if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(path), buffer) != 0:
            return "unknown"
        magic = ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF  # statfs(2): f_type comes first
        if magic == _OVERLAY:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
            return overlay(path.resolve(), mounts)
        return _DURABLE_LINUX.get(magic) or _KNOWN_BAD.get(magic) or hex(magic)
    if system == "darwin":
        libc = ctypes.CDLL(None, use_errno=True)
        call = getattr(libc, "statfs$INODE64", None) or libc.statfs
        buffer = ctypes.create_string_buffer(4096)
        if call(os.fsencode(path), buffer) != 0:
            return "unknown"
        return buffer.raw[72:88].split(b"\0", 1)[0].decode("ascii", "replace")  # sys/mount.h: f_fstypename
    return "unknown"


def overlay(path: Path, mounts: str) -> str:
    """`overlay`, unless the mount itself says that it syncs nothing or lies in memory.

    Args:
        path: resolved, on an overlay.
        mounts: text of `/proc/self/mountinfo` (proc(5)).
    """
    best: tuple[int, str] = (-1, "")
    for line in mounts.splitlines():
        fields = line.split(" - ", 1)
        point = fields[0].split()[4]
        if path.is_relative_to(point) and len(point) >= best[0]:
            best = (len(point), fields[-1])
    options = dict(option.partition("=")[::2] for option in best[1].split()[-1].split(",")) if best[1] else {}
    if "volatile" in options:  # kernel.org overlayfs: "volatile mount": all syncs are left out
        return "overlay,volatile"
    upper = Path(options.get("upperdir", ""))
    if upper.is_absolute() and upper.is_dir():
        below = filesystem(upper)
        return "overlay" if below in DURABLE else f"overlay on {below}"
    return "overlay"


def prepare(home: Path, kind: str) -> None:
    """Make the home if it is missing, and refuse one that is not private or not durable.

    Args:
        home: absolute path.
        kind: file system that holds it, as `filesystem` names it.

    Raises:
        ConfigError: another user's, writable by others, or on a disk that cannot be durable.
        UnavailableError: it cannot be made or written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = home.stat()
    except OSError as error:
        raise UnavailableError(
            "home_unusable", f"home `{home}` cannot be made: {error.strerror}", help="set ASSENT_HOME to a directory"
        ) from error
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise ConfigError(
            "home_foreign",
            f"home `{home}` belongs to user id {found.st_uid}, expected {os.getuid()}",
            help="use a home of your own",
        )
    if stat.S_IMODE(found.st_mode) & 0o022:
        raise ConfigError(
            "home_exposed", f"home `{home}` can be written by other users", help=f"run: chmod go-w {home}"
        )
    if kind not in DURABLE:
        raise ConfigError(
            "home_not_durable",
            f"home `{home}` is on `{kind}`, where a receipt could be lost after it was promised",
            help="set ASSENT_HOME to a directory on a local disk (ext4, xfs, btrfs, zfs, apfs, …)",
        )
    if not os.access(home, os.W_OK | os.X_OK) or os.statvfs(home).f_flag & getattr(os, "ST_RDONLY", 1):
        raise UnavailableError(
            "home_readonly",
            f"home `{home}` cannot be written",
            help=f"make it writable for its owner: chmod u+rwx {home}",
        )


def private_file(path: Path) -> bool:
    """Create an empty file for its owner alone, durable by name; False if it was there.

    Raises:
        OSError: the directory cannot be written.
        UnavailableError: `store_shared`, the file has another name: who uses that one waits for other locks.
    """
    try:
        # never opened if it exists: closing a second descriptor would drop SQLite's locks
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_nlink > 1:
            # sqlite.org/howtocorrupt.html §2.4: the other name has a write-ahead log of its own
            text = f"`{path.name}` is a link, or has another name elsewhere"
            raise UnavailableError("store_shared", text, help="give every home a file of its own") from None
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
        return False
    sync_directory(path.parent)
    return True


def sync_directory(path: Path) -> None:
    """Make names in a directory durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        _flush(handle)
    finally:
        os.close(handle)


def _flush(handle: int) -> None:
    """Down to the medium: fsync(2) of macOS stops at the drive's cache."""
    if full := getattr(fcntl, "F_FULLFSYNC", None):
        fcntl.fcntl(handle, full)
    else:
        os.fsync(handle)


def read_head(home: Path, name: str = HEAD) -> tuple[int, bytes] | None:
    """The highest signed `(size, root)` known outside the database; None if there is none.

    Raises:
        UnavailableError: the file is there and cannot be read as one.
    """
    try:
        text = (home / name).read_text(encoding="ascii")
        head = json.loads(text)
        size, root = int(head["size"]), bytes.fromhex(head["root"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnavailableError(
            "head_unreadable",
            f"`{home / name}` cannot be read: {error}",
            help="restore it from a backup, or move it away if you know the database to be the newest",
        ) from error
    return size, root


def write_head(home: Path, size: int, root: bytes) -> None:
    """Replace the head, whole or not at all, before anyone is shown the signed note.

    Raises:
        OSError: the disk does not take it; the old head stays.
    """
    new = home / f"{HEAD}.new"
    handle = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        os.write(handle, json.dumps({"root": root.hex(), "size": size}).encode() + b"\n")
        _flush(handle)
    finally:
        os.close(handle)
    os.replace(new, home / HEAD)
