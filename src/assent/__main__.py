"""`python -m assent` is the `assent` command."""

from __future__ import annotations

import sys

from assent.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
