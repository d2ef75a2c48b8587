"""The rows of the ledger as values. How they are stored and read back is `ledger`'s."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlbackfill.warehouse.protocol import Relation


class Action(StrEnum):
    """What a partition record says happened; `forgotten` takes back what was recorded before."""

    BUILT = "built"
    ADOPTED = "adopted"
    FORGOTTEN = "forgotten"


class RunStatus(StrEnum):
    """How a run stands. A run left `running` by a dead process is shown as `interrupted`."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class ChunkStatus(StrEnum):
    """How a chunk's last attempt ended. `blocked` was never tried."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRecord:
    """What built (or adopted, or forgot) one partition of one physical table.

    `identity` is the table's token when the record was written: a record of another identity does
    not count. `space` names the key space and grain, `key` the partition within it in canonical
    text, `ordinal` the same as a number. `chunk` is the chunk's place within the run and the model,
    from 0. `inputs` maps each input read to its version. `output_digest` is None where none was
    taken. `seconds` and `scan_bytes` are the chunk's, shared evenly among its partitions.
    `finished_at` is ISO 8601 in UTC. `analyser` is the version of the analysis that judged it.
    """

    relation: Relation
    identity: str
    space: str
    key: str
    ordinal: int
    model: str
    action: Action
    run_id: str
    plan_id: str
    chunk: int
    fingerprint: str
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    output_digest: str | None = None
    rows: int
    strategy: str
    query_id: str | None = None
    seconds: float
    scan_bytes: int | None = None
    finished_at: str
    analyser: str

    @property
    def version(self) -> str:
        """What a downstream compares: the content digest, or else the build that wrote it."""
        return self.output_digest or f"{self.run_id}:{self.chunk}:{self.key}"


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


def canonical_inputs(inputs: Mapping[str, str]) -> str:
    """`inputs` as the one JSON text that equal mappings share."""
    return json.dumps(dict(inputs), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
