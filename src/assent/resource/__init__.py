"""For executors: take a permit, once, for exactly what is about to run (docs/permits.md).

May enter: checking and consuming permits, and the executor's word for an outcome. May
not: a policy, or a way to run anything without a permit.
"""
