"""What readers see of a model's code in a project, and what its fingerprint covers beside the query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sqlbackfill.app.analysis import analyse_project
from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.app.slices import consumed_columns, slices
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.ledger.digests import column_set_id

CONFIG = "{{ config(materialized='incremental', event_time='d', batch_size='day', begin='2024-01-01') }}\n"
BASE = CONFIG + "select date '2024-01-01' as d, 1 as a, 2 as b, 3 as c"
TOTALS = CONFIG + "select d, sum(a) as a from {{ ref('base') }} group by d"
FILES = {
    "sqlbackfill.yml": "name: p\nprofile: p\n",
    "profiles.yml": "p: {target: dev, outputs: {dev: {type: duckdb, path: p.duckdb}}}\n",
    "models/base.sql": BASE,
    "models/totals.sql": TOTALS,
    "models/pasted.sql": "{{ config(materialized='ephemeral') }} select d, b from {{ ref('base') }}",
    "models/reader.sql": CONFIG + "select d, b from {{ ref('pasted') }}",
}
Project = Callable[[Mapping[str, str]], Workspace]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The workspace of `FILES` with some files in place of them."""

    def analysed(changed: Mapping[str, str]) -> Workspace:
        for name, text in {**FILES, **changed}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return analyse_project(load(Options(project_dir=tmp_path, profiles_dir=tmp_path)))

    return analysed


def test_a_model_has_a_slice_for_each_set_of_columns_that_a_reader_uses(project: Project) -> None:
    found = project({})
    ids = {column_set_id(("d", "a")), column_set_id(("d", "b"))}
    assert set(consumed_columns(found)["base"]) == ids
    assert set(slices(found)["base"]) == {"*", *ids}
    assert slices(found)["totals"] == {"*": found.facts["totals"].fingerprint}


def test_an_edit_upstream_is_seen_by_those_who_use_what_it_changes(project: Project) -> None:
    before = slices(project({}))
    after = slices(project({"models/base.sql": BASE.replace("2 as b", "4 as b, 5 as e")}))
    same, other = column_set_id(("d", "a")), column_set_id(("d", "b"))
    assert after["base"][same] == before["base"][same]
    assert after["base"][other] != before["base"][other]
    assert after["base"]["*"] != before["base"]["*"]
    assert after["totals"] == before["totals"]


def test_facts_from_the_cache_have_the_same_slices(project: Project) -> None:
    assert slices(project({})) == slices(project({}))


def test_an_upstream_columns_type_counts_only_where_it_is_used(project: Project) -> None:
    before = project({}).facts
    wider = project({"models/base.sql": BASE.replace("3 as c", "'x' as c")}).facts
    other = project({"models/base.sql": BASE.replace("1 as a", "1.5::double as a")}).facts
    assert wider["totals"].fingerprint == before["totals"].fingerprint
    assert other["totals"].fingerprint != before["totals"].fingerprint


def test_a_branch_on_the_partition_is_covered_though_analysis_renders_only_one(
    project: Project,
) -> None:
    sql = TOTALS + "{% if partition.start.month == 6 %} having sum(a) > LEAST {% endif %}"
    one = project({"models/totals.sql": sql.replace("LEAST", "1")}).facts["totals"].fingerprint
    two = project({"models/totals.sql": sql.replace("LEAST", "2")}).facts["totals"].fingerprint
    assert one != two


def test_a_projects_own_scan_macro_is_covered(project: Project) -> None:
    macro = "{{% macro partition_predicate(column, type, start, end) %}}{} {{% endmacro %}}"
    plain = project({}).facts
    one = project({"macros/scan.sql": macro.format("true")}).facts
    two = project({"macros/scan.sql": macro.format("false")}).facts
    assert len({f["totals"].fingerprint for f in (plain, one, two)}) == 3
    assert len({f["base"].fingerprint for f in (plain, one, two)}) == 1


def test_another_unique_key_is_another_fingerprint(project: Project) -> None:
    plain = project({}).facts["totals"].fingerprint
    keyed = TOTALS.replace("batch_size", "unique_key='d', batch_size")
    assert project({"models/totals.sql": keyed}).facts["totals"].fingerprint != plain
