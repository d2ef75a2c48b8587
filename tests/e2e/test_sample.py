"""`sqlbackfill sample`: what partitions of models read of the sources, as files to run on."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import refused

CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01'}}) }}
"""
MODELS = {
    "orders": CONFIG + "select day, id, customer, amount from {{ source('raw', 'orders') }}\n",
    "trailing": CONFIG
    + "select day, sum(amount) over (order by day range between interval 2 days preceding and "
    "current row) as amount\nfrom {{ ref('orders') }}\n",
    "named": CONFIG + "select o.day, c.name, sum(o.amount) as amount from {{ ref('orders') }} o\n"
    "join {{ source('raw', 'customers') }} c on c.id = o.customer group by o.day, c.name\n",
    "first_seen": CONFIG
    + "select day, customer, min(day) over (partition by customer order by day) as first_day\n"
    "from {{ ref('orders') }}\n",
}


@pytest.fixture
def project(tmp_path: Path) -> ProjectDir:
    """A warehouse with the sources as tables, one partitioned and one not."""
    project = ProjectDir(tmp_path / "shop")
    project.write(
        "sqlbackfill.yml",
        "name: shop\nprofile: shop\nmodels:\n  shop:\n    +materialized: incremental\n",
    )
    project.write(
        "profiles.yml",
        "shop: {target: prod, outputs: {prod: {type: duckdb, path: prod.duckdb, schema: dwh}}}\n",
    )
    project.write(
        "models/sources.yml",
        "sources:\n  - name: raw\n    schema: lake\n    tables:\n"
        "      - {name: orders, config: {event_time: day}}\n      - {name: customers}\n",
    )
    for name, sql in MODELS.items():
        project.write(f"models/{name}.sql", sql)
    with duckdb.connect(str(project.root / "prod.duckdb")) as prod:
        prod.execute("create schema lake")
        prod.execute(
            "create table lake.orders as select date '2024-01-01' + (n // 10)::integer as day, "
            "n as id, n % 5 as customer, n * 1.5 as amount from range(310) r(n)"
        )
        prod.execute(
            "create table lake.customers as select n as id, 'c' || n as name from range(5) r(n)"
        )
    return project


def taken(project: ProjectDir, query: str, folder: str = "out") -> list[tuple[object, ...]]:
    return duckdb.sql(query.replace("@", f"{project.root}/{folder}")).fetchall()


def files(project: ProjectDir, folder: str = "out") -> list[str]:
    root = project.root / folder
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.parquet"))


def test_it_takes_just_what_the_read_windows_need(project: ProjectDir) -> None:
    done = project.command("sample", "-s", "trailing", "-p", "2024-01-10", "-o", "out")
    assert done.exit_code == 0, done
    assert files(project) == ["raw.orders/2024-01-08_2024-01-11.parquet"]
    query = "select min(day)::varchar, max(day)::varchar, count(*) from '@/raw.orders/*.parquet'"
    assert taken(project, query) == [("2024-01-08", "2024-01-10", 30)]
    assert "reading raw.orders 2024-01-08_2024-01-11 (at most" in done.stderr


def test_the_project_runs_on_the_sample_and_gives_the_rows_of_production(
    project: ProjectDir,
) -> None:
    chosen = ("-s", "trailing", "-s", "named", "-p", "2024-01-10..2024-01-12")
    done = project.command("sample", *chosen, "-o", "out", "--json")
    assert done.exit_code == 0, done
    words = done.document["next"].split()
    assert words[:6] == ["sqlbackfill", "run", "--profiles-dir", "out", "--target", "sample"]
    local = project.command(*words[1:], "--yes")
    assert local.exit_code == 0, local
    real = project.command("run", *chosen, "--missing-upstream", "build", "--yes")
    assert real.exit_code == 0, real
    with duckdb.connect() as both:
        both.execute(f"attach '{project.root}/out/sample.duckdb' as sample (read_only)")
        both.execute(f"attach '{project.root}/prod.duckdb' as prod (read_only)")
        for table in ("trailing", "named"):
            assert both.execute(f"select count(*) from sample.dwh.{table}").fetchall() != [(0,)]
            assert not both.execute(
                f"from sample.dwh.{table} except all from prod.dwh.{table}"
            ).fetchall()


def test_gaps_are_files_of_their_own_and_what_is_not_partitioned_is_whole(
    project: ProjectDir,
) -> None:
    done = project.command("sample", "-s", "named", "-p", "2024-01-03,2024-01-09", "-o", "out")
    assert done.exit_code == 0, done
    assert files(project) == [
        "raw.customers/all.parquet",
        "raw.orders/2024-01-03_2024-01-04.parquet",
        "raw.orders/2024-01-09_2024-01-10.parquet",
    ]
    local = project.command(
        "run", "--profiles-dir", "out", "--target", "sample", "-s", "+named",
        "-p", "2024-01-03,2024-01-09", "--yes",
    )  # fmt: skip
    assert local.exit_code == 0, local


