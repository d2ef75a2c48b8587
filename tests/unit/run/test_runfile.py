from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sqlbackfill.errors import UsageError
from sqlbackfill.ledger.processes import Process, process_started, this_host, this_process
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.run import runfile
from sqlbackfill.run.execute import execute
from sqlbackfill.run.runfile import ModelProgress, RunFile, RunFileWriter, cancel, read_run_files
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain

FILE = RunFile(
    run_id="r-1",
    plan_id="p",
    command="sqlbackfill run",
    status=RunStatus.RUNNING,
    started_at="2026-01-01T00:00:00+00:00",
    process=this_process(),
    models={"daily": ModelProgress(total=4, built=2, rows=7)},
)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def process_of(sleeper: subprocess.Popen[bytes]) -> Process:
    return Process(this_host(), sleeper.pid, process_started(sleeper.pid) or 0.0)


def write(directory: Path, file: RunFile) -> None:
    RunFileWriter(directory).write(file, now=True)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "runs", FILE)
    assert read_run_files(tmp_path / "runs") == (FILE,)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["r-1.json"]


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    write(tmp_path, FILE)
    later = replace(FILE, run_id="a", started_at="2026-01-02T00:00:00+00:00")
    write(tmp_path, later)
    assert read_run_files(tmp_path) == (later, FILE)
    assert runfile.running(read_run_files(tmp_path)) == later


def test_a_run_whose_process_is_gone_reads_as_interrupted(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    file = replace(FILE, process=process_of(sleeper))
    write(tmp_path, file)
    assert read_run_files(tmp_path)[0].status is RunStatus.RUNNING
    sleeper.kill()
    sleeper.wait()
    [read] = read_run_files(tmp_path)
    assert read.status is RunStatus.INTERRUPTED
    assert runfile.running([read]) is None


def test_a_later_process_with_the_same_pid_is_not_taken_for_the_run(tmp_path: Path) -> None:
    other = replace(this_process(), started=this_process().started - 60)
    write(tmp_path, replace(FILE, process=other))
    assert read_run_files(tmp_path)[0].status is RunStatus.INTERRUPTED
    with pytest.raises(UsageError) as caught:
        cancel(tmp_path, "r-1")
    assert caught.value.diagnostics[0].code == "RUN_NOT_RUNNING"


def test_a_run_of_another_machine_may_still_be_under_way(tmp_path: Path) -> None:
    write(tmp_path, replace(FILE, process=Process("elsewhere", 1, 1.0)))
    assert read_run_files(tmp_path)[0].status is RunStatus.RUNNING
    with pytest.raises(UsageError) as caught:
        cancel(tmp_path, "r-1")
    assert caught.value.diagnostics[0].code == "RUN_ELSEWHERE"


def test_cancel_signals_the_process(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    file = replace(FILE, process=process_of(sleeper))
    write(tmp_path, file)
    assert cancel(tmp_path, "r-") == file
    assert sleeper.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("run_id", "code"),
    [
        ("nope", "RUN_UNKNOWN"),
        ("", "RUN_UNKNOWN"),
        ("r", "RUN_AMBIGUOUS"),
        ("r-2", "RUN_NOT_RUNNING"),
    ],
)
def test_cancel_says_why_it_cannot(tmp_path: Path, run_id: str, code: str) -> None:
    write(tmp_path, FILE)
    write(tmp_path, replace(FILE, run_id="r-2", status=RunStatus.DONE))
    with pytest.raises(UsageError) as caught:
        cancel(tmp_path, run_id)
    assert caught.value.diagnostics[0].code == code


def test_files_that_are_none_of_ours_are_left_out(tmp_path: Path) -> None:
    for name, text in (("a", "{"), ("b", "[]"), ("c", "{}"), ("d", '{"models": 3}')):
        (tmp_path / f"{name}.json").write_text(text)
    assert read_run_files(tmp_path) == ()
    assert read_run_files(tmp_path / "missing") == ()


def test_only_a_few_writes_a_second_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(runfile.time, "monotonic", lambda: now[0])
    writer = RunFileWriter(tmp_path)
    written = 0
    for step in range(100):
        path = tmp_path / "r-1.json"
        path.unlink(missing_ok=True)
        writer.write(replace(FILE, plan_id=str(step)))
        written += path.exists()
        now[0] += 0.01
    assert written == 5
    writer.write(replace(FILE, plan_id="last"), now=True)
    assert read_run_files(tmp_path)[0].plan_id == "last"


def test_a_place_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = RunFileWriter(tmp_path / "file" / "runs")
    writer.write(FILE, now=True)
    RunFileWriter(None).write(FILE, now=True)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_run_keeps_its_file_current_and_closes_it(
    tmp_path: Path, warehouse: DoubleAdapter
) -> None:
    states: list[str] = []

    def sink(event: object) -> None:
        path = tmp_path / "r.json"
        states.append(json.loads(path.read_text())["status"] if path.exists() else "absent")

    plan = chain.plan(chain.step("daily", chain.ALL))
    result = execute(
        chain.run_inputs(
            warehouse, "r", plan=plan, sink=sink, runs_directory=tmp_path, command="sqlbackfill run"
        )
    )
    assert result.status is RunStatus.DONE
    assert states[0] == "absent"
    assert states[1:-1] == ["running"] * (len(states) - 2)
    assert states[-1] == "done"
    [file] = read_run_files(tmp_path)
    assert file.process.pid == os.getpid()
    assert file.models == {"daily": ModelProgress(total=12, built=12, rows=36)}
    assert file.command == "sqlbackfill run"
