"""What an HTTP request says of the MCP message it carries (MCP 2026-07-28, Streamable HTTP, standard headers).

A server compares these headers with the body, so they are made of exactly what is sent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from itertools import islice

from assent.edges.mcp.classes import PROTOCOL_VERSION
from assent.edges.mcp.versions import STATELESS

VERSION, SESSION, METHOD, NAME, PARAM = "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name", "Mcp-Param-"
#: Methods whose param of this name goes into `Mcp-Name`.
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\Z")
_WRAPPED = re.compile(r"=\?base64\?.*\?=\Z")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z")
_DECLARED = "x-mcp-header"
#: Declared headers of one tool at most, and how deep its schema is looked at.
_MOST, _DEPTH = 64, 16


def version_of(params: Mapping[str, object]) -> str:
    """The stateless version that a request names; empty if it names none."""
    meta = params.get("_meta")
    named = meta.get(PROTOCOL_VERSION) if isinstance(meta, dict) else None
    return str(named) if named in STATELESS else ""


def standard(method: str, params: Mapping[str, object], schema: Mapping[str, object]) -> dict[str, str]:
    """Headers of a request of the stateless generation.

    Args:
        schema: the tool's input schema as the server listed it, for the arguments it wants in headers.
    """
    found = {VERSION: version_of(params), METHOD: wrapped(method)}
    named = params.get(_NAMED.get(method, ""))
    if isinstance(named, str):
        found[NAME] = wrapped(named)
    arguments = params.get("arguments")
    if method == "tools/call" and isinstance(arguments, dict):
        for path, token in declared(schema):
            if (text := _scalar(arguments, path)) is not None:
                found[PARAM + token] = wrapped(text)
    return found


def wrapped(text: str) -> str:
    """A value as a header can hold it: plain, or base64 in the marks that the protocol names."""
    if _PLAIN.match(text) and not _WRAPPED.match(text):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def declared(schema: Mapping[str, object]) -> list[tuple[tuple[str, ...], str]]:
    """Paths of arguments that a tool's schema declares as headers, with the header's name; bounded."""
    return list(islice(_walk(schema, (), _DEPTH), _MOST))


def _walk(schema: object, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(schema, Mapping) or depth == 0:
        return
    token = schema.get(_DECLARED)
    if path and isinstance(token, str) and _TOKEN.match(token):
        yield path, token
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            yield from _walk(inner, (*path, name), depth - 1)


def _scalar(arguments: object, path: tuple[str, ...]) -> str | None:
    for name in path:
        arguments = arguments.get(name) if isinstance(arguments, dict) else None
    if isinstance(arguments, bool):
        return "true" if arguments else "false"
    return str(arguments) if isinstance(arguments, str | int) else None
