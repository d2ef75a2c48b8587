"""`python -m sqlbackfill`: the same command, where the directory of scripts is not on the path."""

from __future__ import annotations

import sys

from sqlbackfill.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
