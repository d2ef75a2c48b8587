"""`python -m sqlbackfill`: the same command, where the directory of scripts is not on the path."""

from __future__ import annotations

from sqlbackfill.cli.main import entry

if __name__ == "__main__":
    entry()
