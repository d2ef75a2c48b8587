"""The rows of the ledger as values. How they are stored and read back is `ledger`'s."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.warehouse.protocol import Relation


class Action(StrEnum):
    """What a partition record says happened; `forgotten` takes back what was recorded before.

    `adopted_beside_foreign_rows`: adopted in a table that was left with rows of no partition, so
    that it is no longer what a rebuild from scratch would give.
    """

    BUILT = "built"
    ADOPTED = "adopted"
    ADOPTED_BESIDE = "adopted_beside_foreign_rows"
    FORGOTTEN = "forgotten"


class RunStatus(StrEnum):
    """How a run stands. A run left `running` by a dead process is shown as `interrupted`."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class ChunkStatus(StrEnum):
    """How a chunk's last attempt ended. `blocked` was never tried.

    `split` failed and was tried again in parts, which have numbers and outcomes of their own.
    `resized` was built; by what it took the ones after it were made smaller or larger.
    """

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    SPLIT = "split"
    RESIZED = "resized"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log of one table: its records up to number `seq` had been written.

    `identity` is that of the table as it stood then (empty for none), `space` how it was cut.
    """

    seq: int
    identity: str
    space: str

    @property
    def text(self) -> str:
        return f"{self.seq}|{self.identity}|{self.space}"

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """The mark that `text` spells; None where it spells none, and so nothing is known."""
        seq, _, rest = text.partition("|")
        identity, found, space = rest.partition("|")
        return cls(int(seq), identity, space) if found and seq.isdecimal() else None


ALL_COLUMNS = "*"
"""The id of the set of all columns, and of the window that is the whole input."""


@dataclass(frozen=True, slots=True)
class InputMark:
    """What a build saw of one input, in ranges.

    `mark` is the text of a `Mark` for a model and a cheap version for a source; empty where it is
    not known. `columns` is the id of the set of columns that were used, `window` that of the read
    window.
    """

    mark: str
    columns: str = ALL_COLUMNS
    window: str = ALL_COLUMNS


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What a chunk read of a source, in digests by spans of the source's own partitions.

    `space` says how the source was cut. A span is half-open, None being an open end. `unplaced` is
    the digest of rows without a partition, None where they were not read. `keys` has the key of
    each span where a list of keys numbers them, which may be listed in another order later.
    """

    space: str
    spans: tuple[tuple[int | None, int | None, str], ...]
    unplaced: str | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildDetails:
    """What is kept of a build and read only when asked for.

    `row_counts`, and each of `digests` (by the id of a set of columns), have one entry for each
    partition of the island as it was written. `seconds` and `scan_bytes` are the island's.
    """

    strategy: str
    seconds: float
    row_counts: tuple[int, ...] = ()
    digests: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict, hash=False)
    sources: Mapping[str, SourceRead] = field(default_factory=dict, hash=False)
    query_id: str | None = None
    scan_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Island:
    """What built (or adopted, or forgot) consecutive partitions of one physical table at once.

    `identity` is the table's token when the record was written: a record of another identity does
    not count. `space` names the key space and grain, `start` and `end` the partitions as ordinals of
    it, half-open; keys of a list are recorded one by one, under their `end_key`. `start_key` and
    `end_key` are the first and the last partition in canonical text. `chunk` is the chunk's place
    within the run and the model, from 0. `slices` has the fingerprint of what gives a set of
    columns, by its id. `rows` is the total. `finished_at` is ISO 8601 in UTC. `analyser` is the
    version of the analysis that judged it. `seq` is its number, 0 until it is appended.

    What is read back may be a part of what was written: then `start` and `end` are the part's, and
    keys and `rows` those of the whole. Of islands that a checkpoint merged, run, plan and chunk are
    those of the newest.
    """

    relation: Relation
    identity: str
    space: str
    start: int
    end: int
    start_key: str
    end_key: str
    model: str
    action: Action
    run_id: str
    plan_id: str
    chunk: int
    fingerprint: str
    slices: Mapping[str, str] = field(default_factory=dict, hash=False)
    inputs: Mapping[str, InputMark] = field(default_factory=dict, hash=False)
    rows: int
    finished_at: str
    analyser: str
    seq: int = 0

    def __post_init__(self) -> None:
        if self.start >= self.end or (self.space == KEY_SPACE and self.end - self.start != 1):
            raise ValueError(f"not a range of {self.space}: {self.start} to {self.end}")

    @property
    def partitions(self) -> PartitionSet:
        return PartitionSet.span(self.start, self.end)

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCosts:
    """What all queries of a run were estimated to take, and what they came to; None where not known.

    `estimated_…` is the likely value, `…_high` the high end. `seconds` is the sum of the chunks' time,
    `cost_usd` what the run's own time costs. Both are there once it has ended.
    """

    estimated_seconds: float | None = None
    estimated_seconds_high: float | None = None
    estimated_bytes: int | None = None
    estimated_cost_usd: float | None = None
    estimated_cost_usd_high: float | None = None
    seconds: float | None = None
    cost_usd: float | None = None


NO_COSTS = RunCosts()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run. `plan_json` is None where a listing left it out, `finished_at` while it runs.

    `process_started` is the owner's start time in seconds since 1970 (0 where unknown); with `pid`
    and `host` it tells a live owner from another process that was given the same pid.
    `partitions` counts all that the plan lists.
    """

    run_id: str
    plan_id: str
    plan_json: str | None
    status: RunStatus
    started_at: str
    finished_at: str | None = None
    pid: int
    process_started: float
    host: str = ""
    version: str
    command: str
    partitions: int = 0
    costs: RunCosts = NO_COSTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """How one attempt at a chunk ended. `start` and `end` are ordinals of `space`, half-open.

    `start_key` and `end_key` are the same bounds as a person reads them. `code` and `message` are
    those of the failure, or of what blocked it.
    """

    run_id: str
    model: str
    relation: Relation
    chunk: int
    space: str
    start: int
    end: int
    start_key: str
    end_key: str
    status: ChunkStatus
    code: str | None = None
    message: str | None = None
    rows: int = 0
    seconds: float = 0.0
    finished_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Consecutive partitions whose last attempt failed and that nothing has recorded since."""

    space: str
    start: int
    end: int
    code: str
    message: str
    run_id: str
    finished_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """What the chunks of a run have come to: counts of partitions, of models, and of rows written."""

    models: tuple[str, ...] = ()
    partitions_done: int = 0
    partitions_failed: int = 0
    partitions_blocked: int = 0
    rows: int = 0
