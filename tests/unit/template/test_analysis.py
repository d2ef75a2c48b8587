"""Rendering for analysis: what the template declares, and how it uses its bounds."""

from __future__ import annotations

import pytest

from sqlbackfill.partitions.bounds import BoundType


def test_each_print_of_a_relation_is_an_occurrence_of_its_own(project):
    found = project.analyse(
        "select * from {{ ref('a') }} join {{ source('raw', 'b') }} join {{ ref('a') }}, {{ this }}"
    )
    assert found.sql == (
        "select * from __sb_occurrence_0__ join __sb_occurrence_1__ join __sb_occurrence_2__, "
        "__sb_occurrence_3__"
    )
    assert found.targets == ("ref:a", "source:raw.b", "ref:a", "this")
    assert found.reads_this


def test_unfiltered_and_render_opt_out_and_still_count(project):
    found = project.analyse("{{ ref('a').unfiltered() }} {{ ref('a').render() }} {{ ref('a') }}")
    assert [occurrence.filtered for occurrence in found.occurrences] == [False, False, True]


def test_refs_and_sources_stand_where_they_are_called(project):
    found = project.analyse(
        "select 1\nfrom {{ ref('a') }}\n  join {{ ref('pkg', 'b', v=2) }}, {{ source('s', 't') }}"
    )
    assert [(ref.name, ref.package, ref.span.line, ref.span.column) for ref in found.refs] == [
        ("a", None, 2, 9),
        ("b.v2", "pkg", 3, 11),
    ]
    assert found.refs[0].span.length == len("ref('a')")
    assert [(call.name, call.span.line, call.span.column) for call in found.sources] == [
        ("s.t", 3, 39)
    ]


def test_a_ref_is_declared_where_it_is_called_and_occurs_where_it_is_printed(project):
    found = project.analyse("{% set rel = ref('a') %}\nselect * from {{ rel }}")
    assert found.refs[0].span.line == 1
    assert found.occurrences[0].span.line == 2


def test_a_relation_that_never_prints_is_no_occurrence(project):
    found = project.analyse("{% set rel = ref('a') %}{{ rel.identifier }}.{{ this.schema }}")
    assert found.occurrences == ()
    assert found.sql == "a.main"
    assert not found.reads_this


def test_text_that_is_printed_twice_or_thrown_away_says_so(project):
    found = project.analyse(
        "{% set q %}{{ ref('a') }}{% endset %}{% set unused %}{{ ref('b') }}{% endset %}{{ q }}{{ q }}"
    )
    assert [occurrence.times for occurrence in found.occurrences] == [2, 0]


def test_config_calls_are_collected_with_their_places(project):
    found = project.with_macros(
        "{% macro more() %}{{ return({'tags': ['x']}) }}{% endmacro %}"
    ).analyse(
        "{{ config(\n  materialized='incremental',\n  meta={'sqlbackfill': {'grain': 'week'}},\n"
        "  **more()) }}\n{{ config({'alias': 'b'}) }}"
    )
    assert found.config == {
        "materialized": "incremental",
        "meta": {"sqlbackfill": {"grain": "week"}},
        "tags": ["x"],
        "alias": "b",
    }
    places = {key: (span.line, span.column) for key, span in found.config_spans.items()}
    assert places == {
        "materialized": (2, 3),
        "meta": (3, 3),
        "meta.sqlbackfill": (3, 9),
        "meta.sqlbackfill.grain": (3, 25),
        "tags": (1, 4),
        "alias": (5, 12),
    }


def test_config_get_prefers_the_file_then_what_is_known_then_the_default(project):
    sql = "{{ config(a=1) }}{{ config.get('a') }}{{ config.get('b') }}{{ config.get('c', 3) }}"
    assert project.analyse(sql, config={"a": 9, "b": 2}).sql == "123"


def test_is_incremental_is_false_and_execute_is_true(project):
    sql = (
        "{{ is_incremental() }} {{ should_full_refresh() }} {{ execute }} {{ flags.FULL_REFRESH }}"
    )
    assert project.analyse(sql).sql == "False False True False"
    assert project.run(sql).sql == "False False True False"


def test_bounds_print_markers_quoted_and_bare(project):
    found = project.analyse(
        "d >= '{{ partition.start }}' and d < {{ partition.end }} -- {{ partition.grain }}"
    )
    assert found.sql == "d >= '__sb_start__' and d < __sb_end__ -- day"
    assert found.uses_bounds
    assert not found.bounds_in_control_flow
    assert not found.bounds_as_value


def test_a_template_without_bounds_uses_none(project):
    found = project.analyse("select * from {{ ref('a') }}")
    assert not found.uses_bounds
    assert not found.relations_as_value


def test_partition_filter_prints_the_half_open_marker_predicate(project):
    found = project.analyse("where {{ partition_filter('f.ts') }}")
    assert found.sql == "where (f.ts >= '__sb_start__' and f.ts < '__sb_end__')"
    assert found.uses_bounds
    assert not found.bounds_as_value


