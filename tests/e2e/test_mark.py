"""`mark`: tables that another tool built are adopted, records are forgotten, and nothing else happens."""

from __future__ import annotations

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN, refused

CTAS = (
    "create table events as select day, id, amount from 'data/events.parquet'",
    "create table totals as select day, sum(amount)::integer as amount from events group by day",
)


@pytest.fixture
def foreign(shop: ProjectDir) -> ProjectDir:
    """The shop, its tables made by somebody else."""
    data = shop.root / "data/events.parquet"
    for statement in CTAS:
        shop.execute(statement.replace("data/events.parquet", str(data)))
    return shop


def states(shop: ProjectDir, model: str = "events") -> dict[str, int]:
    [found] = shop.command("status", "-s", model, "--json").document["models"]
    return {
        state: found[state] for state in ("built", "missing", "untracked", "stale") if found[state]
    }


def adopt(shop: ProjectDir, *words: str) -> dict[str, object]:
    outcome = shop.command("mark", *words, "--as", "built", "--yes", "--json")
    assert outcome.exit_code == 0, outcome
    return outcome.document


def test_what_another_tool_built_is_adopted_and_nothing_is_built_again(foreign: ProjectDir) -> None:
    assert states(foreign) == {"untracked": 31}
    before = foreign.rows("select * from events order by all")
    document = adopt(foreign, "events", "-p", "2024-01")
    assert (document["partition_count"], document["rows"]) == (31, 93)
    assert states(foreign) == {"built": 31}
    assert foreign.rows("select * from events order by all") == before
    adopt(foreign, "totals@all")
    plan = foreign.command("plan", "--json").document
    assert plan["steps"] == []


def test_an_adopted_partition_becomes_stale_as_a_built_one_does(foreign: ProjectDir) -> None:
    adopt(foreign, "events@all")
    adopt(foreign, "totals@all")
    sql = (foreign.root / "models/totals.sql").read_text()
    foreign.write("models/totals.sql", sql.replace("sum(amount)", "max(amount)"))
    assert states(foreign, "totals") == {"stale": 31}
    assert states(foreign, "events") == {"built": 31}
    run = foreign.command("run", "-s", "events", "-p", "2024-01-05", "--allow-empty", "--yes")
    assert run.exit_code == 0, run
    foreign.write("models/totals.sql", sql)
    assert states(foreign, "totals") == {"built": 31}, "the same rows as were adopted"


def test_a_repeated_mark_does_nothing(foreign: ProjectDir) -> None:
    first = adopt(foreign, "events@2024-01")
    again = adopt(foreign, "events@2024-01")
    assert first["run_id"] is not None
    assert again["run_id"] is None
    assert again["partition_count"] == 0
    assert again["unchanged"] == [{"start": "2024-01-01", "end": "2024-02-01"}]


