"""What every form of a receipt has in common: how a leaf is named, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assent_verify.merkle import leaf_hash


@dataclass(frozen=True, slots=True)
class Placed:
    """One leaf with the proof that it stands in a log.

    Args:
        index: its position.
        data: its exact stored bytes.
        leaf: the same, parsed.
        note: the signed checkpoint that covers it.
        size: tree size of that checkpoint.
        root: root hash at that size, 32 bytes.
        path: inclusion path to that root, 32 bytes each, from the leaf upwards (RFC 9162 §2.1.3).
    """

    index: int
    data: bytes
    leaf: Mapping[str, Any]
    note: str
    size: int
    root: bytes
    path: tuple[bytes, ...]


def leaf_digest(data: bytes) -> str:
    """The leaf hash, `sha256:…` (RFC 6962 §2.1)."""
    return "sha256:" + leaf_hash(data).hex()


def named(leaf: Mapping[str, Any], member: str, name: str) -> list[str]:
    """One member of each object of an array member; empty if the leaf has no such array."""
    found = leaf.get(member, [])
    return [str(item[name]) for item in found] if isinstance(found, list) else []
