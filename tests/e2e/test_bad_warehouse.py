"""Databases, files and queries that fail: one clear message, and what was committed stays as it was."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys

import duckdb

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG, PROFILES, RUN, TOTALS, refused


def test_a_database_that_another_process_has_open_is_named_with_that_process(
    shop: ProjectDir,
) -> None:
    duckdb.connect(str(shop.warehouse)).close()
    holds = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(shop.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        outcome = shop.command(*RUN)
        other.communicate("")

    message = refused(shop, outcome)
    assert "warehouse.duckdb" in message
    assert str(other.pid) in message
    assert shop.rows("select count(*) from duckdb_tables()") == [(0,)]


def test_a_database_that_may_not_be_written_is_named(shop: ProjectDir) -> None:
    duckdb.connect(str(shop.warehouse)).close()
    shop.warehouse.chmod(0o444)
    before = shop.contents()

    outcome = shop.command(*RUN, before_start=_obey_file_modes)

    assert "warehouse.duckdb" in refused(shop, outcome)
    assert shop.contents() == before


def test_a_database_in_a_folder_that_does_not_exist_is_named(shop: ProjectDir) -> None:
    shop.write("profiles.yml", PROFILES.replace("warehouse.duckdb", "no/such/folder/w.duckdb"))
    before = shop.contents()

    assert "no/such/folder" in refused(shop, shop.command(*RUN))
    assert shop.contents() == before


def test_a_file_that_is_no_database_is_named_and_left_alone(shop: ProjectDir) -> None:
    shop.warehouse.write_text("these are not the bytes of a database\n" * 300)
    before = shop.contents()

    assert "warehouse.duckdb" in refused(shop, shop.command(*RUN))
    assert shop.contents() == before


def test_a_missing_parquet_file_is_named(shop: ProjectDir) -> None:
    (shop.root / "data" / "events.parquet").unlink()
    before = shop.contents()

    assert "data/events.parquet" in refused(shop, shop.command(*RUN))
    assert shop.contents() == before


def test_a_truncated_parquet_file_is_named(shop: ProjectDir) -> None:
    file = shop.root / "data" / "events.parquet"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    before = shop.contents()

    assert "events.parquet" in refused(shop, shop.command(*RUN))
    assert shop.contents() == before


def test_a_model_of_another_database_is_refused_before_anything_is_written(
    shop: ProjectDir,
) -> None:
    attach = "attach: [{path: other.duckdb, alias: other}]"
    shop.write("profiles.yml", PROFILES.replace("schema: main}", f"schema: main, {attach}}}"))
    shop.write("models/totals.sql", TOTALS.replace("config(", "config(database='other', "))
    duckdb.connect(str(shop.root / "other.duckdb")).close()

    for command in (("plan", "-p", "2024-01"), RUN):
        message = refused(shop, shop.command(*command))
        assert "error[other_database]: `totals`" in message
        assert "models/totals.sql:1:" in message
    assert not shop.warehouse.exists()


BREAKS_ON_THE_TENTH = """\
select day, cast(case when day = '2024-01-10' then 'ten' else '1' end as integer) as amount
from {{ ref('events') }}
"""


def test_a_query_that_fails_on_one_day_fails_that_day_and_what_needs_it(shop: ProjectDir) -> None:
    shop.write("models/totals.sql", CONFIG + BREAKS_ON_THE_TENTH)
    shop.write("models/below.sql", CONFIG + "select day, amount from {{ ref('totals') }}\n")

    outcome = shop.command(*RUN, "--strategy", "partition")

    assert outcome.exit_code == 1, outcome
    assert "Traceback" not in outcome.stderr
    assert "2024-01-10" in outcome.stderr
    assert "totals" in outcome.stderr
    last_line = (outcome.stderr + outcome.stdout).strip().splitlines()[-1]
    assert "sqlbackfill resume" in last_line
    for model, rows in (("events", 93), ("totals", 90), ("below", 90)):
        assert shop.rows(f"select count(*) from {model}") == [(rows,)]
        assert shop.rows(f"select count(*) from {model} where day = '2024-01-10'") == (
            [(3,)] if model == "events" else [(0,)]
        )


def test_a_query_that_names_an_unknown_column_is_placed_in_the_models_file(
    shop: ProjectDir,
) -> None:
    shop.write("models/totals.sql", TOTALS.replace("sum(amount)", "sum(amuont)"))

    outcome = shop.command(*RUN)

    message = refused(shop, outcome, exit_code=1)
    assert "amuont" in message
    assert "models/totals.sql:3:22" in message
    tables = "select table_name from duckdb_tables() where schema_name = 'main'"
    assert shop.rows(tables) == [("events",)]


def test_a_run_that_failed_can_be_gone_on_with_once_the_model_is_mended(shop: ProjectDir) -> None:
    shop.write("models/totals.sql", CONFIG + BREAKS_ON_THE_TENTH)
    assert shop.command(*RUN, "--strategy", "partition").exit_code == 1

    shop.write("models/totals.sql", TOTALS)
    outcome = shop.command(*RUN)

    assert outcome.exit_code == 0, outcome
    assert shop.rows("select count(*), sum(amount) from totals") == [(31, sum(range(93)) * 10)]


def test_a_bad_day_keeps_its_rows_and_its_record_and_costs_that_day_alone(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    [tenth] = shop.rows("select * from totals where day = '2024-01-10'")
    shop.write(
        "models/totals.sql", CONFIG + BREAKS_ON_THE_TENTH.replace("select day,", "select day ,")
    )

    outcome = shop.command("run", "-s", "totals", "-p", "2024-01", "--strategy", "range", "--yes")

    assert outcome.exit_code == 1, outcome
    assert shop.rows("select * from totals where day = '2024-01-10'") == [tenth]
    status = shop.command("status", "-s", "totals", "--json").document["models"][0]
    assert [status[word] for word in ("built", "stale", "failed")] == [30, 1, 1]
    [stale] = [r for r in status["ranges"] if r["state"] == "stale"]
    assert (stale["start"], stale["end"], stale["failed"]) == ("2024-01-10", "2024-01-11", True)


def test_a_full_disk_is_an_error_and_what_was_committed_stays(shop: ProjectDir) -> None:
    wide = "select day, id, repeat(md5(random()::varchar), 4000) as text from {{ ref('events') }}"
    shop.write("models/wide.sql", CONFIG + wide + "\n")

    full = shop.command(*RUN, "--strategy", "partition", before_start=_small_disk)

    assert full.exit_code in {1, 2}, full
    assert "Traceback" not in full.stderr
    assert len(full.error_codes) >= 1, full
    recorded = shop.rows("""
        select count(*) from (
            select day::varchar as day from wide group by day
            except
            select end_key from sqlbackfill.partition_log where model = 'wide'
        )
    """)
    assert recorded == [(0,)]

    again = shop.command(*RUN, "--strategy", "partition")

    assert again.exit_code == 0, again
    assert shop.rows("select count(*) from wide") == [(93,)]


CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


def _obey_file_modes() -> None:
    """Lets even root, as whom CI may run, be refused by a file's mode."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def _small_disk() -> None:
    """No file may grow beyond 4 MB: the write fails as it does on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))
