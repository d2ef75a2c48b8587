"""What a run is given: values and callables that planning prepared. Reads and decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import InputMark, Island
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.sizing import Sizing
from sqlbackfill.plan.types import Chunk, Estimate, Plan, PlannedModel
from sqlbackfill.run.backoff import Backoff
from sqlbackfill.run.budget import Budget
from sqlbackfill.run.events import Event, Sink
from sqlbackfill.run.schedule import Order
from sqlbackfill.run.source_reads import SourceScan
from sqlbackfill.warehouse.protocol import Adapter, Session

Locate = Callable[[int, int], SourceSpan | None]
Reads = Callable[[str, PartitionSet], Mapping[str, PartitionSet]]
StillNeeded = Callable[[str, PartitionSet], PartitionSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTests:
    """Conditions on the rows of a chunk's query: lies in its own partition; has a home."""

    own: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSql:
    """The SQL of one chunk of one model.

    `select` gives exactly the rows that the chunk writes, `unguarded` the query before the outer
    filter to the chunk's partitions. `locate` maps a line and column of `unguarded`, from 1, to the
    user's file; `unguarded` stands in `select` on lines of its own, after `guard_lines` others.
    `home` holds the partitions that the author's own bounds read: rows of theirs outside the chunk
    are dropped with a warning; where it is None no row outside the chunk has a home.
    `row_tests` are set where each row was computed for one partition of the chunk.
    """

    select: str
    unguarded: str
    locate: Locate | None = None
    guard_lines: int = 0
    home: PartitionSet | None = None
    row_tests: RowTests | None = None


class Versions(Protocol):
    """The marks of what chunks read, kept current while a run commits. Threads may share it."""

    def inputs_of(self, model: str, partitions: PartitionSet) -> Mapping[str, InputMark]:
        """The mark of each input for a chunk of these partitions that is launched now."""

    def built(self, model: str, records: Sequence[Island]) -> None:
        """Takes note of records that were just committed, with their numbers."""


def _no_sources(_model: str, _chunk: Chunk) -> tuple[SourceScan, ...]:
    """Nothing is digested."""
    return ()


def _look_nowhere(_session: Session) -> None:
    """What planning read still stands."""


def _drop(_event: Event) -> None:
    """Says nothing to nobody."""


def _unknown(_model: str, _partitions: int) -> bool:
    """Nothing is known of what chunks cost."""
    return False


def _nothing_known(_model: str) -> Sizing | None:
    """Chunks may be of any size, and nothing is known of what they cost."""
    return Sizing()


def _all_of_them(_model: str, partitions: PartitionSet) -> PartitionSet:
    """Every partition: nothing is cut off."""
    return partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """Everything that `execute` needs.

    `sql` may raise ProjectError, which fails the chunk. `reads` gives the partitions of each
    upstream that some partitions of a model read, through views too; of an upstream that may be
    needed whole, at least all that the plan lists. `still_needed` is asked about partitions that were
    not named but chosen by state (`MAY_BE_CUT_OFF`) when all that they read is settled: what it leaves
    out is not rebuilt.
    `sources` says what is digested of the sources that a chunk reads. `fixed_costs_prevail` tells of a
    model and a number of partitions whether fewer of them would take about as long.
    `sizing` says what chunks of a model were expected to cost and how large they may get, None where they
    must stay as planned; asked once for each.
    `foretold` is the estimate of all that the run is to do, None where a part was done before;
    `usd_per_second` what its time costs. Both are recorded with it.
    `already` holds what runs of this plan committed before. `clock` gives now, in UTC.
    `max_parallel` chunks are under way at a time; several of one model only where the adapter stages
    them, and one at a time is published. `max_failures` stops
    launching after that many failed chunks, `budget` before it is exceeded. `runs_directory` is where the run file goes (None:
    nowhere). `command` and `plan_json` are stored with the run. `run_id` is new for every run, also
    for one that resumes another. All callables but those in `backoff` are called in the thread that
    runs `execute`. `on_claimed` is called once the run holds all its tables and before it reads any,
    outside of any transaction. `grace_s` is for how many seconds the engine may go on with a
    statement that it was told to give up.
    """

    run_id: str
    plan: Plan
    models: Mapping[str, PlannedModel]
    adapter: Adapter
    ledger: Ledger
    sql: Callable[[str, Chunk], ChunkSql]
    reads: Reads
    versions: Versions
    clock: Callable[[], datetime]
    sources: Callable[[str, Chunk], Sequence[SourceScan]] = _no_sources
    already: Mapping[str, PartitionSet] = field(default_factory=dict)
    sink: Sink = _drop
    allow_empty: bool = False
    still_needed: StillNeeded = _all_of_them
    fixed_costs_prevail: Callable[[str, int], bool] = _unknown
    sizing: Callable[[str], Sizing | None] = _nothing_known
    foretold: Estimate | None = None
    usd_per_second: float | None = None
    max_parallel: int = 1
    max_failures: int | None = None
    budget: Budget | None = None
    order: Order = Order.PLAN
    on_claimed: Callable[[Session], None] = _look_nowhere
    backoff: Backoff = field(default_factory=Backoff)
    grace_s: float = 10.0
    command: str = ""
    plan_json: str = "{}"
    runs_directory: Path | None = None
