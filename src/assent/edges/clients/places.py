"""Which configuration files of which client are looked at from here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assent.model.client import Client, ClientFile


@dataclass(frozen=True, slots=True)
class Place:
    """A file that may hold servers of a client.

    Args:
        client: whose it is.
        path: absolute.
        keys: where in it the servers are.
    """

    client: Client
    path: str
    keys: tuple[tuple[str, ...], ...]


def places(
    wanted: Sequence[Client], user: str, project: str, environ: Mapping[str, str], config: str = ""
) -> Iterator[Place]:
    """Each file once, whether or not it is there.

    Args:
        wanted: clients, the first one first.
        user: the user's directory.
        project: the directory of the project.
        environ: the environment, which may move files.
        config: one file to look at instead.
    """
    seen: set[tuple[str, str]] = set()
    for client in wanted:
        files = [one for one in client.files if one.keys]
        named = [(config, _keys(files))] if config else [(_path(f, user, project, environ), f.keys) for f in files]
        for path, keys in named:
            mark = (client.name, os.path.realpath(path))
            if mark not in seen:
                seen.add(mark)
                yield Place(client, path, keys)


def _path(file: ClientFile, user: str, project: str, environ: Mapping[str, str]) -> str:
    return file.place(project if file.project else user, environ)


def _keys(files: Sequence[ClientFile]) -> tuple[tuple[str, ...], ...]:
    """Where the servers are in another file of this client: wherever they are in any of its own."""
    return tuple(dict.fromkeys(keys for file in files for keys in file.keys))