def test_a_source_that_is_read_without_bound_is_taken_whole_and_said(project: ProjectDir) -> None:
    done = project.command("sample", "-s", "first_seen", "-p", "2024-01-03", "-o", "out")
    assert done.exit_code == 0, done
    [(first, last)] = taken(
        project, "select min(day)::varchar, max(day)::varchar from '@/raw.orders/*.parquet'"
    )
    assert first == "2024-01-01"
    assert last is not None
    assert last >= "2024-01-03"  # type: ignore[operator]  # a date as text


def test_a_limit_takes_the_same_rows_again_and_another_seed_others(project: ProjectDir) -> None:
    ids = {}
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        done = project.command(
            "sample", "-s", "orders", "-p", "2024-01", "--limit", "20", "--seed", seed, "-o", folder
        )
        assert done.exit_code == 0, done
        ids[folder] = taken(project, "select id from '@/raw.orders/*.parquet' order by 1", folder)
    assert len(ids["a"]) == 20
    assert ids["a"] == ids["b"] != ids["c"]


def test_a_rerun_replaces_its_own_files_and_no_others(project: ProjectDir) -> None:
    project.command("sample", "-s", "orders", "-p", "2024-01-03", "-o", "out")
    (project.root / "out" / "notes.txt").write_text("mine")
    again = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out")
    assert again.exit_code == 0, again
    assert files(project) == ["raw.orders/2024-01-04_2024-01-05.parquet"]
    assert (project.root / "out" / "notes.txt").read_text() == "mine"
    assert not list((project.root / "out").rglob(".*.part"))


def test_a_file_of_somebody_elses_in_the_way_is_kept(project: ProjectDir) -> None:
    project.command("sample", "-s", "orders", "-p", "2024-01-03", "-o", "out")
    (project.root / "out/raw.orders/2024-01-04_2024-01-05.parquet").write_text("mine")
    again = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out")
    assert "sample_foreign" in refused(project, again)
    assert (project.root / "out/raw.orders/2024-01-04_2024-01-05.parquet").read_text() == "mine"
    assert "raw.orders/2024-01-03_2024-01-04.parquet" in files(project)


def test_a_folder_with_other_files_is_not_written_to(project: ProjectDir) -> None:
    outcome = project.command("sample", "-p", "2024-01-03", "-o", "models")
    assert "sample_foreign" in refused(project, outcome)
    assert not list((project.root / "models").glob("*.json"))


@pytest.mark.parametrize("names", [["/etc/passwd"], ["../prod.duckdb"]])
def test_a_manifest_that_names_files_elsewhere_is_none_of_ours(
    project: ProjectDir, names: list[str]
) -> None:
    project.write("out/sample.json", json.dumps({"files": names}))
    outcome = project.command("sample", "-p", "2024-01-03", "-o", "out")
    assert "sample_foreign" in refused(project, outcome)
    assert (project.root / "prod.duckdb").exists()


def test_no_rows_at_all_is_an_error_and_leaves_the_target_as_it_was(project: ProjectDir) -> None:
    project.command("sample", "-s", "orders", "-p", "2024-01-03", "-o", "out")
    before = (project.root / "out/sources.yml").read_text()
    with duckdb.connect(str(project.root / "prod.duckdb")) as prod:
        prod.execute("delete from lake.orders where day = '2024-01-04'")
    again = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out")
    assert "sample_empty" in refused(project, again)
    assert (project.root / "out/sources.yml").read_text() == before
    assert "raw.orders/2024-01-03_2024-01-04.parquet" in files(project)


def test_a_source_that_is_not_there_is_named(project: ProjectDir) -> None:
    with duckdb.connect(str(project.root / "prod.duckdb")) as prod:
        prod.execute("drop table lake.orders")
    outcome = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out")
    text = refused(project, outcome)
    assert "source_missing" in text
    assert "raw.orders" in text
    assert not (project.root / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-o", "out"), "partitions_needed"),
        (("-p", "missing", "-o", "out"), "sample_by_state"),
        (("-p", "2030-01-01", "-o", "out"), "out_of_range"),
        (("-p", "2024-01-03"), "missing_"),
    ],
)
def test_what_cannot_be_sampled_is_refused(
    project: ProjectDir, arguments: tuple[str, ...], code: str
) -> None:
    outcome = project.command("sample", *arguments)
    assert outcome.exit_code == 2
    assert code in outcome.stderr.lower(), outcome
    assert not (project.root / "out").exists()


