"""Runtime authorization for AI agents: no action takes effect without assent."""

__version__ = "0.1.0"
