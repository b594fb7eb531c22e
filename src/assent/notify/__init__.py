"""Telling people that something waits; one file a channel. A channel carries, it never decides."""