def test_much_or_an_unknown_amount_needs_a_yes(project: ProjectDir) -> None:
    with duckdb.connect(str(project.root / "prod.duckdb")) as prod:
        prod.execute("alter table lake.orders rename to stored")
        prod.execute("create view lake.orders as from lake.stored")
    asked = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out")
    assert asked.exit_code == 3, asked
    assert "CONFIRMATION_REQUIRED" in asked.stderr
    assert "how much is not known" in asked.stderr
    assert not (project.root / "out").exists()
    done = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out", "--yes")
    assert done.exit_code == 0, done


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_an_error_of_its_own(project: ProjectDir) -> None:
    (project.root / "out").mkdir(mode=0o500)
    outcome = project.command("sample", "-s", "orders", "-p", "2024-01-04", "-o", "out")
    assert "output_failed" in refused(project, outcome)


def test_a_full_disk_leaves_the_sample_of_before(project: ProjectDir) -> None:
    project.command("sample", "-s", "orders", "-p", "2024-01-03", "-o", "out")
    full = project.command(
        "sample",
        *("-s", "orders", "-p", "2024-01", "-o", "out"),
        before_start=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)),
    )
    text = refused(project, full)
    assert "could not write" in text or "file too large" in text
    assert "--limit" in text
    assert files(project) == ["raw.orders/2024-01-03_2024-01-04.parquet"]
    assert not list((project.root / "out").rglob(".*.part"))
    assert "2024-01-03" in (project.root / "out/sources.yml").read_text()


def test_a_sources_file_that_is_gone_is_a_clear_error(project: ProjectDir) -> None:
    project.command("sample", "-s", "orders", "-p", "2024-01-03", "-o", "out")
    (project.root / "out/sources.yml").write_text("raw.ordrs: x.parquet")
    outcome = project.command("ls", "--profiles-dir", "out")
    text = refused(project, outcome)
    assert "bad_sources_file" in text
    assert "did you mean `raw.orders`" in text
    (project.root / "out/sources.yml").unlink()
    assert "bad_sources_file" in refused(project, project.command("ls", "--profiles-dir", "out"))


def test_a_model_of_another_database_is_built_in_the_samples_own(project: ProjectDir) -> None:
    project.write(
        "models/elsewhere.sql",
        CONFIG.replace("event_time", "database='analytics', event_time")
        + "select day, count(*) as n from {{ source('raw', 'orders') }} group by day\n",
    )
    project.command("sample", "-s", "elsewhere", "-p", "2024-01-03", "-o", "out")
    local = project.command(
        "run", "--profiles-dir", "out", "-s", "elsewhere", "-p", "2024-01-03", "--yes"
    )
    assert local.exit_code == 0, local


def test_a_model_that_goes_on_from_its_own_past_is_named(project: ProjectDir) -> None:
    project.write(
        "models/running.sql",
        CONFIG + "select o.day, sum(o.amount) + coalesce(max(p.total), 0) as total\n"
        "from {{ ref('orders') }} o left join {{ this }} p on p.day = o.day - 1 group by o.day\n",
    )
    done = project.command("sample", "-s", "running", "-p", "2024-01-10", "-o", "out")
    assert done.exit_code == 0, done
    assert "SAMPLE_OWN_PAST" in done.stderr
    other = project.command("sample", "-s", "trailing", "-p", "2024-01-10", "-o", "out")
    assert "SAMPLE_OWN_PAST" not in other.stderr


def test_windows_are_followed_through_views_and_ephemeral_models(project: ProjectDir) -> None:
    project.write(
        "models/seen.sql",
        "{{ config(materialized='view') }}\nselect day, amount from {{ ref('orders') }} where amount > 0\n",
    )
    project.write(
        "models/halved.sql",
        "{{ config(materialized='ephemeral') }}\nselect day, amount / 2 as amount from {{ ref('seen') }}\n",
    )
    project.write(
        "models/sums.sql",
        CONFIG
        + "select day, sum(sum(amount)) over (order by day range between interval 1 day preceding "
        "and current row) as amount from {{ ref('halved') }} group by day\n",
    )
    done = project.command("sample", "-s", "sums", "-p", "2024-01-10", "-o", "out")
    assert done.exit_code == 0, done
    [(first, last)] = taken(
        project, "select min(day)::varchar, max(day)::varchar from '@/raw.orders/*.parquet'"
    )
    assert first in ("2024-01-01", "2024-01-09")  # all of it, where the view is not seen through
    assert str(last) >= "2024-01-10"
    local = project.command(
        "run", "--profiles-dir", "out", "-s", "+sums", "-p", "2024-01-10", "--yes"
    )
    assert local.exit_code == 0, local
    with duckdb.connect(str(project.root / "out/sample.duckdb"), read_only=True) as built:
        found = built.execute("select amount from dwh.sums where day = '2024-01-10'").fetchall()
    with duckdb.connect(str(project.root / "prod.duckdb"), read_only=True) as prod:
        expected = prod.execute(
            "select sum(amount) / 2 from lake.orders where day between '2024-01-09' and '2024-01-10'"
        ).fetchall()
    assert found == expected
