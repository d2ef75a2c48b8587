"""What breaks between us and Snowflake: each fault ends right, and nothing is written twice or lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator.process import IS_LONG, Emulator
from tests.emulator.proxy import LOGIN, Fate, Proxy, Rule, between
from tests.emulator.world import World, assert_whole, make_world


@pytest.fixture
def proxy(emulator: Emulator) -> Iterator[Proxy]:
    with between(emulator.port) as found:
        yield found


@pytest.fixture
def world(emulator: Emulator, proxy: Proxy, tmp_path: Path) -> World:
    found = make_world(tmp_path, emulator, days=6)
    found.target(port=proxy.port, connect_timeout=1)
    return found


def is_commit(sql: str) -> bool:
    return sql == "COMMIT"


def commit_of(table: str) -> Callable[[str], bool]:
    """The COMMIT that first publishes rows of `table`, however often the connector sends it.

    That is until it gave up, and a new session ends the lost one.
    """
    inserted: list[str] = []
    given_up: list[str] = []

    def matches(sql: str) -> bool:
        if sql.startswith("INSERT INTO") and f'"PROD"."{table}"' in sql:
            inserted.append(sql)
        if "SYSTEM$ABORT_SESSION" in sql:
            given_up.append(sql)
        return is_commit(sql) and bool(inserted) and not given_up

    return matches


def starting(text: str) -> Callable[[str], bool]:
    return lambda sql: sql.lstrip().upper().startswith(text)


RUN = ("run", "-p", "2024-01-01..2024-01-06", "--strategy", "chunk=3", "--yes")
FAULTS = {
    "a statement is lost on its way": (starting("DELETE"), Fate.DROPPED_BEFORE, 1),
    "an answer is lost": (starting("INSERT INTO"), Fate.DROPPED_AFTER, 3),
    "COMMIT is lost on its way, and sent again": (is_commit, Fate.DROPPED_BEFORE, 3),
    "the answer to COMMIT is lost, and asked for again": (is_commit, Fate.DROPPED_AFTER, 3),
    "an HTTP 500": (starting("DELETE"), Fate.HTTP_500, 1),
    "an HTTP 429": (starting("CREATE OR REPLACE TRANSIENT"), Fate.HTTP_429, 1),
    "a slow answer": (starting("DELETE"), Fate.SLOW, 1),
    "a session that expired between statements": (starting("BEGIN"), Fate.SESSION_EXPIRED, 3),
    "a session that expired in a transaction": (starting("DELETE"), Fate.SESSION_EXPIRED, 1),
    "too many waiters for a lock": (starting("DELETE"), Fate.LOCK_WAITERS, 0),
}


BRIEF = (
    "the answer to COMMIT is lost, and asked for again",
    "a session that expired in a transaction",
    "too many waiters for a lock",
)


@pytest.mark.parametrize("name", FAULTS if IS_LONG else BRIEF)
def test_what_passes_by_itself_is_not_seen(world: World, proxy: Proxy, name: str) -> None:
    matches, fate, skip = FAULTS[name]
    proxy.rules.append(Rule(matches, fate, skip=skip))
    done = world.project.command(*RUN)
    assert proxy.struck == 1
    assert done.exit_code == 0, done
    assert_whole(world, days=6, asks_status=IS_LONG)


@pytest.mark.parametrize("fate", [Fate.DROPPED_BEFORE, Fate.DROPPED_AFTER])
def test_the_outcome_of_a_commit_that_nobody_answered_is_read_from_the_ledger(
    world: World, proxy: Proxy, fate: Fate
) -> None:
    """Until the connector gives up: the chunk is then written once, whether it had been or not."""
    prepared = world.project.command("run", "-p", "2024-01-06", "-s", "events", "--yes")
    assert prepared.exit_code == 0, prepared
    proxy.rules.append(Rule(commit_of("EVENTS"), fate, times=1000))
    done = world.project.command("run", "-p", "2024-01-01..2024-01-06", "--yes")
    assert proxy.struck >= 2
    assert done.exit_code == 0, done
    assert_whole(world, days=6, asks_status=IS_LONG)
    records = world.rows(
        f"select model, count(*) from {world.database}.sqlbackfill.partition_log group by 1"
    )
    assert dict(records) == {"events": 2, "totals": 1}


@pytest.mark.parametrize("fate", [Fate.DROPPED_BEFORE, Fate.DROPPED_AFTER])
def test_a_commit_that_nobody_answered_holds_up_other_chunks_of_its_table(
    world: World, proxy: Proxy, fate: Fate
) -> None:
    """Four workers: whoever has the turn keeps it until the outcome is known."""
    world.target(port=proxy.port, connect_timeout=1, threads=4)
    prepared = world.project.command("run", "-p", "2024-01-06", "-s", "events", "--yes")
    assert prepared.exit_code == 0, prepared
    proxy.rules.append(Rule(commit_of("EVENTS"), fate, times=1000))
    done = world.project.command(
        "run", "-p", "2024-01-01..2024-01-06", "--strategy", "chunk=1", "--yes"
    )
    assert proxy.struck >= 2
    assert done.exit_code == 0, done
    assert_whole(world, days=6, asks_status=IS_LONG)
    twice = world.rows(
        f"select run_id, model, start_ordinal from {world.database}.sqlbackfill.partition_log "
        "group by 1, 2, 3 having count(*) > 1"
    )
    assert twice == []


def test_a_statement_timeout_is_not_tried_again_and_names_its_cure(
    world: World, proxy: Proxy
) -> None:
    proxy.rules.append(
        Rule(starting("CREATE OR REPLACE TRANSIENT"), Fate.STATEMENT_TIMEOUT, times=1000)
    )
    done = world.project.command(*RUN)
    assert done.exit_code == 1
    assert set(done.error_codes) == {"STATEMENT_TIMEOUT", "UPSTREAM_FAILED"}
    assert "larger warehouse" in done.stderr
    proxy.rules.clear()
    resumed = world.project.command("resume", "--yes")
    assert resumed.exit_code == 0, resumed
    assert_whole(world, days=6, asks_status=IS_LONG)


@pytest.mark.parametrize("field", ["retry_all", "retry_on_database_errors", None])
def test_a_refused_sign_in_is_tried_again_only_where_the_profile_says_so(
    world: World, proxy: Proxy, field: str | None
) -> None:
    world.target(port=proxy.port, connect_timeout=1, **({field: True} if field else {}))
    times = 1 if field else 1000
    proxy.rules.append(Rule(lambda sql: sql == LOGIN, Fate.SIGN_IN_REFUSED, times=times))
    done = world.project.command("status")
    assert proxy.struck
    assert done.exit_code == (0 if field else 2), done
    assert set(done.error_codes) == (set() if field else {"SIGN_IN_REFUSED"})


def test_without_a_server_there_is_one_clear_message_and_no_secret(world: World) -> None:
    secret = "hunter2-hunter2"  # noqa: S105
    world.target(port=1, connect_timeout=1, connect_retries=0, password=secret)
    done = world.project.command("status")
    assert done.exit_code == 2
    assert done.error_codes == ["CONNECTION_LOST"], done
    assert "Traceback" not in done.stderr
    assert not re.search(secret, done.stdout + done.stderr)
