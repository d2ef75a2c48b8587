"""A source that changed, in tables, files and views: which partitions that makes stale, and which it leaves."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb
import pytest

from tests.e2e.command import Outcome, ProjectDir
from tests.e2e.shop import PROFILES, PROJECT_FILE, refused

FILE = 'meta: {external_location: "data/{name}.parquet"}'
SCHEMA = "schema: raw"
SOURCES = """\
version: 2
sources:
  - name: raw
    %s
    tables:
      - name: events
        config: {event_time: day, meta: {sqlbackfill: {%s}}}
      - name: people
"""
CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-01-29'%s}}) }}
"""
DAILY = CONFIG % "" + (
    "select day, sum(amount)::bigint as amount from {{ source('raw', 'events') }} group by day\n"
)
TRAILING = (
    CONFIG % ""
    + """\
select day, sum(sum(amount)) over (
  order by day range between interval 6 days preceding and current row)::bigint as amount
from {{ source('raw', 'events') }} group by day
"""
)
WEEKLY = """\
{{ config(event_time='week', begin='2024-01-01',
          meta={'sqlbackfill': {'grain': 'week', 'end': '2024-01-29'}}) }}
select date_trunc('week', day)::date as week, sum(amount)::bigint as amount
from {{ source('raw', 'events') }} group by 1
"""
NUMBERED = """\
{{ config(event_time='id', meta={'sqlbackfill': {'partitions': {'integers': {'size': 10, 'begin': 0, 'end': 90}}}}) }}
select id, amount from {{ source('raw', 'events') }}
"""
MODELS = {"daily": DAILY, "week_sum": TRAILING, "weekly": WEEKLY}
EVENTS = """
    select date '2024-01-01' + (n // 3)::integer as day, n as id, n * 10 as amount, 'n' as note
    from range(84) r(n)
"""
PEOPLE = "select n as id, 'p' || n as name from range(84) r(n)"
LATE = f"{EVENTS} union all select date '2024-01-10', 1000, 7, 'late'"
LATE_STALE = {
    "daily": ["2024-01-10..2024-01-11"],
    "week_sum": ["2024-01-10..2024-01-17"],
    "weekly": ["2024-01-08..2024-01-15"],
}
READING = re.compile(r"^reading raw\.events \((.*)\) to see what changed$", re.MULTILINE)


class Sources:
    """A project over `raw.events`, which stands in a table, a view or a file."""

    def __init__(self, root: Path, kind: str) -> None:
        self.kind = kind
        self.project = ProjectDir(root)
        (root / "data").mkdir(parents=True)
        self.project.write("sqlbackfill.yml", PROJECT_FILE)
        self.project.write("profiles.yml", PROFILES)
        if kind == "attached":
            attached = "schema: main, attach: [{path: other.duckdb, alias: other}]"
            self.project.write("profiles.yml", PROFILES.replace("schema: main", attached))
        self.declare()
        self.load(EVENTS)
        self.load(PEOPLE, "people")

    def declare(self, **words: str) -> None:
        """Declares the source with `words` of ours."""
        ours = ", ".join(f"{key}: {value}" for key, value in words.items())
        where = {"file": FILE, "attached": f"{SCHEMA}\n    database: other"}.get(self.kind, SCHEMA)
        self.project.write("models/sources.yml", SOURCES % (where, ours))

    def models(self, **models: str) -> None:
        for name, sql in models.items():
            self.project.write(f"models/{name}.sql", sql)

    def load(self, query: str, name: str = "events") -> None:
        """Puts the rows of `query` in the place of the source's."""
        if self.kind == "file":
            file = self.file(name)
            duckdb.execute(f"copy ({query}) to '{file}'")
            self.age(file)
            return
        made = f"{name}_rows" if self.kind == "view" else name
        self.execute(
            f"create schema if not exists raw; create or replace table raw.{made} as {query}"
        )
        if self.kind == "view":
            self.execute(f"create or replace view raw.{name} as select * from raw.{made}")

    def execute(self, sql: str) -> None:
        home = "other.duckdb" if self.kind == "attached" else "warehouse.duckdb"
        with duckdb.connect(str(self.project.root / home)) as connection:
            connection.execute(sql)

    def file(self, name: str = "events") -> Path:
        return self.project.root / f"data/{name}.parquet"

    def forget(self) -> None:
        """As if no command had read the source to compare it."""
        (self.project.root / ".sqlbackfill/cache/digests.msgpack").unlink(missing_ok=True)

    def age(self, file: Path) -> None:
        """As if written a while ago, at another moment each time: new files are never trusted."""
        stat = file.stat()
        past = stat.st_mtime_ns - 3_600_000_000_000
        os.utime(file, ns=(past, past))

    def run(self, *words: str) -> dict[str, int]:
        """Partitions built by model."""
        outcome = self.project.command("run", *words, "--yes", "--json")
        assert outcome.exit_code == 0, outcome
        return {
            one["model"]: one["partitions_built"]
            for one in outcome.document["models"]
            if one["partitions_built"]
        }

    def status(self) -> Outcome:
        outcome = self.project.command("status", "--json")
        assert outcome.exit_code == 0, outcome
        return outcome

    def stale(self) -> dict[str, list[str]]:
        return stale_of(self.status())


