"""What is known of the cost of a model's chunks before they run: its past, and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlbackfill.app.chunk_shapes import ShapeReader
from sqlbackfill.app.planning import Prepared
from sqlbackfill.dataclass import dataclass
from sqlbackfill.ledger.past_chunks import Past, read_past
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.chunk_choice import Outlook
from sqlbackfill.plan.chunk_cost_fit import from_history
from sqlbackfill.plan.chunk_cost_shape import Shape
from sqlbackfill.warehouse.protocol import Session

_MEMORY_SHARE: Final = 0.7
_TELLING: Final = 8
"""Sizes that differ so many times tell by themselves what others cost."""


def chunk_outlooks(
    prepared: Prepared, session: Session, wanted: Mapping[str, PartitionSet]
) -> dict[str, Outlook]:
    """The outlook for models whose partitions are `wanted`; those of which nothing is known left out."""
    if not wanted:
        return {}
    loaded, models = prepared.workspace.loaded, prepared.workspace.models
    past = read_past(prepared.ledger, session, [models[name].relation for name in wanted])
    memory = loaded.adapter.memory_bytes(session)
    reader = ShapeReader(prepared, session)
    found: dict[str, Outlook] = {}
    for name, partitions in wanted.items():
        of_model = past.get(models[name].relation, Past())
        shape = None
        if memory is not None and not _is_telling(of_model):
            shape = reader.shape(name, partitions, _rows_each(of_model))
        fingerprint = prepared.candidates[name].fingerprint
        outlook = _outlook(of_model, fingerprint, shape, _Memory(memory, loaded.target.threads))
        if outlook is not None:
            found[name] = outlook
    return found


@dataclass(frozen=True, slots=True)
class _Memory:
    """What all queries share, None where it is no concern of ours, and how many run at a time."""

    limit_bytes: int | None
    slots: int

    def most(self, shape: Shape) -> int | None:
        """How many partitions one chunk may keep in memory."""
        if self.limit_bytes is None or not shape.state_bytes:
            return None
        share = _MEMORY_SHARE * self.limit_bytes / max(self.slots, 1)
        return max(1, int(share / shape.state_bytes))


def _outlook(past: Past, fingerprint: str, shape: Shape | None, memory: _Memory) -> Outlook | None:
    if not past.chunks and past.too_large is None and shape is None:
        return None
    cost = from_history(past.chunks, fingerprint, shape.curve if shape else None)
    fits = memory.most(shape) if shape else None
    too_large = None if past.too_large is None else max(1, past.too_large // 2)
    if too_large is not None and (fits is None or too_large <= fits):
        return Outlook(cost=cost, most=too_large, why_most="more ran out of memory or time")
    if fits is not None and shape is not None:
        why = f"each keeps about {shape.state_bytes / (1 << 20):.2g} MiB of rows in memory"
        return Outlook(cost=cost, most=fits, why_most=why)
    return Outlook(cost=cost)


def _is_telling(past: Past) -> bool:
    sizes = [chunk.partitions for chunk in past.chunks]
    return bool(sizes) and max(sizes) >= _TELLING * min(sizes)


def _rows_each(past: Past) -> float | None:
    """The rows of a partition in the newest chunks; None where there are none."""
    partitions = sum(chunk.partitions for chunk in past.chunks)
    return sum(chunk.rows for chunk in past.chunks) / partitions if partitions else None
