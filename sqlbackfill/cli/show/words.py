"""Numbers, durations and sets of partitions in the words that every renderer uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sqlbackfill.partitions.partition_set import PartitionSet

_RANGE = re.compile(r"(?:'[^']*'|[^,'])+")

Label: TypeAlias = "Callable[[str, PartitionSet], str]"
"""The partitions of a model in -p syntax, ranges joined by commas; empty for a table without any."""


def count(number: int, noun: str) -> str:
    """`1 query`, `2,500 queries`."""
    if number == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {many}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def size(count_bytes: int) -> str:
    """`900 bytes`, `1.2 kB`, `12 MB`: powers of a thousand, two digits."""
    if count_bytes < 1000:
        return f"{count_bytes} bytes"
    value, units = count_bytes / 1000, iter(("kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 999.5 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"


def reading(source: str, scan_bytes: int | None) -> str:
    """What is said before a source is read only to compare it with what was recorded of it."""
    price = "how much is not known" if scan_bytes is None else f"about {size(scan_bytes)}"
    return f"reading {source} ({price}) to see what changed"


def migrated(before: int, now: int) -> str:
    """What is said of a ledger that a run brought up to date."""
    return f"the ledger was migrated from version {before} to {now}"


def ranges(label: str, most: int = 4) -> str:
    """The first ranges of a label and how many more there are; commas in quoted keys join nothing."""
    parts = _RANGE.findall(label)
    if len(parts) <= most + 1:
        return ", ".join(parts)
    return f"{', '.join(parts[:most])} and {len(parts) - most} more"


def folded(text: str, *, width: int | None, first: str, rest: str) -> list[str]:
    """`text` on lines of at most `width` columns, led by `first` and then by `rest`; one line if None."""
    if width is None:
        return [f"{first}{text}"]
    import textwrap

    return textwrap.wrap(
        text,
        width=max(width, len(first) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    ) or [first.rstrip()]