def stale_of(status: Outcome) -> dict[str, list[str]]:
    """The ranges that are stale by model, fresh models left out."""
    found = {
        model["model"]: [
            f"{one['start']}..{one['end']}" for one in model["ranges"] if one["state"] == "stale"
        ]
        for model in status.document["models"]
    }
    return {model: ranges for model, ranges in found.items() if ranges}


@pytest.fixture
def files(tmp_path: Path) -> Sources:
    """Parquet files, which have cheap versions."""
    return Sources(tmp_path / "shop", "file")


@pytest.fixture(params=["table", "attached", "view", "file"])
def sources(request: pytest.FixtureRequest, tmp_path: Path) -> Sources:
    return Sources(tmp_path / "shop", request.param)


def test_a_late_row_makes_stale_exactly_what_reads_its_day_and_run_rebuilds_it(
    sources: Sources,
) -> None:
    sources.models(**MODELS)
    assert sources.run() == {"daily": 28, "week_sum": 28, "weekly": 4}
    assert sources.stale() == {}
    sources.load(LATE)

    assert sources.stale() == LATE_STALE
    assert sources.run() == {"daily": 1, "week_sum": 7, "weekly": 1}
    assert sources.stale() == {}
    assert sources.run() == {}
    total = "select sum(amount)::bigint from"
    [(expected,)] = duckdb.execute(f"{total} ({LATE})").fetchall()
    assert sources.project.rows(f"{total} daily") == [(expected,)]
    assert sources.project.rows(f"{total} weekly") == [(expected,)]
    last_week = f"{total} daily where day between '2024-01-10' and '2024-01-16'"
    assert sources.project.rows(last_week) == sources.project.rows(
        "select amount from week_sum where day = '2024-01-16'"
    )


def test_a_source_without_event_time_is_compared_by_the_column_of_each_window(
    sources: Sources,
) -> None:
    sources.models(**MODELS, numbered=NUMBERED)
    yml = sources.project.root / "models/sources.yml"
    yml.write_text(yml.read_text().replace("event_time: day, ", ""))
    assert sources.run() == {"daily": 28, "numbered": 9, "week_sum": 28, "weekly": 4}
    assert sources.stale() == {}
    sources.load(EVENTS.replace("n * 10", "n * 10 + (n = 28)::int"))

    assert sources.stale() == {**LATE_STALE, "numbered": ["20..30"]}
    assert sources.run() == {"daily": 1, "numbered": 1, "week_sum": 7, "weekly": 1}
    assert sources.stale() == {}


def test_the_same_rows_in_another_order_and_a_column_that_nobody_reads_make_nothing_stale(
    sources: Sources,
) -> None:
    sources.models(daily=DAILY, weekly=WEEKLY)
    sources.run()
    sources.load(f"select * from ({EVENTS}) order by id desc")
    assert sources.stale() == {}
    sources.load(f"select * replace ('another' as note) from ({EVENTS})")
    assert sources.stale() == {}
    sources.load(f"select *, 1 as extra from ({EVENTS})")
    assert sources.stale() == {}
    sources.load(
        f"select * replace (amount + 1 as amount) from ({EVENTS}) where day <> '2024-01-03'"
    )
    assert sources.stale() == {
        "daily": ["2024-01-01..2024-01-29"], "weekly": ["2024-01-01..2024-01-29"],
    }  # fmt: skip


