"""`why`: what is recorded against what is now, with the run, the change of the code and of the inputs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN, refused


def why(shop: ProjectDir, *words: str) -> list[dict[str, Any]]:
    outcome = shop.command("why", *words, "--json")
    assert outcome.exit_code == 0, outcome
    found = outcome.document["ranges"]
    assert isinstance(found, list)
    return found


def newest_run(shop: ProjectDir) -> str:
    return str(shop.command("runs", "--limit", "1", "--json").document["runs"][0]["run_id"])


def edit(shop: ProjectDir, model: str, before: str, after: str) -> None:
    sql = (shop.root / f"models/{model}.sql").read_text()
    assert before in sql
    shop.write(f"models/{model}.sql", sql.replace(before, after))


def test_what_was_never_built_says_so_and_what_is_built_by_which_run(shop: ProjectDir) -> None:
    assert shop.command("run", "-p", "2024-01-01..2024-01-20", "--yes").exit_code == 0
    built, missing = why(shop, "totals@2024-01")
    assert (built["start"], built["end"], built["state"]) == ("2024-01-01", "2024-01-21", "built")
    assert built["summary"] == "up to date"
    assert built["causes"] == []
    assert built["recorded"]["run_id"] == newest_run(shop)
    assert (built["recorded"]["strategy"], built["recorded"]["rows"]) == ("range", 20)
    assert (missing["start"], missing["state"]) == ("2024-01-21", "missing")
    assert missing["recorded"] is None
    assert missing["summary"] == "never built"
    text = shop.command("why", "totals", "-p", "2024-01-20..2024-01-21").stdout
    assert "totals 2024-01-20: built" in text
    assert "never built" in text


def test_changed_code_is_shown_as_a_diff_of_the_sql(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    edit(shop, "totals", "sum(amount)", "max(amount)")
    [stale] = why(shop, "totals@all")
    [cause] = stale["causes"]
    assert (stale["state"], cause["code"]) == ("stale", "CODE_CHANGED")
    changed = [line for line in cause["diff"].splitlines() if line[:1] in "+-"]
    assert changed == [
        "--- recorded",
        "+++ current",
        "-select day, cast(sum(amount) as integer) as amount",
        "+select day, cast(max(amount) as integer) as amount",
    ]
    assert "from events" in cause["diff"]
    assert "+select day, cast(max(amount)" in shop.command("why", "totals@2024-01-03").stdout


def test_code_that_was_not_kept_is_no_error(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    edit(shop, "totals", "sum(amount)", "max(amount)")
    shop.execute("delete from sqlbackfill.code")
    [stale] = why(shop, "totals@all")
    assert stale["causes"][0]["diff"] is None
    assert stale["causes"][0]["notes"] == ["the code of then was not kept"]


def test_a_changed_input_is_named_with_its_partitions_and_the_run_that_wrote_them(
    shop: ProjectDir,
) -> None:
    assert shop.command(*RUN).exit_code == 0
    edit(shop, "events", "amount\nfrom", "amount + 1 as amount\nfrom")
    assert (
        shop.command("run", "-s", "events", "-p", "2024-01-05,2024-01-09", "--yes").exit_code == 0
    )
    run = newest_run(shop)
    ranges = why(shop, "totals@all")
    assert [(r["start"], r["state"]) for r in ranges if r["state"] == "stale"] == [
        ("2024-01-05", "stale"),
        ("2024-01-09", "stale"),
    ]
    [cause] = ranges[1]["causes"]
    day = [{"start": "2024-01-05", "end": "2024-01-06"}]
    assert (cause["code"], cause["input"], cause["partitions"]) == ("INPUT_CHANGED", "events", day)
    [write] = cause["writes"]
    assert (write["run_id"], write["partitions"]) == (run, day)
    assert write["at"].startswith("20")
    assert run in shop.command("why", "totals@2024-01-05").stdout


def test_all_causes_are_told_not_only_the_first(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    edit(shop, "events", "amount\nfrom", "amount + 1 as amount\nfrom")
    assert shop.command("run", "-s", "events", "-p", "2024-01-05", "--yes").exit_code == 0
    edit(shop, "totals", "sum(amount)", "max(amount)")
    codes = {r["start"]: [c["code"] for c in r["causes"]] for r in why(shop, "totals@all")}
    assert codes == {
        "2024-01-01": ["CODE_CHANGED"],
        "2024-01-05": ["CODE_CHANGED", "INPUT_CHANGED"],
        "2024-01-06": ["CODE_CHANGED"],
    }


def test_a_changed_source_is_named(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    import duckdb

    file = shop.root / "data/events.parquet"
    duckdb.execute(
        f"copy (select day, id, case when id = 7 then 1 else amount end as amount from "
        f"(from read_parquet('{file}'))) to '{file}.new' (format parquet)"
    )
    (shop.root / "data/events.parquet.new").replace(file)
    found = {r["state"]: r["causes"] for r in why(shop, "events@all")}
    assert [cause["code"] for cause in found["stale"]] == ["SOURCE_CHANGED"]
    assert found["stale"][0]["input"] == "raw.events"


def test_a_failure_is_told_with_its_error_and_its_run(shop: ProjectDir) -> None:
    edit(shop, "totals", "sum(amount)", "error('no ' || max(day))")
    edit(shop, "totals", "cast(", "try_cast(")
    assert shop.command("run", "-p", "2024-01-03", "--yes").exit_code == 1
    [missing] = why(shop, "totals@2024-01-03")
    assert (missing["state"], missing["failed"]) == ("missing", True)
    assert missing["failure"]["run_id"] == newest_run(shop)
    assert "no 2024-01-03" in missing["failure"]["message"]
    assert "the last attempt failed" in shop.command("why", "totals@2024-01-03").stdout


def test_records_that_were_taken_back_and_tables_that_went_are_told_apart(
    shop: ProjectDir,
) -> None:
    assert shop.command(*RUN).exit_code == 0
    shop.command("mark", "events@2024-01-05", "--as", "missing", "--yes")
    [back] = why(shop, "events@2024-01-05")
    assert back["state"] == "untracked"
    assert newest_run(shop) in back["summary"]
    shop.execute("drop table totals")
    [gone] = why(shop, "totals@all")
    assert gone["state"] == "missing"
    assert "TABLE_GONE" in gone["summary"]


def test_adopted_partitions_say_so(shop: ProjectDir) -> None:
    file = shop.root / "data/events.parquet"
    shop.execute(f"create table events as from '{file}'")
    assert why(shop, "events@2024-01-01")[0]["state"] == "untracked"
    shop.command("mark", "events@all", "--as", "built", "--yes")
    [built] = why(shop, "events")
    assert (built["state"], built["recorded"]["action"]) == ("built", "adopted")
    assert "adopted, 93 rows" in shop.command("why", "events").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("why", "totls@all"), "UNKNOWN_SELECTION"),
        (("why", "events+@all"), "ONE_MODEL_ONLY"),
        (("why", "totals", "-p", "2024-13"), "NONEXISTENT_TIME"),
        (("why", "totals", "-p", "2030-01-01"), "OUT_OF_RANGE"),
        (("why",), "MISSING_ARGUMENT"),
    ],
)
def test_words_that_cannot_be_read_exit_with_2(
    shop: ProjectDir, words: tuple[str, ...], code: str
) -> None:
    outcome = shop.command(*words)
    refused(shop, outcome)
    assert outcome.error_codes == [code]


def test_a_whole_table_is_told_without_partitions(shop: ProjectDir) -> None:
    shop.write(
        "models/ever.sql",
        "{{ config(materialized='table') }}\nselect sum(amount) as amount from {{ ref('events') }}\n",
    )
    assert shop.command("run", "--yes").exit_code == 0
    [built] = why(shop, "ever")
    assert (built["start"], built["end"], built["state"]) == (None, None, "built")
    outcome = shop.command("why", "ever@2024")
    assert outcome.error_codes == ["NOT_PARTITIONED"], outcome
