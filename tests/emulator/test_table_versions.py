"""A source in Snowflake is digested again only where LAST_ALTERED moved, and then by its days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from sqlbackfill.ledger.records import InputMark
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.run.source_cover import Span
from sqlbackfill.run.source_reads import SourceReading, SourceScan
from sqlbackfill.warehouse.protocol import DigestSql, Relation, Session, TableVersion
from sqlbackfill.warehouse.snowflake_versions import MARGIN, table_versions
from tests.emulator.process import Emulator
from tests.emulator.world import World, make_world

EVENTS = Relation("HOUSE", "RAW", "EVENTS")


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path) -> World:
    world = make_world(tmp_path, emulator, days=9)
    world.project.write(
        "models/sources.yml",
        "version: 2\nsources:\n  - name: raw\n    schema: raw\n    tables:\n"
        "      - {name: events, config: {event_time: day}}\n",
    )
    emulator.statements(clear=True)  # those of other tests
    return world


def digests(world: World) -> list[str]:
    """The queries since the last question that read the source to compare or to record it."""
    log = world.emulator.statements(clear=True)
    return [
        each["sql"]
        for each in log
        if each["sql"].startswith("SELECT") and '"RAW"."EVENTS"' in each["sql"] and "HASH(" in each["sql"]
    ]  # fmt: skip


def stale(world: World) -> dict[str, int]:
    status = world.project.command("status", "--json")
    assert status.exit_code == 0, status
    return {model["model"]: model["stale"] for model in status.document["models"]}


def test_a_source_that_nobody_wrote_to_is_not_digested_again(world: World) -> None:
    done = world.project.command("run", "-p", "2024-01-01..2024-01-09", "--yes")
    assert done.exit_code == 0, done
    assert len(digests(world)) == 1
    assert stale(world) == {"events": 0, "totals": 0}
    assert digests(world) == []


def test_days_that_are_built_one_by_one_share_the_digest_of_an_untouched_table(
    world: World,
) -> None:
    digests(world)
    period = ("-p", "2024-01-01..2024-01-09")
    world.project.command("run", *period, "--strategy", "chunk=1", "--yes")
    assert len(digests(world)) == 1
    assert stale(world) == {"events": 0, "totals": 0}


def test_a_late_row_makes_its_day_stale_and_is_looked_for_once(world: World) -> None:
    world.project.command("run", "-p", "2024-01-01..2024-01-09", "--yes")
    world.do("insert into events values ('2024-01-05', 1000, 5)")
    digests(world)
    assert stale(world) == {"events": 1, "totals": 0}
    assert len(digests(world)) == 1
    shown = world.project.command("plan", "-p", "stale", "--json").document
    assert digests(world) == []
    assert shown["steps"][0]["partitions"] == [{"start": "2024-01-05", "end": "2024-01-06"}]
    again = world.project.command("run", "-p", "stale", "--yes")
    assert again.exit_code == 0, again
    digests(world)
    assert stale(world) == {"events": 0, "totals": 0}
    assert digests(world) == []


def test_what_writes_no_other_row_is_found_to_be_the_same(world: World) -> None:
    world.project.command("run", "-p", "2024-01-01..2024-01-09", "--yes")
    world.do("update events set amount = amount")
    digests(world)
    assert stale(world) == {"events": 0, "totals": 0}
    assert len(digests(world)) == 1


def test_a_change_that_leaves_counts_as_they_are_is_found(world: World) -> None:
    world.project.command("run", "-p", "2024-01-01..2024-01-09", "--yes")
    world.do("update events set amount = amount + 1 where day = '2024-01-03'")
    assert stale(world) == {"events": 1, "totals": 0}


def test_a_view_has_no_version_and_is_digested_each_time(world: World) -> None:
    world.do(
        "alter table RAW.events rename to RAW.kept", "create view events as select * from kept"
    )
    world.project.command("run", "-p", "2024-01-01..2024-01-09", "--yes")
    for _ in range(2):
        digests(world)
        assert stale(world) == {"events": 0, "totals": 0}
        assert len(digests(world)) == 1


class Catalogue:
    """A session that answers as the catalogue would."""

    in_transaction = False

    def __init__(self, *row: object) -> None:
        self.row = row

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        assert "LAST_ALTERED" in sql.upper()
        assert list(parameters) == ["EVENTS"]
        return [("RAW", "EVENTS", *self.row)]


def test_a_change_of_this_moment_proves_nothing_yet() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    for ago, is_settled in ((timedelta(), False), (MARGIN, False), (MARGIN * 1.1, True)):
        session = cast("Session", Catalogue(now - ago, now, 3, 100, "LOADER", now))
        assert table_versions(session, [EVENTS])[EVENTS].is_settled is is_settled


def test_versions_differ_by_time_rows_bytes_and_role() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    then = now - timedelta(days=1)
    told = [
        (then, then, 3, 100, "LOADER", now),
        (then + timedelta(milliseconds=1), then, 3, 100, "LOADER", now),
        (then, now, 3, 100, "LOADER", now),
        (then, then, 4, 100, "LOADER", now),
        (then, then, 3, 101, "LOADER", now),
        (then, then, 3, 100, "READER", now),
    ]
    sessions = [cast("Session", Catalogue(*row)) for row in told]
    assert len({table_versions(each, [EVENTS])[EVENTS].text for each in sessions}) == len(told)


@pytest.mark.parametrize("altered", [None, ""])
def test_a_table_without_a_time_has_no_version(altered: object) -> None:
    session = cast("Session", Catalogue(altered, None, 3, 100, "LOADER", datetime.now(UTC)))
    assert table_versions(session, [EVENTS]) == {}


class Digested:
    """A session that gives one digest, whatever it is asked."""

    def execute(self, _sql: str) -> list[tuple[Any, ...]]:
        return [(None, 3, "1", "2")]


@pytest.mark.parametrize(
    ("before", "after", "mark", "is_digested"),
    [
        (TableVersion("a", True), TableVersion("a", True), "a", True),
        (TableVersion("a", False), TableVersion("a", True), "", True),
        (TableVersion("a", True), TableVersion("b", False), "", False),
        (TableVersion("a", False), TableVersion("b", False), "", False),
        (TableVersion("a", True), None, "", False),
        (None, None, "", True),
    ],
)
def test_a_table_that_moves_while_a_chunk_reads_it_has_neither_mark_nor_digest(
    before: TableVersion | None, after: TableVersion | None, mark: str, is_digested: bool
) -> None:
    answers = [before, after]
    scan = SourceScan(
        name="raw.events",
        relation="raw.events",
        column=None,
        partitioning=WholePartitioning(),
        spans=(Span(None, None),),
        includes_unplaced=False,
        sql=DigestSql(tag="t", first_sum="1", second_sum="2"),
        table=EVENTS,
    )

    def versions(_session: Session, tables: Sequence[Relation]) -> dict[Relation, TableVersion]:
        assert tables == [EVENTS]
        answer = answers.pop(0)
        return {EVENTS: answer} if answer is not None else {}

    session = cast("Session", Digested())
    reading = SourceReading((scan,), session, "snowflake", versions)
    marks, found = reading.end({"raw.events": InputMark("")})
    assert marks["raw.events"].mark == mark
    assert bool(found) is is_digested