def test_a_deleted_row_and_one_moved_to_another_day_are_changes_of_their_days(
    sources: Sources,
) -> None:
    sources.models(daily=DAILY)
    sources.run()
    sources.load(f"select * from ({EVENTS}) where id <> 0")
    assert sources.stale() == {"daily": ["2024-01-01..2024-01-02"]}
    sources.load(
        f"select * replace (case id when 0 then date '2024-01-20' else day end as day) from ({EVENTS})"
    )
    assert sources.stale() == {"daily": ["2024-01-01..2024-01-02", "2024-01-20..2024-01-21"]}


def test_rows_without_a_day_change_only_what_may_read_them(files: Sources) -> None:
    files.models(
        daily=DAILY,
        dated=CONFIG % "" + "select coalesce(day, date '2024-01-05') as day, id\n"
        "from {{ source('raw', 'events') }}\n",
    )
    files.run()
    files.load(f"{EVENTS} union all select NULL, 1000, 7, 'nowhere'")

    stale = files.stale()
    assert "daily" not in stale
    assert stale["dated"]
    assert files.run("-p", "stale")["dated"] >= 1
    assert files.project.rows("select count(*) from dated where id = 1000") == [(1,)]
    assert files.stale() == {}


def test_what_is_read_to_compare_is_said_before_it_is_read(files: Sources) -> None:
    files.models(daily=DAILY)
    files.run()
    assert files.status().stderr == "", "an equal stamp needs no reading"
    files.load(LATE)

    seen = files.status()
    [price] = READING.findall(seen.stderr)
    assert re.fullmatch(r"about \d(\.\d)? kB|about \d+ bytes", price)
    assert "reading" not in seen.stdout
    assert files.project.command("plan").stderr == "", "what was read of a file is kept"
    files.forget()
    assert READING.findall(files.project.command("plan").stderr)
    for command in ("plan", "status"):
        files.forget()
        quiet = files.project.command(command, "--quiet", "--json")
        assert quiet.stderr == ""
        assert files.project.command(command, "--json").stdout.count("reading") == 0
    files.forget()
    assert READING.findall(files.project.command("run", "--yes").stderr)


@pytest.mark.parametrize(
    ("kind", "price"), [("table", "about 1.0 kB"), ("view", "how much is not known")]
)
def test_the_price_of_a_table_is_estimated_and_that_of_a_view_not_known(
    tmp_path: Path, kind: str, price: str
) -> None:
    sources = Sources(tmp_path / "shop", kind)
    sources.models(daily=DAILY)
    sources.run()

    assert READING.findall(sources.status().stderr) == [price]


def test_a_file_that_was_touched_but_holds_the_same_is_fresh(files: Sources) -> None:
    files.models(**MODELS)
    files.run()
    files.file().touch()
    touched = files.status()
    assert stale_of(touched) == {}
    assert READING.search(touched.stderr)


def test_by_version_every_reader_is_stale_and_it_says_why(files: Sources) -> None:
    files.declare(freshness="version")
    files.models(**MODELS)
    files.run()
    assert files.stale() == {}
    files.load(LATE)

    status = files.status()
    whole = ["2024-01-01..2024-01-29"]
    assert stale_of(status) == dict.fromkeys(MODELS, whole)
    assert "SOURCE_CHANGED" in status.stdout
    assert not READING.search(status.stderr)
    assert files.run() == {"daily": 28, "week_sum": 28, "weekly": 4}
    assert files.stale() == {}


def test_switched_off_a_source_never_changes(files: Sources) -> None:
    files.declare(freshness="'off'")
    files.models(**MODELS)
    files.run()
    files.load(LATE)

    status = files.status()
    assert stale_of(status) == {}
    assert not READING.search(status.stderr)
    assert files.run() == {}


def test_a_source_file_that_is_gone_is_one_clear_error(files: Sources) -> None:
    files.models(daily=DAILY)
    files.run()
    before = files.project.rows("select * from daily order by all")
    files.file().unlink()

    message = refused(files.project, files.project.command("run", "--yes"))
    assert "raw.events" in message
    assert "events.parquet" in message
    assert files.project.rows("select * from daily order by all") == before
    status = files.project.command("status")
    assert status.exit_code == 0
    assert "raw.events" in status.stderr


