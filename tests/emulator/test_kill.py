"""The server is killed in the midst of runs: what stands afterwards is as if nothing had happened."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.emulator.process import running
from tests.emulator.world import assert_whole, make_world

KILLS = 30
SEED = 20261122


@pytest.mark.parametrize("workers", [1, 8])
def test_thirty_kills_at_random_points_lose_nothing_and_write_nothing_twice(
    tmp_path: Path, workers: int
) -> None:
    """With eight workers the chunks of both tables are staged side by side."""
    dice = random.Random(SEED + workers)
    with running(tmp_path / "emulator") as emulator:
        world = make_world(tmp_path / "project", emulator, connect_timeout=1, threads=workers)
        killed, is_over = 0, threading.Event()

        def strike() -> None:
            nonlocal killed
            while killed < KILLS and not is_over.wait(dice.uniform(0.05, 0.9)):
                emulator.kill()
                killed += 1
                emulator.start()

        striker = threading.Thread(target=strike)
        striker.start()
        try:
            exits = []
            for _ in range(40):
                command = ("resume", "--yes") if exits else ()
                started = ("run", "-p", "2024-01", "--strategy", "chunk=1", "--yes")
                done = world.project.command(*(command or started))
                exits.append(done.exit_code)
                assert "Traceback" not in done.stderr, done
                if killed >= KILLS and done.exit_code == 0:
                    break
                if done.exit_code == 0:
                    exits.clear()
                time.sleep(0.1)
        finally:
            is_over.set()
            striker.join()
        assert killed == KILLS
        assert world.project.command("run", "--yes").exit_code == 0
        assert_whole(world)
        twice = world.rows(
            f"select run_id, model, start_ordinal from {world.database}.sqlbackfill.partition_log "
            "group by 1, 2, 3 having count(*) > 1"
        )
        assert twice == []
