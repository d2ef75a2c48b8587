"""Ids of runs, also of those that only record something."""

from __future__ import annotations

import secrets
from datetime import datetime


def new_run_id(now: datetime) -> str:
    """Sorts by time, and is short enough to type."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
