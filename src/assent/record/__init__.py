"""Receipts made durable: leaves built, appended in groups, checkpoints signed.

May enter: the shapes of leaves, the group-committing log, checkpoints, recovery
after a crash. May not: a verdict, a policy, a way in.
"""