def test_the_key_is_remembered(project):
    found = project.analyse("'{{ partition.key }}'")
    assert found.sql == "'__sb_key__'"
    assert found.bounds.key


def test_a_variable_that_carries_the_window_is_a_bound(project):
    found = project.analyse("'{{ var('start_date') }}'", window_vars={"start_date": "start"})
    assert found.sql == "'__sb_start__'"
    run = project.run("'{{ var('start_date') }}'", window_vars={"start_date": "end"})
    assert run.sql == "'2013-01-02'"


@pytest.mark.parametrize(
    "sql",
    [
        "{{ partition.start ~ ' x' }}",
        "{{ 'x ' + (partition.start | string) }}",
        "{{ '%s' % partition.start }}",
        "{{ '%s %s' % (partition.start, 1) }}",
        "{{ '{}'.format(partition.start) }}",
        "{{ [partition.start, 1] | join(',') }}",
        "{% set x %}{{ partition.start }}{% endset %}{{ x | trim | indent(2) }}",
        "{% set x = [] %}{% do x.append(partition.start) %}{{ x[0] }}",
        "{{ shown(partition.start) }}",
        "{{ shown(x=partition.start ~ '') }}",
        "{% call shown() %}{{ partition.start }}{% endcall %}",
        "{% filter trim %}{{ partition.start }}{% endfilter %}",
        "{{ partition.start | default('x') }}",
        "{% set ns = namespace(start=partition.start) %}{{ ns.start }}",
        "{{ zip([partition.start], [1])[0][0] }}",
        "{{ [partition.start] | map('string') | list | first }}",
    ],
)
def test_moving_the_text_of_a_bound_about_is_only_printing(project, sql):
    found = project.with_macros(
        "{% macro shown(x='') %}[{{ x }}{{ caller() if caller is defined }}]{% endmacro %}"
    ).analyse(sql)
    assert "__sb_start__" in found.sql
    assert not found.bounds_as_value
    assert not found.bounds_in_control_flow


@pytest.mark.parametrize(
    "sql",
    [
        "{{ partition.start.strftime('%Y%m%d') }}",
        "{{ partition.start.year }}",
        "{{ partition.start - modules.datetime.timedelta(days=1) }}",
        "{{ modules.datetime.timedelta(days=1) + partition.start }}",
        "{{ partition.start | replace('-', '') }}",
        "{{ (partition.start ~ '')[:4] }}",
        "{{ (partition.start ~ '').split('-')[0] }}",
        "{{ '{:%Y}'.format(partition.start) }}",
        "{{ modules.re.sub('-', '', partition.start | string) }}",
        "{{ modules.datetime.datetime.strptime(partition.start ~ '', '%Y-%m-%d') }}",
        "{% set x %}a {{ partition.start }}{% endset %}{{ x | upper }}",
        "{% set x %}a {{ partition.start }}{% endset %}{{ x.replace('-', '') }}",
        "{{ {'a': partition.start} }}",
        "{{ tojson([partition.start ~ '']) }}",
        "{{ {'a': [partition.start ~ '']} | tojson }}",
        "{{ [partition.start] | map('replace', '-', '') | join }}",
        "{% set seen = [] %}{% do seen.extend(partition.start ~ '') %}",
        "{{ ('%(d)s' % {'d': partition.start}) | length }}",
    ],
)
def test_computing_with_a_bound_is_remembered_and_works_on_a_sample(project, sql):
    found = project.analyse(sql)
    assert found.bounds_as_value
    assert found.uses_bounds


@pytest.mark.parametrize(
    "sql",
    [
        "{% if partition.start > modules.datetime.date(2013, 1, 1) %}a{% endif %}",
        "{% if partition.start ~ '' == '2013-01-01' %}a{% endif %}{{ partition.start }}",
        "{% if partition.start %}a{% endif %}",
        "{% if partition.start in [1] %}a{% endif %}",
        "{% if '2013' in partition.start ~ '' %}a{% endif %}",
        "{{ 'a' if partition.start is string else 'b' }}",
        "{% set d = {'2013-01-01': 'a'} %}{{ d.get(partition.start | string) }}",
    ],
)
def test_branching_on_a_bound_is_remembered(project, sql):
    found = project.analyse(sql)
    assert found.bounds_in_control_flow or found.bounds_as_value
    assert "__sb_start_" not in found.sql.replace("__sb_start__", "")


def test_logging_a_bound_is_no_use_of_it(project):
    found = project.analyse("{% do log('from ' ~ partition.grain) %}{% do log(partition.start) %}")
    assert not found.bounds_as_value
    assert found.messages == ("from day", "2013-01-01")


@pytest.mark.parametrize(
    "sql", ["{{ this | replace('daily', 'x') }}", "{{ (ref('a') ~ '').split('.') }}"]
)
def test_taking_a_relations_name_apart_is_remembered(project, sql):
    assert project.analyse(sql).relations_as_value


