"""Which package a launch command resolves to: what is started counts, not what it calls itself."""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?(?:\.exe)?\Z")
_PYPI = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?(?:(?:==|@)([0-9][A-Za-z0-9.!+_-]*))?\Z")
_NPM = re.compile(r"((?:@[a-z0-9~_.-]+/)?[a-z0-9~_.-]+)(?:@([0-9][0-9A-Za-z.+-]*))?\Z")
_UVX_VALUES = frozenset({"--python", "-p", "--with", "--index", "--index-url", "--extra-index-url", "--directory"})
#: Most bytes of a list of installed files, and of a program that it names.
_TEXT, _PROGRAM = 16 * 1024 * 1024, 512 * 1024 * 1024
_NPX_VALUES = frozenset({"-c", "--call", "-w", "--workspace"})


@dataclass(frozen=True, slots=True)
class Program:
    """What a command starts.

    Args:
        identity: stable text for what is started, arguments left out.
        package: `pypi:NAME` or `npm:NAME`, empty if it cannot be told.
        version: installed or pinned version, empty if it cannot be told.
        arguments: what the server itself is given.
    """

    identity: str
    package: str
    version: str
    arguments: tuple[str, ...]


def program_of(command: Sequence[str], environ: Mapping[str, str]) -> Program:
    """Resolve a launch command. Reads files, starts nothing; what it cannot tell stays empty."""
    name = Path(command[0]).name
    rest = list(command[1:])
    if name == "uvx":
        return _uvx(rest, command)
    if name == "uv" and rest[:2] == ["tool", "run"]:
        return _uvx(rest[2:], command)
    if name == "pipx" and rest[:1] == ["run"]:
        return _uvx(rest[1:], command)
    if name in ("npx", "bunx", "pnpx"):
        return _npx(rest, command)
    found = shutil.which(command[0], path=environ.get("PATH"))
    path = Path(found).absolute() if found else Path(command[0])
    if _PYTHON.match(name):
        return _python(path, rest)
    if name in ("node", "nodejs", "bun", "deno"):
        return _script(path, rest)
    return _installed(path, rest)


def _unknown(path: Path, rest: Sequence[str]) -> Program:
    return Program(f"program:{path}", "", "", tuple(rest))


def _runner(kind: str, spec: str, pattern: re.Pattern[str], rest: Sequence[str]) -> Program:
    match = pattern.match(spec)
    if match is None:  # a directory, an address: not a package of the registry
        return Program(f"spec:{spec}", "", "", tuple(rest))
    name = _normalised(match[1]) if kind == "pypi" else match[1]
    return Program(f"{kind}:{name}", f"{kind}:{name}", match[2] or "", tuple(rest))


def _options(words: list[str], named: Mapping[str, str], values: frozenset[str]) -> tuple[str, list[str]]:
    """Step over a runner's own options: the package named by one of them, and what is left."""
    spec = ""
    while words and words[0].startswith("-"):
        word, _, value = words.pop(0).partition("=")
        if word == "--":
            break
        if word in named or word in values:
            value = value or (words.pop(0) if words else "")
            spec = value if word in named else spec
    return spec, words


def _uvx(words: list[str], command: Sequence[str]) -> Program:
    spec, left = _options(words, {"--from": "", "--spec": ""}, _UVX_VALUES)
    if not left:
        return _unknown(Path(command[0]), ())
    return _runner("pypi", spec or left[0], _PYPI, left[1:])


def _npx(words: list[str], command: Sequence[str]) -> Program:
    spec, left = _options(words, {"-p": "", "--package": ""}, _NPX_VALUES)
    if not left:
        return _unknown(Path(command[0]), ())
    return _runner("npm", spec or left[0], _NPM, left[1:])


def _python(interpreter: Path, rest: list[str]) -> Program:
    if len(rest) >= 2 and rest[0] == "-m":
        module = rest[1]
        for folder in _site_packages(interpreter):
            if found := _distribution_with(folder, f"{module.replace('.', '/')}/__main__.py"):
                return Program(f"pypi:{found[0]}", f"pypi:{found[0]}", found[1], tuple(rest[2:]))
        return Program(f"module:{module}", "", "", tuple(rest[2:]))
    return _script(interpreter, rest)


def _script(interpreter: Path, rest: list[str]) -> Program:
    """An interpreter and a file: the file is what counts."""
    at = next((index for index, word in enumerate(rest) if not word.startswith("-")), None)
    if at is None:
        return _unknown(interpreter, rest)
    script = Path(rest[at]).absolute()
    name, version = _node_package(script)
    arguments = tuple(rest[at + 1 :])
    if name:
        return Program(f"npm:{name}", f"npm:{name}", version, arguments)
    return Program(f"script:{script}", "", "", arguments)


def _installed(path: Path, rest: list[str]) -> Program:
    """A program on the path: an entry point of an installed package, or of a Node one by its link."""
    name, version = _node_package(path)
    if name:
        return Program(f"npm:{name}", f"npm:{name}", version, tuple(rest))
    for folder in _site_packages(path):
        if found := _distribution_with(folder, os.path.relpath(path, folder), path):
            return Program(f"pypi:{found[0]}", f"pypi:{found[0]}", found[1], tuple(rest))
    return _unknown(path, rest)


def _site_packages(program: Path) -> list[Path]:
    """The package folders beside a program or interpreter of a virtual environment."""
    return sorted(program.parent.parent.glob("lib/python3*/site-packages"))


def _distribution_with(folder: Path, recorded: str, file: Path | None = None) -> tuple[str, str] | None:
    """Name and version of the distribution whose RECORD lists a file; its hash must fit if `file` is given."""
    for record in folder.glob("*.dist-info/RECORD"):
        text = (_content(record, _TEXT) or b"").decode("utf-8", "replace")
        if recorded not in text:
            continue
        for row in csv.reader(text.splitlines()):
            if row and row[0] == recorded and (file is None or _hash_fits(file, row)):
                return _name_of(record.parent)
    return None


def _hash_fits(file: Path, row: Sequence[str]) -> bool:
    """Is the file the one that was installed (Core metadata, RECORD: `sha256=` urlsafe base64)?"""
    content = _content(file, _PROGRAM)
    if content is None:
        return False
    found = base64.urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
    return len(row) > 1 and row[1] == f"sha256={found}"


def _content(file: Path, most: int) -> bytes | None:
    """The bytes of a regular file that is not too large; anything else could hold us up and is nothing."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    with os.fdopen(handle, "rb") as opened:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or info.st_size > most:
            return None
        try:
            return opened.read(most)
        except OSError:
            return None


def _name_of(folder: Path) -> tuple[str, str] | None:
    name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
    return (_normalised(name), version) if name else None


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _node_package(script: Path) -> tuple[str, str]:
    """The package a file below `node_modules` belongs to; empty otherwise."""
    parts = os.path.realpath(script).split(os.sep)
    if "node_modules" not in parts:
        return "", ""
    at = len(parts) - 1 - parts[::-1].index("node_modules")
    length = 3 if len(parts) > at + 1 and parts[at + 1].startswith("@") else 2
    folder = Path(os.sep.join(parts[: at + length]))
    try:
        package = json.loads(_content(folder / "package.json", _TEXT) or b"")
        return str(package["name"]), str(package["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""
