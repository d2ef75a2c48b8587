"""A query that the engine does not give up: the process ends all the same, and nothing of it is kept."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from tests.e2e.command import COMMAND, ProjectDir
from tests.e2e.shop import EVENTS, RUN, make_shop

LONG = "jaro_similarity(repeat('ab', 400000 + id), repeat('bc', 400000))"
"""One call of one function, minutes long: the engine looks for interrupts between rows only."""


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectDir:
    return make_shop(tmp_path_factory.mktemp("deaf"))


def test_the_process_ends_at_the_next_signal_and_the_run_can_be_resumed(
    project: ProjectDir,
) -> None:
    assert project.command(*RUN, "-s", "events").exit_code == 0
    before = project.command("status", "--json").document["models"]
    edited = EVENTS.replace("amount\nfrom", f"cast(amount + {LONG} as bigint) as amount\nfrom")
    project.write("models/events.sql", edited)

    started = subprocess.Popen(
        [COMMAND, "run", "-s", "events", "-p", "2024-01-05", "--yes", "--json"],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for_the_run(project)
    time.sleep(1)
    # A busy machine may take two signals that come at once for one.
    for _ in range(20):
        started.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        if started.poll() is not None:
            break
    out, err = started.communicate(timeout=30)

    assert started.returncode == 130, err
    assert "Traceback" not in err
    assert "QUERY_NOT_INTERRUPTED" in err
    document = json.loads(out)
    assert document["status"] == "interrupted"
    assert document["models"][0]["partitions_built"] == 0
    project.write("models/events.sql", EVENTS)
    assert project.command("status", "--json").document["models"] == before
    assert project.command(*RUN).exit_code == 0


def _wait_for_the_run(project: ProjectDir) -> None:
    directory = project.root / ".sqlbackfill" / "runs"
    known = set(directory.iterdir())
    for _ in range(200):
        if set(directory.iterdir()) - known:
            return
        time.sleep(0.05)
    raise AssertionError("the run did not begin")
