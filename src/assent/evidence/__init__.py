"""What is made of receipts once they are written: recomputed, compared, told to others.

A module here reads the log, the archive and files that strangers wrote, and writes
nothing to the log. It decides nothing and lets nothing happen: whoever reads
evidence must not be able to change what it says.

- `reconcile`, `attempts`, `telemetry`, `feed`, `sources`: receipts held against what other systems wrote down
- `recorded`: decisions of a log or an export file, with the clear values that open them
- `replay`: one of them made again, and how it differs; `tally` counts them
- `whatif`: the past under other policies
- `exports`: receipts in forms that other programs read
- `exported`: an export file as evidence to work on
"""
