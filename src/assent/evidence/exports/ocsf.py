"""Receipts as OCSF events, for a SIEM (schema.ocsf.io, version 1.5.0).

A decision or an outcome is an API Activity (6003) with the `security_control`
profile: what was asked, and what was done about it. Everything else manages
something, a session, a question or Assent itself: Entity Management (3004).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assent_verify.receipt import milliseconds

from assent.evidence.exports.form import leaf_digest, named

VERSION = "1.5.0"
_API, _ENTITY = (6003, 6, "API Activity"), (3004, 3, "Entity Management")
#: Effects from grave to harmless, as what an API call does: create, read, update, delete.
_ACTIVITY = {"delete": 4, "pay": 1, "send": 1, "grant": 3, "execute": 99, "write": 3, "read": 2}
#: Verdict → action, disposition, severity. What waits for a person is denied until one answers.
_VERDICT = {"allow": (1, 1, 1), "deny": (2, 2, 3), "escalate": (2, 23, 2), "defer": (2, 14, 2)}
_ACTION_NAME = {1: "Allowed", 2: "Denied", 3: "Observed"}
_DISPOSITION = {1: "Allowed", 2: "Blocked", 8: "Approved", 14: "Delayed", 17: "Logged", 23: "Challenge"}
#: What a system event does to what it manages, and how serious that is.
_EVENTS = {
    "activation": (10, 3),
    "enrol": (6, 3),
    "delegation": (1, 2),
    "revocation": (4, 2),
    "mode": (3, 4),
    "rotation": (3, 4),
    "redaction": (4, 3),
    "gap": (3, 3),
    "pin": (3, 2),
    "accept": (3, 3),
}
_STATUS = {"succeeded": (1, "Success"), "failed": (2, "Failure"), "unknown": (0, "Unknown")}


def event(
    index: int, data: bytes, leaf: Mapping[str, Any], origin: str, tool: tuple[str, str] = ("", "")
) -> dict[str, object]:
    """One event of one leaf.

    Args:
        index: position of the leaf.
        data: its stored bytes.
        leaf: the same, parsed.
        origin: name of the log.
        tool: server and tool of an outcome's decision, if known.
    """
    kind = str(leaf["kind"])
    if kind == "decision":
        body = _decision(leaf)
    elif kind == "outcome":
        body = _outcome(leaf, tool)
    else:
        body = _managed(kind, leaf)
    class_uid, category, caption = body.pop("class")
    activity = int(body["activity_id"])
    return {
        **body,
        "category_uid": category,
        "class_name": caption,
        "class_uid": class_uid,
        "metadata": _metadata(index, data, kind, origin),
        "time": milliseconds(str(leaf["time"]).encode()),
        "type_uid": class_uid * 100 + activity,
        "unmapped": {"receipt": index, "node": leaf["node"]},
    }


def _metadata(index: int, data: bytes, kind: str, origin: str) -> dict[str, object]:
    return {
        "event_code": kind,
        "log_name": origin,
        "product": {"name": "Assent", "vendor_name": "Assent"},
        "profiles": ["security_control"],
        "sequence": index,
        "uid": leaf_digest(data),
        "version": VERSION,
    }


def _decision(leaf: Mapping[str, Any]) -> dict[str, Any]:
    verdict, effects = str(leaf["verdict"]), [str(effect) for effect in leaf["effects"]]
    action, disposition, severity = _VERDICT[verdict]
    if verdict == "allow" and leaf["approvals"]:
        disposition = 8
    if verdict != leaf["decided"] and verdict == "allow":  # policy was only observed
        action, disposition, severity = 3, 17, 3
    return {
        **_call(leaf, leaf["action"]["server"], leaf["action"]["tool"], effects),
        "action": _ACTION_NAME[action],
        "action_id": action,
        "actor": _actor(str(leaf["principal"]), str(leaf["owner"]), leaf),
        "disposition": _DISPOSITION[disposition],
        "disposition_id": disposition,
        "message": f"{verdict}: {leaf['principal']} calls {leaf['action']['server']}/{leaf['action']['tool']}",
        "policy": {
            "is_applied": True,
            "name": " ".join(named(leaf, "policies", "id")) or "default",
            "uid": leaf["versions"]["bundle"],
        },
        "severity_id": severity,
        "status": "Other",
        "status_detail": " ".join(leaf["reasons"]),
        "status_id": 99,
        "status_code": verdict,
    }


def _outcome(leaf: Mapping[str, Any], tool: tuple[str, str]) -> dict[str, Any]:
    status_id, status = _STATUS[str(leaf["status"])]
    return {
        **_call(leaf, tool[0] or "unknown", tool[1] or "unknown", []),
        "activity_id": 99,
        "activity_name": "Outcome",
        "action": "Observed",
        "action_id": 3,
        "actor": {"session": {"uid": leaf["session"]["id"]}},
        "disposition": "Logged",
        "disposition_id": 17,
        "message": f"{leaf['status']}, as the {leaf['attested']} attests",
        "severity_id": 1 if status_id == 1 else 2,
        "status": status,
        "status_id": status_id,
        "status_detail": str(leaf["detail"]),
    }


def _call(leaf: Mapping[str, Any], server: str, tool: str, effects: list[str]) -> dict[str, Any]:
    activity = next((_ACTIVITY[effect] for effect in _ACTIVITY if effect in effects), 99)
    return {
        "class": _API,
        "activity_id": activity,
        **({"activity_name": " ".join(effects) or "Other"} if activity == 99 else {}),
        "api": {"operation": tool, "request": {"uid": leaf["attempt"]}, "service": {"name": server}},
        "resources": [{"name": server, "type": "server"}],
        "src_endpoint": {"name": "assent", "uid": leaf["node"]},
    }


def _actor(principal: str, owner: str, leaf: Mapping[str, Any]) -> dict[str, object]:
    kind, _, name = principal.partition("::")
    typed = {"User": 1, "Service": 4}.get(kind, 99)
    user = {"name": name.strip('"'), "type_id": typed, "uid": principal}
    return {
        "user": user | ({"type": kind} if typed == 99 else {}),
        "session": {"uid": leaf["session"]["id"]},
        "invoked_by": owner,
    }


def _managed(kind: str, leaf: Mapping[str, Any]) -> dict[str, Any]:
    subject = str(leaf.get("event") or leaf.get("verdict"))
    activity, severity = {
        "session": (1 if subject == "open" else 4, 1),
        "approval": (8 if subject == "approve" else 9, 2),
    }.get(kind, _EVENTS.get(subject, (3, 1)))
    entity = {
        "session": {"type": "session", "uid": leaf.get("session", {}).get("id", "")},
        "approval": {"type": "approval", "uid": leaf.get("approval", "")},
    }.get(kind, {"type": subject, "name": subject, "uid": str(leaf.get("key") or leaf["node"])})
    by = str(leaf.get("by") or leaf.get("principal") or "")
    return {
        "class": _ENTITY,
        "activity_id": activity,
        "action_id": 3,
        "action": "Observed",
        "disposition_id": 17,
        "disposition": "Logged",
        **({"actor": {"user": {"name": by.partition("::")[2].strip('"'), "uid": by}}} if by else {}),
        "entity": entity,
        "message": f"{kind}: {subject}",
        "severity_id": severity,
        "status": "Success",
        "status_id": 1,
    }
