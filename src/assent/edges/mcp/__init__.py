"""The MCP gateway: a message-level proxy over stdio that governs what has an effect.

`frames.py` reads and writes messages, `classes.py` says what class each has,
`gateway.py` moves them, `governed.py` carries steps 1 and 7 of the path of one action.
Nothing heavy is imported before the server it wraps has been started.
"""
