"""Events of system leaves: which there are, what their subjects say, which of them a person signs."""

from __future__ import annotations

from collections.abc import Mapping

from assent_verify.shape import Many, Members, Number, Text, members
from assent_verify.spelling import (
    CODE,
    DIGEST,
    DIGEST_OR_NONE,
    ORIGIN,
    PRINCIPAL,
    PUBLIC_KEY,
    RANGES,
    SERVER,
    TIME,
    TIME_OR_NONE,
    USER,
    VKEY,
    WORD,
    id_of,
    one_of,
)

#: Events that need a person's key from the first enrolment on.
SIGNED = frozenset(
    {"activation", "enrol", "accept", "delegation", "mode", "revocation", "principal", "kill", "credential"}
)
#: Events that need it even while nobody is enrolled: they make what is in force weaker, or erase.
ALWAYS_SIGNED = frozenset(
    "breakglass delegation elevation enrol hold mode recovery redaction rollback rotation witness".split()
)
#: Events with subjects of no fixed shape.
FREE = frozenset({"accept", "checkpoint", "clock", "pin", "revocation"})
#: Subjects whose members the verifier relies on.
SUBJECTS: Mapping[str, Members] = {
    "genesis": members(origin=ORIGIN, log_key=VKEY, operator=USER),
    "enrol": members(frozenset({"server"}), user=USER, key=PUBLIC_KEY, fingerprint=DIGEST, server=SERVER),
    "activation": members(bundle=DIGEST, catalog=DIGEST, previous=DIGEST_OR_NONE),
    "delegation": members(
        delegation=id_of("dlg"),
        session=id_of("ses"),
        principal=PRINCIPAL,
        server=SERVER,
        by=USER,
        approval=id_of("apr"),
        facts=DIGEST,
        lifts=Many(members(id=WORD, digest=DIGEST)),
        count=Number(3),
        expires=TIME,
    ),
    "mode": members(mode=one_of("enforce", "observe"), until=TIME_OR_NONE),
    "rollback": members(size=Number(), root=DIGEST, lost_size=Number(), lost_root=DIGEST),
    "rotation": members(
        origin=ORIGIN,
        added=Many(VKEY, 4),
        removed=Many(VKEY, 4),
        reason=one_of("planned", "lost", "stolen"),
        size=Number(),
        root=DIGEST,
    ),
    "gap": members(attempt=id_of("att"), decision=DIGEST, deadline=TIME),
    "seal": members(first=Number(), size=Number(), root=DIGEST, archive=DIGEST),
    "redaction": members(ranges=RANGES, what=Many(CODE, 16), reason=CODE, subject=DIGEST_OR_NONE),
    "hold": members(hold=WORD, state=one_of("on", "off"), ranges=RANGES, reason=CODE, subject=DIGEST_OR_NONE),
    "node": members(event=one_of("join", "leave"), node=id_of("node")),
    "principal": members(
        principal=PRINCIPAL,
        owner=Text(r'User::"[ !#-\[\]-~]{1,200}"', "a user or empty", True),
        change=one_of("added", "changed", "disabled", "enabled", "key_added", "key_removed"),
        key=DIGEST_OR_NONE,  # of the authenticator's id
    ),
    "grant": members(
        delegation=id_of("dlg"),
        parent=id_of("dlg", blank=True),
        issuer=PRINCIPAL,
        subject=PRINCIPAL,
        digest=DIGEST,  # of the signed token
        expires=TIME,
    ),
    "elevation": members(
        session=id_of("ses"), delegation=id_of("dlg"), group=WORD, by=USER, approval=id_of("apr"), expires=TIME
    ),
    "kill": members(state=one_of("on", "off"), reason=CODE),
    "credential": members(credential=SERVER, server=SERVER, change=one_of("added", "rotated", "removed")),
    "recovery": members(key=DIGEST, change=one_of("sealed", "used", "removed")),
    "breakglass": members(state=one_of("on", "off"), until=TIME_OR_NONE, reason=CODE, bundle=DIGEST),
    "witness": members(policy=DIGEST_OR_NONE, previous=DIGEST_OR_NONE),
}
EVENTS = tuple(sorted({*FREE, *SUBJECTS}))
