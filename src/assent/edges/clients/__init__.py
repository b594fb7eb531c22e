"""Configurations of MCP clients: which servers they start, and Assent put in front of those.

`jsonc.py` and `toml.py` read a text into a tree that knows where each value stands (`tree.py`); `entries.py` finds
servers in it and says which stretches of the text change; `install.py` plans and undoes, `files.py` writes. Texts are
edited, never written anew: what a person wrote stays as it is.
"""
