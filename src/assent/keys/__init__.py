"""Signers: the log key, which signs unattended, and the operator's key, which is locked."""
