"""PDP, pure: recorded facts and a bundle in, a decision out; no I/O, no clock, no randomness."""
