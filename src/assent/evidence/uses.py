"""How credentials were used, read from receipts: by whom, how often, and when it was refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assent.model.credential import Credential
from assent.model.ids import LeafIndex
from assent.ports import Reader

_MARK = b'"method":"credentials/use"'
_DAY_MS = 86_400_000
#: Days without another secret after which a credential is called old.
OLD_DAYS = 90


@dataclass(frozen=True, slots=True)
class Use:
    """What one principal did with one credential.

    Args:
        allowed, refused: how often.
        last: time of the last receipt, as it is written there.
    """

    allowed: int = 0
    refused: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One credential, and what stands out about it.

    Args:
        by: principal → what it did.
        notes: one line each.
    """

    credential: Credential
    by: Mapping[str, Use] = field(default_factory=dict)
    notes: Sequence[str] = ()


def reports(reader: Reader, now: int) -> tuple[list[Report], int]:
    """Every credential that was ever held, by name; and how many receipts of uses no longer say of which.

    Args:
        now: milliseconds since the epoch.
    """
    found: dict[str, dict[str, Use]] = {}
    nameless = 0
    for index, leaf in reader.leaves():
        if _MARK not in leaf:
            continue
        body, kept = json.loads(leaf), reader.sidecar(LeafIndex(index))
        values = json.loads(kept.values) if kept is not None else {}
        name = values.get("arguments", {}).get("name", "")
        if not name:
            nameless += 1
            continue
        whose = found.setdefault(name, {})
        known = whose.get(body["principal"], Use())
        good = body["verdict"] == "allow"
        whose[body["principal"]] = replace(
            known, allowed=known.allowed + good, refused=known.refused + (not good), last=body["time"]
        )
    rows = sorted(reader.find_all(Credential), key=lambda one: one.name)
    return [Report(row, found.get(row.name, {}), _notes(row, found.get(row.name, {}), now)) for row in rows], nameless


def _notes(row: Credential, by: Mapping[str, Use], now: int) -> list[str]:
    if row.status != "live":
        return []
    days = (now - (row.rotated or row.created)) // _DAY_MS
    found = []
    if not row.uses:
        found.append("never used: remove it if nobody needs it")
    elif now - row.last_used > OLD_DAYS * _DAY_MS:
        found.append(f"not used for {(now - row.last_used) // _DAY_MS} days")
    if days > OLD_DAYS:
        found.append(f"the same secret for {days} days: rotate it")
    if not row.principals:
        found.append("every principal that may call the server may use it: name some with --principal")
    refused = sum(one.refused for one in by.values())
    return [*found, f"refused {refused} times"] if refused else found
