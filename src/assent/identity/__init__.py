"""Who somebody is: names, keys, tokens and chains, read strictly and judged offline.

May enter: what proves an identity or an authority, and how it is written. May not: a
verdict, which is policy's, and a principal that nobody enrolled.
"""
