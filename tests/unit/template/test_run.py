"""Rendering for a run: injected predicates, printed bounds, and the refusal of another regime."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from sqlbackfill.partitions.bounds import BoundType, print_bound
from sqlbackfill.template.types import ColumnRange, ExternalRelation, RunWindow, Scan

JANUARY = ColumnRange(column="day", type=BoundType.DATE, lo=date(2013, 1, 1), hi=date(2013, 2, 1))
MOMENT = datetime(2013, 1, 1, 5, tzinfo=UTC)


def ranged(
    kind: BoundType, lo: object = None, hi: object = None, **more: object
) -> dict[int, Scan]:
    return {0: Scan((ColumnRange(column="col", type=kind, lo=lo, hi=hi, **more),))}


def test_a_relation_without_predicate_prints_alone(project):
    found = project.run("from {{ ref('a') }} as a, {{ source('raw', 'b') }} as b")
    assert found.sql == 'from "main"."a" as a, read_parquet(\'data/b.parquet\') as b'


def test_a_predicate_wraps_the_relation_and_keeps_the_authors_alias(project):
    found = project.run("from {{ ref('a') }} as x", scans={0: Scan((JANUARY,))})
    assert found.sql == (
        'from (select * from "main"."a" where "day" >= CAST(\'2013-01-01\' AS DATE) '
        "AND \"day\" < CAST('2013-02-01' AS DATE)) as x"
    )


def test_an_occurrence_without_alias_gets_the_one_of_its_scan(project):
    found = project.run("from {{ ref('a') }}", scans={0: Scan((JANUARY,), 'a"b')})
    assert found.sql.endswith(') as "a""b"')


def test_files_keep_a_name_where_nothing_is_filtered(project):
    found = project.run("from {{ source('raw', 'b') }}", scans={0: Scan((), "b")})
    assert found.sql == "from read_parquet('data/b.parquet') as \"b\""


def test_the_relation_alone_gets_no_alias(project):
    assert project.run("from {{ ref('a') }}", scans={0: Scan((), "a")}).sql == 'from "main"."a"'


@pytest.mark.parametrize(
    ("scans", "predicate"),
    [
        (ranged(BoundType.DATE, date(2013, 1, 1)), "\"col\" >= CAST('2013-01-01' AS DATE)"),
        (ranged(BoundType.DATE, None, date(2013, 1, 1)), "\"col\" < CAST('2013-01-01' AS DATE)"),
        (ranged(BoundType.INTEGER, 0, 100), '"col" >= 0 AND "col" < 100'),
        (
            ranged(BoundType.TIMESTAMPTZ, MOMENT),
            "\"col\" >= CAST('2013-01-01 05:00:00+00:00' AS TIMESTAMPTZ)",
        ),
        (
            ranged(BoundType.TIMESTAMP, MOMENT),
            "\"col\" >= CAST('2013-01-01 05:00:00' AS TIMESTAMP)",
        ),
        (ranged(BoundType.TEXT, keys=("eu", "o'k")), "\"col\" IN ('eu', 'o''k')"),
        (ranged(BoundType.TEXT, keys=()), "FALSE"),
        (ranged(BoundType.INTEGER, 1, nulls=True), '("col" >= 1 OR "col" IS NULL)'),
        (ranged(BoundType.TEXT, keys=("a",), nulls=True), '("col" IN (\'a\') OR "col" IS NULL)'),
    ],
)
def test_predicates_are_half_open_with_typed_literals(project, scans, predicate):
    found = project.run("{{ ref('a') }} as a", scans=scans)
    assert found.sql == f'(select * from "main"."a" where {predicate}) as a'


def test_an_open_range_filters_nothing(project):
    assert project.run("{{ ref('a') }}", scans=ranged(BoundType.DATE)).sql == '"main"."a"'
    assert (
        project.run("{{ ref('a') }}", scans=ranged(BoundType.DATE, nulls=True)).sql == '"main"."a"'
    )


def test_ranges_on_two_columns_must_both_hold(project):
    other = ColumnRange(column="id", type=BoundType.INTEGER, lo=5)
    found = project.run("{{ ref('a') }} as a", scans={0: Scan((JANUARY, other))})
    assert ') AND ("id" >= 5)' in found.sql


def test_snowflake_has_names_of_its_own_for_timestamps_and_escapes_backslashes(project):
    project = project.with_settings(target={"type": "snowflake"})
    stamps = [(BoundType.TIMESTAMP, "TIMESTAMP_NTZ"), (BoundType.TIMESTAMPTZ, "TIMESTAMP_TZ")]
    for kind, name in stamps:
        assert f"AS {name})" in project.run("{{ ref('a') }}", scans=ranged(kind, MOMENT)).sql
    keys = ranged(BoundType.TEXT, keys=("a\\b",))
    assert "'a\\\\b'" in project.run("{{ ref('a') }}", scans=keys).sql


def test_a_project_overrides_the_scan_and_the_predicate(project):
    project = project.with_macros(
        "{% macro partitioned_scan(relation, predicate) %}"
        "<{{ relation.identifier }}|{{ predicate }}>{% endmacro %}",
        "{% macro partition_predicate(column, type, start, end) %}"
        "{{ type }} {{ start.year }} {{ end }}{% endmacro %}",
    )
    found = project.run("{{ ref('a') }} {{ ref('b') }}", scans={0: Scan((JANUARY,))})
    assert found.sql == "<a|date 2013 2013-02-01> <b|None>"


def test_an_overriding_scan_may_call_the_built_in_one(project):
    project = project.with_macros(
        "{% macro partitioned_scan(relation, predicate) %}"
        "/* hi */ {{ sqlbackfill.partitioned_scan(relation, predicate) }}{% endmacro %}"
    )
    assert project.run("{{ ref('a') }}").sql == '/* hi */ "main"."a"'


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (
            RunWindow(type=BoundType.DATE, start=date(2013, 1, 1), end=date(2013, 1, 2)),
            "2013-01-01",
        ),
        (RunWindow(type=BoundType.TIMESTAMP, start=MOMENT, end=MOMENT), "2013-01-01 05:00:00"),
        (
            RunWindow(type=BoundType.TIMESTAMPTZ, start=MOMENT, end=MOMENT),
            "2013-01-01 05:00:00+00:00",
        ),
        (RunWindow(type=BoundType.INTEGER, start=100, end=200), "100"),
    ],
)
def test_bounds_print_as_the_columns_own_values(project, window, text):
    assert project.run("{{ partition.start }}", window).sql == text
    assert print_bound(window.start, window.type) == text


def test_bounds_behave_as_dates(project):
    sql = "{{ partition.start.strftime('%Y%m%d') }} {{ partition.end.day }} {{ partition.grain }}"
    assert project.run(sql).sql == "20130101 2 day"
    assert project.run("{{ partition.start - modules.datetime.timedelta(1) }}").sql == "2012-12-31"


def test_the_key_exists_one_partition_at_a_time(project, place):
    assert project.run("{{ partition.key }}").sql == "2013-01-01"
    month = RunWindow(type=BoundType.DATE, start=date(2013, 1, 1), end=date(2013, 2, 1))
    error = project.run_error("a\n{{ partition.key }}", month)
    assert error.code == "PARTITION_KEY_IN_CHUNK"
    assert place(error) == ("models/daily.sql", 2, 4)


def test_a_model_without_partitions_has_no_bounds(project):
    assert project.run_error("{{ partition.start }}", None).code == "NO_PARTITION"
    assert project.run_error("{{ partition_filter('d') }}", None).code == "NO_PARTITION"
    keyed = RunWindow(type=BoundType.TEXT, start=None, end=None, keys=("eu",))
    assert project.run_error("{{ partition.start }}", keyed).code == "NO_BOUND"


def test_partition_filter_prints_the_predicate_macro(project):
    assert project.run("{{ partition_filter('f.d') }}").sql == (
        "(f.d >= CAST('2013-01-01' AS DATE) AND f.d < CAST('2013-01-02' AS DATE))"
    )
    stamped = project.run("{{ partition_filter('ts', 'timestamp') }}").sql
    assert stamped.startswith("(ts >= CAST('2013-01-01' AS TIMESTAMP)")
    keyed = RunWindow(type=BoundType.TEXT, start=None, end=None, keys=("eu", "us"))
    assert project.run("{{ partition_filter('r') }}", keyed).sql == "(r IN ('eu', 'us'))"
    error = project.run_error("{{ partition_filter('ts', 'timestam') }}")
    assert error.code == "INVALID_BOUND_TYPE"
    assert "`timestamp`" in error.fix


def test_parts_of_a_name_can_be_left_out_or_unquoted(project):
    assert project.run("{{ ref('a').include(database=false) }}").sql == '"main"."a"'
    assert project.run("{{ ref('a').include(schema=false, database=false) }}").sql == '"a"'
    assert project.run("{{ this.quote(identifier=false) }}").sql == '"db"."main".daily'


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "{% if partition.start.day == 1 %}{{ ref('b') }}{% else %}{{ ref('a') }}{% endif %}",
            "`ref:a`",
        ),
        ("{% if partition.start.day != 1 %}{{ ref('a') }}{% endif %}", "does not print `ref:a`"),
        ("{{ ref('a') }}{{ ref('b') }}", "prints `ref:b`"),
    ],
)
def test_a_render_that_prints_other_relations_than_the_analysis_is_refused(project, sql, message):
    error = project.run_error(sql, expected=("ref:a",))
    assert error.code == "TEMPLATE_REGIME"
    assert message in error.message


def test_a_ref_to_nothing_is_refused_in_a_run_only(project):
    assert project.analyse("{{ ref('absent') }}").targets == ("ref:absent",)
    assert project.run_error("\n {{ ref('absent') }}").code == "UNKNOWN_REF"


def test_an_ephemeral_model_is_inlined_and_its_relations_are_counted(project):
    project.ephemeral = {"eph": "select * from {{ ref('base') }} -- {{ config(tags='x') }}end"}
    sql = "from {{ ref('a') }}\njoin {{ ref('eph') }} e, {{ ref('b') }}"
    found = project.analyse(sql)
    assert found.sql == (
        "from __sb_occurrence_0__\njoin ( select * from __sb_occurrence_1__ -- end\n) e, "
        "__sb_occurrence_2__"
    )
    assert found.targets == ("ref:a", "ref:base", "ref:b")
    assert [ref.name for ref in found.refs] == ["a", "eph", "b"]
    assert found.config == {}
    assert (found.occurrences[1].span.line, found.occurrences[1].span.column) == (2, 6)
    assert found.source_map.locate(2, 20).line == 2
    run = project.run(sql, scans={1: Scan((JANUARY,), "base")})
    assert '(select * from "main"."base" where' in run.sql


def test_opting_out_of_an_ephemeral_model_opts_out_of_its_inputs(project):
    project.ephemeral = {"eph": "select * from {{ ref('base') }}"}
    assert [o.filtered for o in project.analyse("{{ ref('eph').unfiltered() }}").occurrences] == [
        False
    ]


def test_ephemeral_models_in_a_circle_are_an_error(project, place):
    project.ephemeral = {"x": "{{ ref('y') }}", "y": "{{ ref('x') }}"}
    error = project.error("{{ ref('x') }}")
    assert error.code == "CIRCULAR_REFS"
    assert "x → y → x" in error.message
    assert place(error)[0] == "models/y.sql"


def test_a_model_without_a_table_reads_itself_from_what_stands_in_for_it(project, day):
    empty = ExternalRelation("(select null as day where false)", "daily")
    model = replace(project.model("from {{ this }}"), relation=empty)
    found = project.templates.render(
        model, day, {0: Scan((), "daily")}, lookup=project, expected=("this",)
    )
    assert found.sql == 'from (select null as day where false) as "daily"'
