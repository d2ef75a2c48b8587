"""A process killed at any moment leaves data and ledger equal, and another one goes on from there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sqlbackfill.run.execute import execute
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from tests.crash import chain

WORKER = Path(__file__).with_name("worker.py")
KILLS = {1: 30, 3: 12}
"""How often a run is killed, by its workers."""
ROWS_PER_DAY = 3000


def new_warehouse(file: Path) -> None:
    adapter = DuckDBAdapter(DuckDBTarget(path=file))
    session = adapter.session()
    chain.make_source(session, rows_per_day=ROWS_PER_DAY)
    adapter.close()


def start(file: Path, run_id: str, workers: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(file), run_id, str(workers)],
        stdout=subprocess.PIPE,
        text=True,
    )


def look(file: Path) -> tuple[list[str], dict[str, object]]:
    adapter = DuckDBAdapter(DuckDBTarget(path=file))
    found = chain.disagreements(adapter), chain.contents(adapter)
    adapter.close()
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    file = tmp_path_factory.mktemp("clean") / "clean.duckdb"
    new_warehouse(file)
    adapter = DuckDBAdapter(DuckDBTarget(path=file))
    assert execute(chain.run_inputs(adapter, "clean")).exit_code == 0
    adapter.close()
    return look(file)[1]


@pytest.mark.slow
@pytest.mark.parametrize("workers", list(KILLS))
def test_kills_at_random_moments_lose_and_double_nothing(
    tmp_path: Path, clean: dict[str, object], workers: int
) -> None:
    chance = random.Random(2013)
    kills = finished = 0
    file = tmp_path / "w0.duckdb"
    new_warehouse(file)
    run = 0
    while kills < KILLS[workers]:
        run += 1
        process = start(file, f"run-{run}", workers)
        assert process.stdout is not None
        process.stdout.readline()  # the run has started
        time.sleep(chance.uniform(0.0, 0.25))
        process.kill()
        status = process.wait()
        process.stdout.close()
        if status == 0:
            finished += 1
            assert look(file) == ([], clean)
            file = tmp_path / f"w{run}.duckdb"
            new_warehouse(file)
            continue
        kills += 1
        disagreements, contents = look(file)
        assert disagreements == [], f"after kill {kills}"
        assert all(
            set(rows) <= set(clean[name]) for name, rows in contents.items() if name != "summary"
        )
    last = start(file, "last", workers)
    last.communicate()
    assert last.returncode == 0
    assert look(file) == ([], clean)