def test_forgetting_leaves_the_rows_and_takes_the_records(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    rows = shop.rows("select * from events order by all")
    outcome = shop.command("mark", "events@2024-01-05", "--as", "missing", "--yes")
    assert outcome.exit_code == 0, outcome
    assert states(shop) == {"built": 30, "untracked": 1}
    assert shop.rows("select * from events order by all") == rows
    adopt(shop, "events@2024-01-05")
    assert states(shop) == {"built": 31}
    commands = [run["command"] for run in shop.command("runs", "--json").document["runs"]]
    assert commands[:2] == [
        "mark events -p 2024-01-05 --as built",
        "mark events -p 2024-01-05 --as missing",
    ]


def test_without_a_terminal_and_without_yes_nothing_happens(foreign: ProjectDir) -> None:
    before = foreign.contents()
    message = refused(foreign, foreign.command("mark", "events@all", "--as", "built"), exit_code=3)
    assert "31 partitions" in message
    assert "--yes" in message
    assert foreign.contents() == before


def test_rows_of_no_partition_are_refused_with_a_count_and_three_of_them(
    foreign: ProjectDir,
) -> None:
    foreign.execute(
        "insert into events select null, 1000 + i, 0 from range(2) t(i) union all "
        "select date '2023-12-31', 2000, 0 union all select date '2024-02-01', 3000, 0"
    )
    before = foreign.contents()
    outcome = foreign.command("mark", "events@all", "--as", "built", "--yes")
    message = refused(foreign, outcome, exit_code=3)
    assert "4 rows" in message
    assert message.count("row:") == 3 or message.count("= row") == 3, message
    assert "--foreign-rows" in message
    assert foreign.contents() == before


def test_rows_of_no_partition_are_deleted_on_request_and_no_others(foreign: ProjectDir) -> None:
    foreign.execute("insert into events values (null, 1000, 0), (date '2024-02-01', 3000, 0)")
    document = adopt(foreign, "events@all", "--foreign-rows", "delete")
    assert (document["foreign_rows"], document["rows"]) == (2, 93)
    assert foreign.rows("select count(*), count(day), max(day)::varchar from events") == [
        (93, 93, "2024-01-31")
    ]
    assert states(foreign) == {"built": 31}
    assert "FOREIGN_ROWS_KEPT" not in foreign.command("status").stderr


def test_rows_of_no_partition_that_are_kept_are_told_of_ever_after(foreign: ProjectDir) -> None:
    foreign.execute("insert into events values (null, 1000, 0)")
    adopt(foreign, "events@all", "--foreign-rows", "keep")
    assert foreign.rows("select count(*) from events") == [(94,)]
    assert states(foreign) == {"built": 31}
    assert "FOREIGN_ROWS_KEPT" in foreign.command("status").stderr


def test_partitions_without_rows_are_adopted_with_a_warning(foreign: ProjectDir) -> None:
    foreign.execute("delete from events where day >= date '2024-01-30'")
    outcome = foreign.command("mark", "events@all", "--as", "built", "--yes")
    assert outcome.exit_code == 0, outcome
    assert "MARKED_EMPTY" in outcome.stderr
    assert "2024-01-30..2024-01-31" in outcome.stderr
    assert states(foreign) == {"built": 31}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("mark", "evnts@all", "--as", "built", "--yes"), "UNKNOWN_SELECTION"),
        (("mark", "events+@all", "--as", "built", "--yes"), "ONE_MODEL_ONLY"),
        (("mark", "events", "--as", "built", "--yes"), "PARTITIONS_NEEDED"),
        (("mark", "events@2025", "--as", "built", "--yes"), "OUT_OF_RANGE"),
        (("mark", "events@all", "--as", "stale", "--yes"), "INVALID_OPTION_VALUE"),
        (("mark", "events@all", "--yes"), "MISSING_ARGUMENT"),
        (
            ("mark", "events@all", "--as", "missing", "--foreign-rows", "keep", "--yes"),
            "CONFLICTING_OPTIONS",
        ),
    ],
)
def test_words_that_cannot_be_read_change_nothing(
    foreign: ProjectDir, words: tuple[str, ...], code: str
) -> None:
    before = foreign.contents()
    outcome = foreign.command(*words)
    refused(foreign, outcome)
    assert outcome.error_codes == [code]
    assert foreign.contents() == before


def test_a_table_that_is_not_there_or_does_not_fit_is_not_adopted(foreign: ProjectDir) -> None:
    foreign.execute("alter table totals add column note varchar")
    foreign.execute("drop table events")
    before = foreign.contents()
    gone = foreign.command("mark", "events@all", "--as", "built", "--yes")
    misfit = foreign.command("mark", "totals@all", "--as", "built", "--yes")
    assert gone.error_codes == ["NOTHING_TO_ADOPT"], gone
    assert misfit.error_codes == ["SCHEMA_CHANGED"], misfit
    assert foreign.contents() == before


def test_whole_tables_are_adopted_without_partitions(foreign: ProjectDir) -> None:
    foreign.write(
        "models/ever.sql",
        "{{ config(materialized='table') }}\nselect sum(amount) as amount from {{ ref('events') }}\n",
    )
    foreign.execute("create table ever as select sum(amount) as amount from events")
    assert states(foreign, "ever") == {"untracked": 1}
    assert refused(foreign, foreign.command("mark", "ever@2024", "--as", "built", "--yes"))
    assert adopt(foreign, "ever")["rows"] == 1
    assert states(foreign, "ever") == {"built": 1}
