"""The HTTP room: what others fetch from a home (extra `server`).

May enter: routes that read the log or ask what lies below, errors as RFC 9457 problems.
May not: a verdict of its own, a policy, a way round the straight line.
"""
