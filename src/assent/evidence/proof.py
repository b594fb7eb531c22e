"""The proof of one receipt (c2sp.org/tlog-proof)."""

from __future__ import annotations

from assent_verify.proof import Proof

from assent.errors import RequestError, UnavailableError
from assent.model.ids import LeafIndex
from assent.ports import Reader
from assent.record.tiles import tree


def prove(reader: Reader, index: int) -> bytes:
    """The proof of one leaf in the newest signed checkpoint.

    Raises:
        RequestError: `no_such_receipt`, or `not_covered` if no checkpoint covers it yet.
        UnavailableError: its bytes lie in an archive alone.
    """
    if not 0 <= index < reader.size():
        raise RequestError("no_such_receipt", f"there is no receipt {index}", help="run: assent receipts list")
    size, note = reader.newest_checkpoint() or (0, b"")
    if index >= size:
        text = f"no signed checkpoint covers receipt {index} yet"
        raise RequestError("not_covered", text, help="try again in a second, while Assent runs")
    leaf = reader.leaf(LeafIndex(index))
    if leaf is None:
        text = f"receipt {index} lies in an archive alone"
        raise UnavailableError("leaves_archived", text, help="take it from the archive; its hash is still proved here")
    return bytes(Proof(leaf, index, tuple(tree(reader, size).inclusion(index)), note))
