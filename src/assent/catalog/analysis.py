"""Analysis: what the catalog says of one call, profile and arguments together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assent.model.action import Referent
from assent.model.profile import Reversibility

#: Facts an analysis sets. The guard adds those only the store knows.
FACTS = (
    "analysed",
    "credentials_in_url",
    "inside_roots",
    "lookalike",
    "metadata_host",
    "not_pinned",
    "opaque",
    "prior_kept",
    "private_host",
    "private_path",
    "reaches_assent",
    "rewrites_history",
    "roots_known",
    "runs_by_itself",
    "runs_download",
    "secret_in_arguments",
    "secret_path",
    "session_text_in_arguments",
    "shows_secrets",
)
#: Facts that the store answers; False until it has been asked.
STORE_FACTS = ("may_have_happened", "refused_by_person", "trusted_chain")
#: Kinds of targets handed to policy.
TARGETS = ("paths", "hosts", "programs", "recipient_domains", "tables")
#: The label of a session that was opened with a key that another program was using.
SHARED = "shared-key"
#: Labels that speak of integrity; every other label of a session is confidentiality.
INTEGRITY_LABELS = frozenset({"untrusted", SHARED})


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one call would do, as far as profile, arguments and observation tell.

    Args:
        effects: subset of `model.profile.EFFECTS`, never empty.
        reversibility: the worst that holds.
        facts: every name of `FACTS` and `STORE_FACTS`.
        targets: every name of `TARGETS`, sorted values.
        referents: what the call executes or sends by reference (DESIGN §4.10).
        wanted: resolved paths whose prior bytes are kept before the effect.
        notes: one line each, for the person who is asked.
        secret_arguments: top-level arguments that hold a secret; never stored in the clear.
        secret_names: those whose very name holds one.
    """

    effects: frozenset[str]
    reversibility: Reversibility
    facts: Mapping[str, bool]
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    referents: tuple[Referent, ...] = ()
    wanted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    secret_arguments: frozenset[str] = frozenset()
    secret_names: frozenset[str] = frozenset()
