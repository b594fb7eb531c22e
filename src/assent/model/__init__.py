"""What the words of DESIGN §2 mean, as frozen values; no I/O, no clock, no randomness."""
