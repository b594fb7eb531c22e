"""What tools do: profiles, inference for the rest, and analysers that read arguments.

May enter: everything that says what a call would do, as pure functions of text and
observations. May not: files, sockets, clocks (`inform` looks), policy (which judges).
"""
