"""PAP: what an operator does — make a home, activate policy, accept tools, confirm the time.

May enter: reading the operator's files, signing with the operator's key, system
leaves. May not: a verdict on an action, a way in.
"""
