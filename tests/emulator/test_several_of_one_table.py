"""Eight workers on one table of a Snowflake target, by the log of the statements that the server got."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sqlbackfill.errors import CancelledError
from sqlbackfill.warehouse.snowflake import SnowflakeAdapter, read_snowflake_target
from tests.emulator.process import Emulator
from tests.emulator.proxy import Fate, Rule, between
from tests.emulator.world import World, assert_whole, make_world

WORKERS = 8
DDL = re.compile(r"\s*(create|alter|drop|comment|truncate)\b", re.IGNORECASE)
STAGING = re.compile(r"CREATE OR REPLACE TRANSIENT TABLE \S*SQLBACKFILL_STAGE_")
PUBLISHING = re.compile(r'(DELETE FROM|INSERT INTO) "\w+"\."PROD"\."EVENTS"')
Log = Sequence[dict[str, Any]]


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path) -> Iterator[World]:
    """Whose first eight stages take two seconds each to be filled."""
    with between(emulator.port) as proxy:
        found = make_world(tmp_path, emulator)
        found.target(port=proxy.port, threads=WORKERS)
        proxy.rules.append(Rule(lambda sql: bool(STAGING.match(sql)), Fate.SLOW, times=WORKERS))
        emulator.statements(clear=True)
        yield found


def staged_together(log: Log) -> int:
    """How many sessions at most waited for their stage at a time: from its statement to their next."""
    under_way: set[int] = set()
    most = 0
    for each in log:
        under_way.discard(each["session"])
        if STAGING.match(each["sql"]):
            under_way.add(each["session"])
            most = max(most, len(under_way))
    return most


def transactions(log: Log) -> list[tuple[int, int, list[dict[str, Any]]]]:
    """Where each transaction that wrote EVENTS began and ended in the log, and what it did."""
    open_ones: dict[int, tuple[int, list[dict[str, Any]]]] = {}
    found = []
    for at, each in enumerate(log):
        session, sql = each["session"], each["sql"]
        if sql == "BEGIN":
            open_ones[session] = (at, [])
        elif sql in ("COMMIT", "ROLLBACK") and session in open_ones:
            began, done = open_ones.pop(session)
            if any(PUBLISHING.match(statement["sql"]) for statement in done):
                found.append((began, at, done))
        elif session in open_ones:
            assert not DDL.match(sql), sql
            open_ones[session][1].append(each)
    return sorted(found, key=lambda span: span[0])


def test_eight_workers_stage_side_by_side_and_publish_one_after_the_other(world: World) -> None:
    done = world.project.command(
        "run", "-s", "events", "-p", "2024-01", "--strategy", "chunk=2", "--yes"
    )
    assert done.exit_code == 0, done
    log = [each for each in world.emulator.statements() if not each["describe"]]
    assert all(each["ok"] for each in log if not each["sql"].startswith("EXPLAIN"))
    assert staged_together(log) == WORKERS
    published = transactions(log)
    assert len(published) == 16
    for (_, ended, _), (began, _, _) in itertools.pairwise(published):
        assert ended < began, "one transaction of a table at a time"
    for _, _, statements in published:
        writes = [each for each in statements if PUBLISHING.match(each["sql"])]
        assert [each["sql"].split()[0] for each in writes] == ["DELETE", "INSERT"]
        assert " ORDER BY " in writes[1]["sql"]
        [tag] = {each["parameters"]["QUERY_TAG"] for each in writes}
        assert json.loads(tag)["partitions"].startswith("2024-01-")
    made = [each for each in log if re.match(r'CREATE TRANSIENT TABLE "\w+"\."PROD"', each["sql"])]
    assert len(made) == 1
    below = world.project.command("run", "-p", "2024-01", "--strategy", "chunk=2", "--yes")
    assert below.exit_code == 0, below
    assert_whole(world)
    stages = (
        f"select table_name from {world.database}.information_schema.tables "
        "where table_name like 'SQLBACKFILL_STAGE%'"
    )
    assert world.rows(stages) == []


def test_all_that_run_are_cancelled_over_one_connection_more(
    emulator: Emulator, world: World
) -> None:
    """Signing in takes a second in an account: eight times that, over and over, is too long."""
    adapter = SnowflakeAdapter(
        read_snowflake_target(emulator.fields("prod", database=world.database))
    )
    sessions = [adapter.session() for _ in range(3)]
    ended: list[bool] = []

    def compute(at: int) -> None:
        try:
            sessions[at].execute(
                "SELECT sum(a.range * b.range) FROM range(4000000) a, range(4000000) b"
            )
        except CancelledError:
            ended.append(True)

    for session in sessions:
        session.execute("SELECT 1")
    emulator.statements(clear=True)
    threads = [threading.Thread(target=compute, args=(at,)) for at in range(len(sessions))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for session in sessions:
            session.interrupt()
    adapter.close()
    assert ended == [True] * len(sessions)
    cancels = [each for each in emulator.statements() if "CANCEL_ALL_QUERIES" in each["sql"]]
    assert len({each["sql"] for each in cancels}) == len(sessions)
    assert len({each["session"] for each in cancels}) == 1
