"""PEP core: the straight line every action takes, whatever edge it came through.

`guard.py` carries steps 2 to 6 and 8 of the path of one action; `session.py` opens and
ends sessions. May enter: what every edge needs in the same way. May not: a protocol,
a policy, a concrete store.
"""
