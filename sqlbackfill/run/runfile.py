"""The file that a run keeps beside the project, for who cannot read the warehouse while it writes.

Owns its name, its shape and its atomic replacement; what a run does is `execute`'s.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.ledger.processes import Process, this_host
from sqlbackfill.ledger.records import RunStatus

WRITES_PER_SECOND = 5
_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProgress:
    """How far a run is with one model, in partitions; `total` counts the skipped ones too."""

    total: int
    built: int = 0
    skipped: int = 0
    failed: int = 0
    blocked: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What a run file says. `started_at` is ISO 8601 in UTC."""

    run_id: str
    plan_id: str
    command: str
    status: RunStatus
    started_at: str
    process: Process
    models: Mapping[str, ModelProgress] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        models = {
            name: {key: getattr(progress, key) for key in ModelProgress.__slots__}
            for name, progress in self.models.items()
        }
        return {
            "schema_version": _SCHEMA_VERSION,
            "run_id": self.run_id,
            "plan_id": self.plan_id,
            "command": self.command,
            "status": self.status.value,
            "started_at": self.started_at,
            "pid": self.process.pid,
            "process_started": self.process.started,
            "host": self.process.host,
            "models": models,
        }

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> RunFile:
        """Raises KeyError, TypeError or ValueError where `document` is no run file of ours."""
        models = {
            name: ModelProgress(**{key: int(progress[key]) for key in ModelProgress.__slots__})
            for name, progress in document["models"].items()
        }
        return cls(
            run_id=str(document["run_id"]),
            plan_id=str(document["plan_id"]),
            command=str(document["command"]),
            status=RunStatus(document["status"]),
            started_at=str(document["started_at"]),
            process=Process(
                str(document["host"]), int(document["pid"]), float(document["process_started"])
            ),
            models=models,
        )


class RunFileWriter:
    """Keeps one run's file current, a few writes a second at most.

    A directory that cannot be written is no reason to stop a run: after the first failure nothing
    more is tried.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._written_at = float("-inf")

    def write(self, content: RunFile, *, now: bool = False) -> None:
        """Replaces the file, or leaves it for a later call unless `now`."""
        moment = time.monotonic()
        if self._directory is None or (
            not now and moment - self._written_at < 1 / WRITES_PER_SECOND
        ):
            return
        path = _path(self._directory, content.run_id)
        aside = path.with_suffix(f".{os.getpid()}.new")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(content.as_json()), encoding="utf-8")
            aside.replace(path)
            self._written_at = moment
        except OSError:
            self._directory = None


def read_run_files(directory: Path) -> tuple[RunFile, ...]:
    """Every run file in `directory`, newest first; what cannot be read is left out.

    One left `running` by a process that is gone reads as `interrupted`.
    """
    try:
        paths = sorted(directory.glob("*.json"))
    except OSError:
        return ()
    files = [file for path in paths if (file := _read(path)) is not None]
    return tuple(sorted(files, key=lambda file: (file.started_at, file.run_id), reverse=True))


def running(files: Iterable[RunFile]) -> RunFile | None:
    """The newest of `files` whose run is under way."""
    return next((file for file in files if file.status is RunStatus.RUNNING), None)


def cancel(directory: Path, run_id: str) -> RunFile:
    """Asks a run that is under way to give up, and returns its file as it stood.

    `run_id` may be shortened. Raises UsageError: RUN_UNKNOWN, RUN_AMBIGUOUS, RUN_NOT_RUNNING,
    RUN_ELSEWHERE, RUN_NOT_OURS.
    """
    files = read_run_files(directory)
    exact = [file for file in files if file.run_id == run_id]
    found = exact or [file for file in files if run_id and file.run_id.startswith(run_id)]
    if len(found) != 1:
        raise UsageError(_not_found(run_id, found))
    file = found[0]
    if file.status is not RunStatus.RUNNING or not file.process.is_alive():
        raise UsageError(_not_running(file))
    try:
        os.kill(file.process.pid, signal.SIGTERM)
    except ProcessLookupError:
        raise UsageError(_not_running(replace(file, status=RunStatus.INTERRUPTED))) from None
    except PermissionError:
        raise UsageError(_not_ours(file)) from None
    return file


def _path(directory: Path, run_id: str) -> Path:
    return directory / f"{run_id}.json"


def _read(path: Path) -> RunFile | None:
    try:
        file = RunFile.of_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if file.status is RunStatus.RUNNING and file.process.is_alive() is False:
        return replace(file, status=RunStatus.INTERRUPTED)
    return file


def _not_found(run_id: str, found: list[RunFile]) -> Diagnostic:
    if found:
        return Diagnostic(
            code="RUN_AMBIGUOUS",
            message=f"`{run_id}` begins the ids of {len(found)} runs",
            notes=(("runs", ", ".join(file.run_id for file in found)),),
            fix="give more of the id",
        )
    return Diagnostic(
        code="RUN_UNKNOWN",
        message=f"no run `{run_id}` was started from this project directory",
        fix="`sqlbackfill runs` lists them",
    )


def _not_running(file: RunFile) -> Diagnostic:
    if file.status is RunStatus.RUNNING and file.process.host != this_host():
        return Diagnostic(
            code="RUN_ELSEWHERE",
            message=f"run {file.run_id} was started on another machine, {file.process.host}",
            fix=f"cancel it there, or end its process {file.process.pid}",
        )
    return Diagnostic(
        code="RUN_NOT_RUNNING",
        message=f"run {file.run_id} is not under way: it is {file.status.value}",
        fix=None
        if file.status is RunStatus.DONE
        else f"to go on with it: sqlbackfill resume {file.run_id}",
    )


def _not_ours(file: RunFile) -> Diagnostic:
    return Diagnostic(
        code="RUN_NOT_OURS",
        message=f"run {file.run_id} belongs to another user (process {file.process.pid})",
        fix="ask that user to cancel it",
    )
