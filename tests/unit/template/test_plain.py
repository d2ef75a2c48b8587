"""Models that only name their inputs: rendered without Jinja, as Jinja renders them."""

from __future__ import annotations

import random

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.template import render
from sqlbackfill.template.plain import plain_render
from sqlbackfill.template.types import TemplateInput

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
    "{{ config(materialized='table') }}{{ ref('x') }}",
    "__sb_start__ {{ ref('x') }}",
]
PIECES = [
    "{{ ref('x') }}", "{{ref('pack','y')}}", "{{ source('s', 't') }}", "{{", "}}", "{", "}", "{%", "#}",
    "\n", "\r\n", "\r", " ", "select ", "'", '"', "ä", "(", ")", "{{ ref('x'", "ref('z') }}", "{{ 1 }}", ",",
]  # fmt: skip


def outcome(project, sql):
    try:
        return project.analyse(sql)
    except ProjectError as error:
        return error.diagnostics


def compiled(project, sql, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(render, "plain_render", lambda *_: None)
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


@pytest.mark.parametrize("sql", JINJA)
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