def test_a_view_over_a_source_hands_its_changes_through(files: Sources) -> None:
    files.models(
        seen="{{ config(materialized='view') }}\nselect day, amount from {{ source('raw', 'events') }}\n",
        daily=DAILY.replace("source('raw', 'events')", "ref('seen')"),
    )
    files.run()
    assert files.stale() == {}
    files.load(LATE)
    assert "daily" in files.stale()
    files.run()
    assert files.stale() == {}
    assert files.project.rows("select amount from daily where day = '2024-01-10'") == [(847,)]


NAMED = """\
select e.day, e.id, p.name from {{ source('raw', 'events') }} as e
join {{ source('raw', 'people') }} as p using (id)
"""
RENAMED = f"select * replace (case id when 5 then 'new' else name end as name) from ({PEOPLE})"


def named(on_change: str | None = None) -> str:
    words = f", 'on_change': {{'raw.people': '{on_change}'}}" if on_change else ""
    return CONFIG % words + NAMED


def test_a_dimension_that_changed_is_shown_and_left_to_whoever_asks(files: Sources) -> None:
    files.models(named=named(), below=CONFIG % "" + "select day, name from {{ ref('named') }}\n")
    files.run()
    files.load(RENAMED, "people")

    assert files.stale() == {"named": ["2024-01-01..2024-01-29"]}
    plan = files.project.command("plan", "--json").document
    assert plan["steps"] == []
    [skipped] = plan["skipped"]
    assert skipped["model"] == "named"
    assert skipped["code"] == "INPUT_READ_WHOLE_CHANGED"
    assert skipped["partitions"] == [{"start": "2024-01-01", "end": "2024-01-29"}]
    assert skipped["by"][0]["model"] == "raw.people"
    assert "-p stale" in skipped["fix"]
    assert files.run() == {}
    saved = files.project.command("plan", "-o", "plan.json")
    assert files.project.command("run", "--plan", "plan.json", "--yes").exit_code == 0, saved
    assert files.stale() == {"named": ["2024-01-01..2024-01-29"]}
    assert files.run("-p", "stale") == {"named": 28, "below": 1}, "early cut-off"
    assert files.stale() == {}
    assert files.project.rows("select count(*) from below where name = 'new'") == [(1,)]


def test_what_is_missing_is_built_though_a_dimension_changed(files: Sources) -> None:
    files.models(named=named())
    files.run("-p", "2024-01-01..2024-01-10")
    files.load(RENAMED, "people")
    assert files.run() == {"named": 18}
    assert files.stale() == {"named": ["2024-01-01..2024-01-11"]}


def test_restate_rebuilds_for_a_dimension_by_itself(files: Sources) -> None:
    files.models(named=named("restate"))
    files.run()
    files.load(RENAMED, "people")
    assert files.run() == {"named": 28}
    assert files.stale() == {}


@pytest.mark.parametrize("on_change", ["forward", "ignore"])
def test_forward_and_ignore_leave_what_is_built_and_build_on_with_the_new(
    files: Sources, on_change: str
) -> None:
    files.models(named=named(on_change))
    files.run("-p", "2024-01-01..2024-01-10")
    files.load(f"select * replace ('new' as name) from ({PEOPLE})", "people")

    assert files.stale() == {}
    assert files.run() == {"named": 18}
    assert files.stale() == {}
    new = "select min(day)::varchar, count(*) from named where name = 'new'"
    assert files.project.rows(new) == [("2024-01-11", 54)]


def test_forward_of_a_source_is_the_word_of_all_its_readers_but_those_with_one_of_their_own(
    files: Sources,
) -> None:
    files.declare(on_change="forward")
    own = CONFIG % ", 'on_change': {'raw.events': 'restate'}"
    files.models(daily=DAILY, own=DAILY.replace(CONFIG % "", own))
    files.run()
    files.load(LATE)
    assert files.stale() == {"own": ["2024-01-10..2024-01-11"]}
    assert files.run() == {"own": 1}
