"""What chunks should cost relative to each other, from what they read and keep: figures, no query is run. Pure.

The speeds were measured on DuckDB with the workloads of `benchmarks/`. Only their ratios matter: as
soon as a model has a history, that says how many seconds they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.plan.chunk_cost import ChunkCost
from sqlbackfill.plan.chunk_cost_fit import OVERHEAD_S, PRIOR, Sample, fit

SKIPPED_CELL_S: Final = 6e-9
"""A value of a row that is looked at and left out, since its row group holds others that are wanted."""
READ_ROW_S: Final = 20e-9
READ_CELL_S: Final = 15e-9
WRITTEN_ROW_S: Final = 100e-9
WRITTEN_CELL_S: Final = 25e-9
GROWTH: Final = 0.15
"""The share that a row of an aggregate costs more each time its hash table doubles beyond the caches."""
CACHE_BYTES: Final = 16 << 20
GROUP_BYTES: Final = 16
CELL_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class InputProbe:
    """What a chunk reads of one input: the rows that it needs, those that it has to look at, and
    how many columns of them.
    """

    rows: float
    touched: float
    columns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one chunk of so many partitions would read."""

    partitions: int
    inputs: tuple[InputProbe, ...]

    @property
    def rows(self) -> float:
        """Of the input of which most is needed."""
        return max((each.rows for each in self.inputs), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a partition gives: its rows, None where they are as many as are read, and its columns.

    `is_grouped`: its rows are held together until the last one was read.
    """

    rows: float | None
    columns: int
    is_grouped: bool

    @property
    def row_bytes(self) -> int:
        return GROUP_BYTES + CELL_BYTES * self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What chunks should cost, and the bytes that each partition of one keeps in memory."""

    curve: ChunkCost
    state_bytes: float


def shaped(probes: Sequence[Probe], output: Output) -> Shape:
    """The shape that `probes` tell, of several sizes, each in several places: tables grow."""
    by_size: dict[int, list[float]] = {}
    for probe in probes:
        by_size.setdefault(probe.partitions, []).append(_data_s(probe, output))
    samples = [Sample(size, OVERHEAD_S + fmean(found)) for size, found in by_size.items()]
    flat = fit(samples, PRIOR, grows=False)
    if not output.is_grouped:
        return Shape(curve=flat, state_bytes=0.0)
    largest = max(probes, key=lambda probe: probe.partitions)
    rows_each = largest.rows / largest.partitions
    state_bytes = _rows_out(largest, output) / largest.partitions * output.row_bytes
    row_s = READ_ROW_S * rows_each + _written_s(
        _rows_out(largest, output) / largest.partitions, output
    )
    cached = CACHE_BYTES / max(state_bytes, 1.0)
    return Shape(
        curve=replace(flat, growth_s=GROWTH * row_s, cached=cached),
        state_bytes=state_bytes,
    )


def _rows_out(probe: Probe, output: Output) -> float:
    return probe.rows if output.rows is None else min(output.rows * probe.partitions, probe.rows)


def _written_s(rows: float, output: Output) -> float:
    return rows * (WRITTEN_ROW_S + WRITTEN_CELL_S * output.columns)


def _data_s(probe: Probe, output: Output) -> float:
    read = sum(
        max(each.touched - each.rows, 0.0) * each.columns * SKIPPED_CELL_S
        + each.rows * (READ_ROW_S + READ_CELL_S * each.columns)
        for each in probe.inputs
    )
    return read + _written_s(_rows_out(probe, output), output)
