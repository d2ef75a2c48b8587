"""Models that only name their inputs: rendered without Jinja, as Jinja renders them."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.template.plain import plain_render
from sqlbackfill.template.templates import Templates
from sqlbackfill.template.types import ColumnRange, Scan, TemplateInput

PLAIN = [
    "select 1",
    "",
    "\n",
    "select * from {{ ref('x') }}",
    "select * from {{ref('x')}}\n",
    "select *\nfrom {{ ref( \"x\" ) }} as a\r\njoin {{ source('s','t') }}\r\n\r\n",
    "{{ source(\n  'raw', 'events'\n) }}",
    "{{ ref('pack', 'x') }}{{ ref('x') }}{{ ref('x') }}",
    "a }} { b {{ ref('absent') }} {x} } %} #}",
    "-- it's {{ ref('é ü') }} 'ä'\n  {{ ref('x') }}",
    "{{ ref('x y') }} {{ ref('') }}",
    "{{ config(materialized='table') }}{{ ref('x') }}",
    "{{ config(event_time='day', batch_size = \"day\", begin='a=1, lookback=2', lookback=3) }}\nselect 1",
    "-- {{ config(a=true,b=False,c=0,d=17,) }} {{ config( b='b' ) }}\r\n{{ ref('x') }}",
    "{{config(a_1='x', a_='y', A='z = a_')}}",
]
JINJA = [
    "{{- ref('x') }}",
    "{{ ref('x') -}} a",
    "{{ ref('x').unfiltered() }}",
    "{{ ref('x', v=2) }}",
    "{{ ref('x' ~ 'y') }}",
    "{{ ref('x\\'y') }}",
    "{{{ ref('x') }} }",
    "{{ this }}",
    "{# {{ ref('x') }} #}",
    "{% if true %}{{ ref('x') }}{% endif %}",
    "{% raw %}{{ ref('x') }}{% endraw %}",
    "{{ ref('x') }} {{ 1 }}",
    "{{ config(self='a') }}",
    "{{ config(_loop_vars='a') }}",
    "{{ config() }}",
    "{{ config('a') }}",
    "{{ config(a=007) }}",
    "{{ config(a=1.5) }}",
    "{{ config(a=none) }}",
    "{{ config(a=['b']) }}",
    "{{ config(a={'b': 1}) }}",
    "{{ config(a='b' ~ 'c') }}",
    "{{ config(a=var('start_date')) }}",
    "{{ config(a='b') }}{{ config.get('a') }}",
    "{{- config(a='b') }}",
    "__sb_start__ {{ ref('x') }}",
]
PIECES = [
    "{{ ref('x') }}", "{{ref('pack','y')}}", "{{ source('s', 't') }}", "{{", "}}", "{", "}", "{%", "#}",
    "\n", "\r\n", "\r", " ", "select ", "'", '"', "ä", "(", ")", "{{ ref('x'", "ref('z') }}", "{{ 1 }}", ",",
    "{{ config(a='b', c=1) }}", "{{ config(c=true) }}", "config(", "a='b'", "=", "{{ config(", ") }}",
]  # fmt: skip


def outcome(project, sql):
    try:
        return project.analyse(sql)
    except ProjectError as error:
        return error.diagnostics


def compiled(project, sql, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Templates, "_plain", lambda *_: None)
        return outcome(project, sql)


@pytest.mark.parametrize("sql", PLAIN + JINJA)
def test_a_model_means_the_same_with_and_without_jinja(project, sql, monkeypatch):
    assert outcome(project, sql) == compiled(project, sql, monkeypatch)


@pytest.mark.parametrize("seed", range(20))
def test_random_pieces_of_templates_mean_the_same_with_and_without_jinja(
    project, seed, monkeypatch
):
    chance = random.Random(seed)
    for _ in range(30):
        sql = "".join(chance.choices(PIECES, k=chance.randint(1, 8)))
        assert outcome(project, sql) == compiled(project, sql, monkeypatch), sql


@pytest.mark.parametrize("sql", PLAIN)
def test_what_only_names_its_inputs_needs_no_jinja(sql):
    assert plain_render(TemplateInput(name="m", file="m.sql", sql=sql), None, {}) is not None


@pytest.mark.parametrize("sql", [*JINJA, "{{ config(a='b', a='c') }}"])
def test_whatever_else_a_template_says_is_left_to_jinja(sql):
    assert plain_render(TemplateInput(name="m", file="m.sql", sql=sql), None, {}) is None


def test_a_projects_own_ref_takes_the_place_of_the_built_in_one(project):
    own = project.with_macros("{% macro ref(name) %}mine{% endmacro %}")
    assert own.analyse("select * from {{ ref('x') }}").sql == "select * from mine"


def test_a_projects_own_scan_is_among_the_macros_that_a_model_uses(project, monkeypatch):
    own = project.with_macros("{% macro partitioned_scan(r, p) %}{{ r }}{% endmacro %}")
    sql = "select * from {{ ref('x') }}"
    assert [use.name for use in own.analyse(sql).macros_used] == ["partitioned_scan"]
    assert own.analyse(sql) == compiled(own, sql, monkeypatch)


def test_an_ephemeral_model_is_inlined(project, monkeypatch):
    project.ephemeral = {"x": "select 1 as a from {{ ref('y') }}"}
    sql = "select * from {{ ref('x') }}"
    assert "select 1 as a" in project.analyse(sql).sql
    assert project.analyse(sql) == compiled(project, sql, monkeypatch)


FEW = "{{ config(a='b') }}select * from {{ ref('x') }} join {{ source('s', 't') }} using (a)\n"
HALF_PAST = datetime(2024, 3, 10, 2, 30, 0, 125, tzinfo=UTC)
RANGES = [
    ColumnRange(column="day", type=BoundType.DATE, lo=date(2024, 1, 1), hi=date(2024, 1, 2)),
    ColumnRange(column='d"ay', type=BoundType.DATE, lo=date(2024, 1, 1), nulls=True),
    ColumnRange(column="at", type=BoundType.TIMESTAMP, lo=HALF_PAST, hi=HALF_PAST),
    ColumnRange(column="at", type=BoundType.TIMESTAMPTZ, lo=HALF_PAST, nulls=True),
    ColumnRange(column="at", type=BoundType.TIMESTAMPTZ, hi=HALF_PAST),
    ColumnRange(column="n", type=BoundType.INTEGER, lo=-5, hi=0),
    ColumnRange(column="k", type=BoundType.TEXT, keys=("a", "it's", "back\\slash", " ")),
    ColumnRange(column="k", type=BoundType.TEXT, keys=()),
    ColumnRange(column="k", type=BoundType.TEXT, keys=("a",), nulls=True),
    ColumnRange(column="day", type=BoundType.DATE),
]


def ran(project, scans, names_scans):
    model = project.model(FEW)
    expected = ("ref:x", "source:s.t")
    return project.templates.render(
        model, None, scans, lookup=project, expected=expected, names_scans=names_scans
    )


@pytest.mark.parametrize("engine", ["duckdb", "snowflake"])
@pytest.mark.parametrize("macros", [(), ("{% macro other() %}{% endmacro %}",)])
def test_a_run_reads_the_same_with_and_without_jinja(project, engine, macros, monkeypatch):
    project = project.with_settings(target={"type": engine}).with_macros(*macros)
    chance = random.Random(1)
    for at in range(40):
        ranges = tuple(chance.sample(RANGES, k=chance.randint(0, 3)))
        scans = {0: Scan(ranges, chance.choice((None, "x"))), 1: Scan((RANGES[at % 10],), "t")}
        for names_scans in (False, True):
            quick = ran(project, scans if at else {}, names_scans)
            with monkeypatch.context() as patch:
                patch.setattr(Templates, "_plain", lambda *_: None)
                assert quick == ran(project, scans if at else {}, names_scans)


def test_a_projects_own_predicate_is_what_a_run_prints(project):
    own = project.with_macros(
        "{% macro partition_predicate(c, t, s, e) %}{{ c }} between{% endmacro %}"
    )
    assert 'where "day" between' in ran(own, {0: Scan((RANGES[0],))}, False).sql


def test_a_run_that_would_read_other_relations_is_refused(project):
    assert project.run_error(FEW, None, {}, ("ref:x", "ref:y")).code == "TEMPLATE_REGIME"
    assert project.run_error(FEW, None, {}, ("ref:x",)).code == "TEMPLATE_REGIME"


def test_a_plain_model_is_analysed_and_run_without_loading_jinja():
    code = """
import sys
from datetime import datetime, UTC
from sqlbackfill.template.templates import Templates
from sqlbackfill.template.types import TemplateInput, TemplateSettings
settings = TemplateSettings(project="p", run_started_at=datetime.now(UTC))
templates = Templates(settings, (), quote=str, quote_name=str)
model = TemplateInput(name="m", file="m.sql", sql="{{ config(a='b') }}select 1")
assert templates.analyse(model).config == {"a": "b"}
assert templates.render(model, None, {}, lookup=None, expected=()).sql == "select 1"
assert "jinja2" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
