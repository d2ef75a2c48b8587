"""The ordinals that exist, from `begin` to `end`, and clipping to them."""

from __future__ import annotations

from typing import TypeAlias

from sqlbackfill.partitions.partition_set import PartitionSet

Universe: TypeAlias = tuple[int | None, int | None]
"""Half-open ordinals; None where the model sets no `begin` or no `end`."""


def within(
    universe: Universe,
    first: int | None,
    end: int | None,
    *,
    since: int | None = None,
    until: int | None = None,
) -> PartitionSet:
    """Ordinals in [first, end), in the universe and in [since, until); None is unbounded.

    Raises ValueError where no bound limits one side: a set is always finite.
    """
    lows = [o for o in (first, universe[0], since) if o is not None]
    highs = [o for o in (end, universe[1], until) if o is not None]
    if not lows or not highs:
        side = "end" if lows else "begin"
        raise ValueError(f"partitions without {side}: give {'until' if lows else 'since'}")
    return PartitionSet.span(max(lows), min(highs))
