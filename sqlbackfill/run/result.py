"""What a run came to, and its JSON document. Values only."""

from __future__ import annotations

from typing import Any

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Estimate

SCHEMA_VERSION = 1

EXIT_CODES = {
    RunStatus.DONE: 0,
    RunStatus.FAILED: 1,
    RunStatus.STOPPED: 3,
    RunStatus.INTERRUPTED: 130,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """What a run did to one model.

    `partitions_skipped` were committed before by a run of the same plan, or are among the
    `partitions_cut_off`: left as they are, since what they read came out the same. `queries` counts
    the runs of the model's query, failed ones and repetitions included; `seconds` is the sum of
    their chunks' time, of those that ran side by side too.
    """

    model: str
    partitions_built: int = 0
    partitions_skipped: int = 0
    partitions_cut_off: int = 0
    rows: int = 0
    queries: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        saved = {"partitions_cut_off": self.partitions_cut_off} if self.partitions_cut_off else {}
        return {
            "model": self.model,
            "partitions_built": self.partitions_built,
            "partitions_skipped": self.partitions_skipped,
            **saved,
            "rows": self.rows,
            "queries": self.queries,
            "seconds": round(self.seconds, 6),
        }


@dataclass(frozen=True, slots=True)
class FailedChunk:
    """A chunk that was rolled back, and why."""

    model: str
    chunk: Chunk
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class BlockedChunk:
    """A chunk that was not tried, since partitions that it reads of `by`, `lost`, were not built."""

    model: str
    chunk: Chunk
    by: str
    lost: PartitionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended.

    `models` follow the plan's order. `errors` say everything that went wrong, blocked partitions
    included. `warnings` are the run's own; those of chunks went to the sink with ChunkFinished.
    `resume` is the command that goes on, or None where nothing is left to do. `estimate` is what the plan foretold of all
    its queries, None where some had run before; `usd_per_second` what its time costs. `seconds` is the time
    from the run's beginning to its end. `is_left` tells that a thread still waits for a statement
    that the engine did not give up: the process can only end hard, and the adapter not be closed.
    """

    run_id: str
    plan_id: str
    status: RunStatus
    models: tuple[ModelResult, ...]
    failures: tuple[FailedChunk, ...] = ()
    blocked: tuple[BlockedChunk, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    resume: str | None = None
    estimate: Estimate | None = None
    usd_per_second: float | None = None
    seconds: float = 0.0
    is_left: bool = False

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]

    def as_json(self) -> dict[str, Any]:
        """The `run` document of the command-line contract."""
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "plan_id": self.plan_id,
            "status": self.status.value,
            "models": [model.as_json() for model in self.models],
            "resume": self.resume,
        }
        if self.errors:
            document["errors"] = [error.as_json() for error in self.errors]
        return document
