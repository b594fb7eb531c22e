"""Ways in: each edge turns its native call into an action and a verdict back into its native answer.

May enter: one room per way in. May not: policy, a store, a decision.
"""
