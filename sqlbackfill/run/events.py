"""What a run says while it works: plain values for whoever shows or stores progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Plan


@dataclass(frozen=True, slots=True)
class LedgerMigrated:
    """The ledger was one of an older release, and is of version `now` from here on."""

    before: int
    now: int


@dataclass(frozen=True, slots=True)
class RunStarted:
    """`skipped` counts, by model, the partitions that a run of the same plan committed before."""

    run_id: str
    plan: Plan
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourceCompared:
    """A source is about to be read to see whether a partition still has to be built."""

    source: str
    scan_bytes: int | None


@dataclass(frozen=True, slots=True)
class ChunkStarted:
    """One chunk is being written from here on."""

    model: str
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class ChunkFinished:
    """One chunk was committed; `seconds` are its own."""

    model: str
    chunk: Chunk
    rows: int
    seconds: float
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkFailed:
    """One chunk was rolled back."""

    model: str
    chunk: Chunk
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class ChunkSplit:
    """One chunk was rolled back, and is tried again in parts."""

    model: str
    chunk: Chunk
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class ChunkResized:
    """One chunk took so long that later ones of its model hold no more than `most` partitions."""

    model: str
    chunk: Chunk
    most: int


@dataclass(frozen=True, slots=True)
class ChunkCutOff:
    """Partitions of a chunk that are left as they are, since what they read came out the same."""

    model: str
    partitions: PartitionSet


@dataclass(frozen=True, slots=True)
class ChunkBlocked:
    """Not tried, since what it reads failed: `by` names the model at fault."""

    model: str
    chunk: Chunk
    by: str


@dataclass(frozen=True, slots=True)
class Draining:
    """The user asked to stop: the chunks under way are finished, none is begun."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The last event of a run; `status` as in its result."""

    run_id: str
    status: str


Event = (
    LedgerMigrated
    | RunStarted
    | ChunkStarted
    | ChunkFinished
    | ChunkFailed
    | ChunkSplit
    | ChunkResized
    | ChunkCutOff
    | SourceCompared
    | ChunkBlocked
    | Draining
    | RunFinished
)
Sink = Callable[[Event], None]
