"""Events of system leaves: which there are, what their subjects say, which of them a person signs."""

from __future__ import annotations

from collections.abc import Mapping

from assent_verify.shape import Members, Number, Shape, Text
from assent_verify.spelling import described

#: Events that need a person's key from the first enrolment on.
SIGNED = frozenset("accept activation credential delegation enrol kill mode principal revocation".split())
#: Events that need it even while nobody is enrolled: they make what is in force weaker, or erase.
ALWAYS_SIGNED = frozenset(
    "delegation elevation enrol hold mode recovery redaction removal rollback rotation witness".split()
)
#: Events with subjects of no fixed shape.
FREE = frozenset({"accept", "checkpoint", "clock", "pin", "revocation"})
_OWN: Mapping[str, Shape] = {
    "count": Number(3),
    "lift": described("id=word digest=digest"),
    "owner": Text(r'User::"[ !#-\[\]-~]{1,200}"', "a user or empty", True),
    # what the second of two people signed; the first signs it with the rest
    "second": described("key=digest assurance=assurance signature=signature time=time"),
}
#: Event, and the members of its subject.
_TABLE = """
genesis origin=origin log_key=vkey operator=user
enrol user=user key=public_key fingerprint=digest role?=operator|reviewer second?=second server?=server
removal fingerprint=digest user=user reason=left|lost|stolen second?=second
recovery change=sealed|rehearsed|removed fingerprint=digest key?=public_key second?=second
breakglass state=on|off|sealed bundle=digest_or_none until=time_or_none reason=code second?=second
activation bundle=digest catalog=digest previous=digest_or_none
delegation delegation=dlg_id session=ses_id principal=principal server=server by=user approval=apr_id facts=digest \
    lifts=[lift] count=count expires=time
mode mode=enforce|observe until=time_or_none
rollback size=number root=digest lost_size=number lost_root=digest
rotation origin=origin added=[vkey]4 removed=[vkey]4 reason=planned|lost|stolen size=number root=digest
gap attempt=att_id decision=digest deadline=time
seal first=number size=number root=digest archive=digest
redaction ranges=ranges what=[code]16 reason=code subject=digest_or_none
hold hold=word state=on|off ranges=ranges reason=code subject=digest_or_none
node event=join|leave node=node_id
principal principal=principal owner=owner change=added|changed|disabled|enabled|key_added|key_removed key=digest_or_none
grant delegation=dlg_id parent=dlg_id_or_none issuer=principal subject=principal digest=digest expires=time
elevation session=ses_id delegation=dlg_id group=word by=user approval=apr_id expires=time
kill state=on|off reason=code
credential credential=server server=server change=added|rotated|removed
witness policy=digest_or_none previous=digest_or_none
"""

#: Subjects whose members the verifier relies on.
SUBJECTS: Mapping[str, Members] = {
    event: described(told, own=_OWN) for event, told in (line.split(" ", 1) for line in _TABLE.strip().splitlines())
}
EVENTS = tuple(sorted({*FREE, *SUBJECTS}))
