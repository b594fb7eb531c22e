"""The offline verifier of Assent's receipts; it needs `cryptography` alone."""

__version__ = "0.1.0"
