"""Partitions named by keys: static lists. Owns their order as listed and how a key is quoted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.partitions.universe import Universe

_GRAMMAR = frozenset(",!:='\"")
KEY_SPACE = "keys"
"""The key space of every static list."""
RESERVED = frozenset({"all", "missing", "stale", "failed"})
"""Words of the -p grammar: a key that is one of them must be quoted."""


@dataclass(frozen=True, slots=True)
class StaticPartitioning:
    """One partition for each of `keys`; the ordinal is the place in the list.

    Keys are always due. Raises ProjectError (INVALID_PARTITIONING) for no key or one listed twice.
    """

    keys: tuple[str, ...]
    _ordinals: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordinals = {key: ordinal for ordinal, key in enumerate(self.keys)}
        object.__setattr__(self, "_ordinals", ordinals)
        if len(ordinals) == len(self.keys) and self.keys:
            return
        twice = next((k for o, k in enumerate(self.keys) if ordinals[k] != o), None)
        raise ProjectError(
            Diagnostic(
                code="INVALID_PARTITIONING",
                message=f"the key `{twice}` is listed twice" if self.keys else "no key is listed",
                fix="list each key once" if self.keys else "list at least one key",
            )
        )

    @property
    def column_type(self) -> BoundType:
        return BoundType.TEXT

    @property
    def space(self) -> str:
        """`keys`, whatever the list: a key stays itself when others are added."""
        return KEY_SPACE

    @property
    def universe(self) -> Universe:
        return 0, len(self.keys)

    def ordinal(self, bound: Bound) -> int:
        """The place of the key `bound`. Raises KeyError for one that is not listed."""
        return self._ordinals[str(bound)]

    def bounds(self, ordinal: int) -> tuple[str, str]:
        """The key, twice: keys have no order, so this is no half-open range."""
        return self.keys[ordinal], self.keys[ordinal]

    def span_bounds(self, start: int, end: int) -> tuple[str, str]:
        """The first and the last key of the ordinals [start, end), as listed; no range of values.

        What a chunk's rows are is said by `keys_of`.
        """
        return self.keys[start], self.keys[end - 1]

    def keys_of(self, partitions: PartitionSet) -> tuple[str, ...]:
        """The keys of `partitions`, in the order of the list."""
        return tuple(key for start, end in partitions.ranges for key in self.keys[start:end])

    def of_keys(self, keys: Iterable[str]) -> PartitionSet:
        """The partitions of those `keys` that are listed."""
        known = (self._ordinals.get(key) for key in keys)
        return PartitionSet.of_ordinals(o for o in known if o is not None)

    def due_end(self, now: datetime) -> None:
        """None: keys do not wait for a clock."""

    def current(self, now: datetime) -> None:
        """None: no partition holds *now*."""

    def overlapping(
        self,
        lo: Bound | None,
        hi: Bound | None,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> PartitionSet:
        """The one partition if `lo` and `hi` are the same key, else all: keys have no order."""
        if lo is not None and lo == hi:
            found = self.of_keys((str(lo),))
        else:
            found = PartitionSet.span(0, len(self.keys))
        return found & PartitionSet.span(since or 0, len(self.keys) if until is None else until)

    def record_key(self, ordinal: int) -> str:
        return self.keys[ordinal]

    def ordinal_of_key(self, text: str) -> int | None:
        return self._ordinals.get(text)

    def json_ranges(self, partitions: PartitionSet) -> list[dict[str, str | int]]:
        """`{"key": …}` for each partition, in the order of the list."""
        return [{"key": key} for key in self.keys_of(partitions)]

    def label(self, ordinal: int) -> str:
        """The key as `-p` reads it, quoted where it holds grammar."""
        return quote_key(self.keys[ordinal])

    def label_set(self, partitions: PartitionSet) -> str:
        """Text that `-p` reads as exactly these partitions; empty for none."""
        return ",".join(quote_key(key) for key in self.keys_of(partitions))

    def calendar_cuts(self, partitions: PartitionSet, _unit: str, /) -> tuple[OrdinalRange, ...]:
        """The contiguous runs, whole: keys have no calendar."""
        return partitions.ranges


def quote_key(key: str) -> str:
    """`key` as a term of the -p grammar.

    >>> quote_key("eu"), quote_key("eu,1"), quote_key("it's")
    ('eu', "'eu,1'", "'it''s'")
    """
    plain = not _GRAMMAR & set(key) and ".." not in key and key not in RESERVED
    return key if plain and key and key == key.strip() else "'" + key.replace("'", "''") + "'"
