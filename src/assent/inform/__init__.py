"""PIP: gathers what a decision needs and cannot compute — files, processes, time.

Everything here is read before the decision and recorded with it. What cannot be
read is said to be missing, by name; nothing here judges.
"""
