"""The layer that no policy file can remove (DESIGN §3, "Assent guards itself first")."""

from __future__ import annotations

from assent.policy.text import Source

#: Where the built-in rules stand, for messages.
NAME = "assent"

BUILTIN = Source(
    NAME,
    """
@id("assent/guard")
@reason("it reaches the files, commands or addresses that govern this agent")
forbid (principal, action, resource)
when { context.facts.reaches_assent };

@id("assent/persons-no")
@reason("a person said no to this in this session")
forbid (principal, action, resource)
when { context.facts.refused_by_person };

@id("assent/may-have-happened")
@escalate("owner")
@self
@reason("an earlier attempt of the same call may already have happened")
forbid (principal, action, resource)
when { context.facts.may_have_happened && !(action in Action::"effect:read") };

@id("assent/runs-by-itself")
@escalate("owner")
@self
@reason("what it writes runs later by itself")
forbid (principal, action, resource)
when { context.facts.runs_by_itself && !(action in Action::"effect:read") };
""",
)

#: The one permit of the escalation layer, so that only its forbids speak (DESIGN §4.2).
PERMIT = "permit (principal, action, resource);"
