"""Roots: what a client tells a server it may touch is the agent's word, and cannot move what was configured.

A server may take the client's roots for the directories it serves, and reads relative
paths against them. A call is judged against the configured roots, so a root that is none
of them would make the server act elsewhere than where the call was judged.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assent.model.profile import Server

logger = logging.getLogger("assent.gateway")


def configured(server: Server, home: str) -> tuple[str, ...]:
    """The roots a server may be told: its own, else the directory it runs in unless that holds Assent's home."""
    if server.roots:
        return server.roots
    place, inner = os.path.realpath(server.cwd or os.getcwd()), os.path.realpath(home)
    return () if os.path.commonpath([place, inner]) in (place, inner) else (place,)


def narrowed(body: dict[str, object], allowed: Sequence[str]) -> dict[str, object]:
    """The answer to a `roots/list`, without roots that are not configured."""
    said = body.get("roots")
    if not isinstance(said, list):
        return body
    named = [(root, _place(root.get("uri"))) for root in said if isinstance(root, dict)]
    # written anew where links were followed: what was compared is what the server opens
    kept = [{**root, "uri": _uri(root["uri"], place)} for root, place in named if place in allowed]
    if len(kept) < len(said):
        logger.warning("left out %d root(s) of the client that are not configured: see --root", len(said) - len(kept))
    return {**body, "roots": kept}


def narrowed_responses(params: dict[str, object], allowed: Sequence[str]) -> dict[str, object]:
    """The same for answers that ride inside a request (`inputResponses`, MCP 2026-07-28)."""
    responses = params.get("inputResponses")
    if not isinstance(responses, dict):
        return params
    inner = {
        name: narrowed(dict(answer), allowed) if isinstance(answer, Mapping) else answer
        for name, answer in responses.items()
    }
    return {**params, "inputResponses": inner}


def _uri(uri: str, place: str) -> str:
    """The client's own spelling if it is the directory itself, else the directory's."""
    return uri if unquote(urlsplit(uri).path).rstrip("/") == place else Path(place).as_uri()


def _place(uri: object) -> str:
    """The directory that a root names; empty if it is not plainly one."""
    if not isinstance(uri, str) or "\0" in uri:
        return ""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    plain = parts.scheme == "file" and parts.netloc in ("", "localhost") and not parts.query and not parts.fragment
    return os.path.realpath(unquote(parts.path)) if plain and parts.path.startswith("/") else ""
