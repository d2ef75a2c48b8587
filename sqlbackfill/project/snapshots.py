"""Finds the names of snapshots: they may be referred to, and are never built by us."""

from __future__ import annotations

import re
from typing import Final

_SNAPSHOT: Final = re.compile(r"\{%-?\s*snapshot\s+(\w+)\s*-?%\}")


def read_snapshots(text: str) -> tuple[str, ...]:
    """The names in `{% snapshot name %}` blocks, in the order of the file."""
    return tuple(_SNAPSHOT.findall(text))
