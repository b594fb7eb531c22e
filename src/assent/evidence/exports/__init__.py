"""Receipts in the forms that other programs read.

Each module turns leaves into one form: events for a SIEM (`ocsf`), rows (`table`),
in-toto attestations (`attestation`), SCITT signed statements (`scitt`). A form holds
what stands in a leaf, never a disclosed value: what is committed to stays committed to.
None of them is the evidence: that is the leaf with its proof, and each form carries
the leaf hash by which it is found again.
"""
