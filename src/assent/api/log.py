"""The log over HTTP (c2sp.org/tlog-tiles), read-only, and proofs of single receipts (c2sp.org/tlog-proof)."""

from __future__ import annotations

from collections.abc import Sequence

from assent_verify.note import Note
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from assent.errors import ProofError
from assent.evidence.proof import prove
from assent.ports import Reader, Store
from assent.record.tile import WIDTH, Tile, pack
from assent.record.tiles import hashes

_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_SHORTLY = {"Cache-Control": "public, max-age=2"}
_SAFE = {"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}
_DIGITS = 15


def routes(store: Store) -> Sequence[BaseRoute]:
    """`/checkpoint`, `/tile/…`, `/proof/INDEX`. Each answer reads at most a tile or 256 leaves.

    Args:
        store: of an open home, whose tiles are kept.
    """

    def checkpoint(request: Request) -> Response:
        with store.read() as reader:
            note = _newest(reader)[1]
        Note.parse(note)
        return _answer(note, _TEXT, _SHORTLY)

    def tile(request: Request) -> Response:
        try:
            wanted = Tile.parse("tile/" + request.path_params["name"])
        except ProofError as error:
            raise HTTPException(404) from error
        with store.read() as reader:
            if not wanted.fits(_newest(reader)[0]):
                raise HTTPException(404)  # not signed yet, so that it may still change
            return _answer(_part(reader, wanted), _BYTES, _FOREVER)

    def proof(request: Request) -> Response:
        index = request.path_params["index"]
        if not (index.isascii() and index.isdecimal()) or len(index) > _DIGITS:
            raise HTTPException(404)
        with store.read() as reader:
            if int(index) >= _newest(reader)[0]:
                raise HTTPException(404)
            return _answer(prove(reader, int(index)), _TEXT, _SHORTLY)

    return [Route("/checkpoint", checkpoint), Route("/tile/{name:path}", tile), Route("/proof/{index}", proof)]


def _newest(reader: Reader) -> tuple[int, bytes]:
    """The newest signed checkpoint."""
    newest = reader.newest_checkpoint()
    if newest is None:
        raise HTTPException(404)
    return newest


def _part(reader: Reader, wanted: Tile) -> bytes:
    if wanted.level >= 0:
        return hashes(reader, wanted)
    first = wanted.index * WIDTH
    leaves = [leaf for _, leaf in reader.leaves(first, first + wanted.width)]
    if len(leaves) != wanted.width:
        raise HTTPException(404)  # sealed: c2sp.org/tlog-tiles, pruning
    return pack(leaves)


def _answer(data: bytes, kind: str, cache: dict[str, str]) -> Response:
    return Response(data, media_type=kind, headers={**cache, **_SAFE})
