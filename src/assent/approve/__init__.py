"""People: questions opened, answered and expired. Silence is never assent (DESIGN §4.8).

May enter: who may answer, what they sign, how a question is shown. May not: a
verdict, which is a fresh decision's; a channel, which only carries.
"""
