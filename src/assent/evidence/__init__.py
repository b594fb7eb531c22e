"""What is made of receipts once they are written: recomputed, compared, told to others.

A module here reads the log, the archive and files that strangers wrote, and writes
nothing to the log. It decides nothing and lets nothing happen: whoever reads
evidence must not be able to change what it says.

- `exports`: receipts in forms that other programs read
"""