def test_samples_have_the_columns_own_type(project):
    year = "{{ partition.start.hour }}"
    assert project.analyse(year, kind=BoundType.TIMESTAMPTZ).sql == "0"
    assert project.analyse("{{ partition.start + 1 }}", kind=BoundType.INTEGER).sql == "1"


@pytest.mark.parametrize(
    "sql",
    [
        "{{ run_started_at }}",
        "{{ invocation_id }}",
        "{{ modules.datetime.datetime.now() }}",
        "{{ m() }}",
    ],
)
def test_the_clock_and_the_runs_id_make_a_render_volatile(project, sql):
    project = project.with_macros("{% macro m() %}{{ run_started_at }}{% endmacro %}")
    assert project.analyse(sql).volatile
    assert not project.analyse("{{ modules.datetime.date(2013, 1, 1) }}").volatile


def test_the_clock_is_the_one_that_was_given(project):
    sql = "{{ modules.datetime.datetime.utcnow() }} {{ modules.datetime.date.today() }}"
    assert project.analyse(sql).sql == "2024-01-01 12:00:00 2024-01-01"


def test_a_template_that_asks_the_warehouse_still_declares_its_refs(project, place):
    found = project.analyse(
        "{% set x = 'a' %}\n{% if execute %}{% set x = run_query('select 1').columns %}{% endif %}"
        "{{ config(alias='b') }}{{ ref('a') }}"
    )
    assert found.needs_warehouse is not None
    assert found.needs_warehouse.code == "NEEDS_WAREHOUSE"
    assert place(found.needs_warehouse) == ("models/daily.sql", 2, 28)
    assert found.targets == ("ref:a",)
    assert found.config == {"alias": "b"}
    assert project.run_error("{{ run_query('select 1') }}").code == "NEEDS_WAREHOUSE"


def test_a_template_that_fails_without_the_warehouse_says_what_it_needs(project):
    error = project.error("{{ adapter.get_columns_in_relation(this)[0].name }}")
    assert error.code == "NEEDS_WAREHOUSE"
    assert "adapter.get_columns_in_relation" in error.message


def test_macros_used_are_named_with_a_digest_of_their_own_text(project):
    one = project.with_macros("{% macro m() %}1{% endmacro %}\n{% macro other() %}1{% endmacro %}")
    two = project.with_macros("{% macro m() %}1{% endmacro %}\n{% macro other() %}2{% endmacro %}")
    three = project.with_macros("{% macro m() %}3{% endmacro %}")
    used = [it.analyse("{{ m() }}").macros_used for it in (one, two, three)]
    assert [macro.name for macro in used[0]] == ["m"]
    assert used[0] == used[1]
    assert used[0] != used[2]


def test_an_overridden_scan_counts_as_used_where_relations_occur(project):
    project = project.with_macros(
        "{% macro partitioned_scan(relation, predicate) %}x{% endmacro %}"
    )
    assert [use.name for use in project.analyse("{{ ref('a') }}").macros_used] == [
        "partitioned_scan"
    ]
    assert project.analyse("select 1").macros_used == ()


def test_a_bound_that_was_printed_and_stands_nowhere_counts_as_computed_with(project):
    found = project.analyse("{% set unused %}{{ partition.start }}{% endset %}select 1")
    assert found.bounds_as_value


def test_a_model_is_compiled_once_whatever_it_is_rendered_for(project, day, monkeypatch):
    compiled = []
    templates = project.templates
    sandbox = templates._jinja._engine.sandbox
    monkeypatch.setattr(
        sandbox,
        "compile",
        lambda *args: compiled.append(args) or type(sandbox).compile(sandbox, *args),
    )
    model = project.model("{{ ref('a') }} {{ partition.start }}")
    for _ in range(3):
        templates.analyse(model, project)
        templates.render(model, day, {}, lookup=project, expected=("ref:a",))
    files = [name for _, name, _ in compiled]
    assert sorted(files) == ["models/daily.sql", "sqlbackfill:partitioned_scan.sql"]


@pytest.mark.parametrize(
    "looked_at",
    [
        "{% if partition.start|string < '2024' %}where a{% endif %}",
        "{% for n in [partition.start] if n|string == 'x' %}{% endfor %}",
        "where y = {{ partition.start.year }}",
        "where k = {{ partition.key }}",
    ],
)
def test_the_tag_is_known_in_which_a_bound_is_more_than_printed(project, looked_at):
    found = project.analyse("select '{{ partition.start }}'\nfrom {{ ref('a') }}\n  " + looked_at)
    assert found.bounds.place is not None
    assert found.bounds.place.line == 3


def test_a_bound_that_is_only_printed_has_no_such_place(project):
    found = project.analyse("select '{{ partition.start }}' from {{ ref('a') }}")
    assert found.bounds.place is None
