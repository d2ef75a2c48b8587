"""Macros: found by name, overriding, packages, dispatch, and errors in macro files."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import ProjectError


def test_macros_see_one_another_across_files(project):
    project = project.with_macros(
        "{% macro one() %}1{{ two() }}{% endmacro %}",
        "{% macro two() %}2{{ ref('a') }}{% endmacro %}",
    )
    found = project.analyse("{{ one() }}")
    assert found.sql == "12__sb_occurrence_0__"
    assert [use.name for use in found.macros_used] == ["one", "two"]


def test_a_macro_of_the_model_itself_may_return(project):
    sql = "{% macro twice(x) %}{{ return(x * 2) }}{% endmacro %}{{ twice(4) + 1 }}"
    assert project.analyse(sql).sql == "9"


def test_return_gives_the_value_and_not_its_text(project):
    project = project.with_macros("{% macro pair() %}text{% do return([1, 2]) %}{% endmacro %}")
    assert project.analyse("{% for x in pair() %}<{{ x }}>{% endfor %}").sql == "<1><2>"


def test_call_blocks_reach_the_macro(project):
    project = project.with_macros("{% macro wrap() %}<{{ caller() }}>{% endmacro %}")
    assert project.analyse("{% call wrap() %}x{% endcall %}").sql == "<x>"


def test_package_macros_are_called_by_package_and_see_their_own_first(project):
    project = project.with_macros("{% macro helper() %}mine{% endmacro %}").with_macros(
        "{% macro key() %}{{ helper() }}{% endmacro %}{% macro helper() %}theirs{% endmacro %}",
        package="utils",
    )
    assert (
        project.analyse("{{ utils.key() }} {{ helper() }} {{ shop.helper() }}").sql
        == "theirs mine mine"
    )
    assert project.error("{{ key() }}").code == "JINJA_UNDEFINED"


def test_dispatch_prefers_the_targets_own_macro(project):
    project = project.with_macros(
        "{% macro now() %}{{ return(adapter.dispatch('now', 'utils')()) }}{% endmacro %}"
        "{% macro default__now() %}default{% endmacro %}{% macro duckdb__now() %}duck{% endmacro %}",
        package="utils",
    )
    assert project.analyse("{{ utils.now() }}").sql == "duck"
    assert project.with_settings(target={"type": "x"}).analyse("{{ utils.now() }}").sql == "default"
    ours = project.with_macros("{% macro default__now() %}ours{% endmacro %}")
    assert ours.analyse("{{ utils.now() }}").sql == "ours"
    asked = ours.with_settings(dispatch={"utils": ("utils", "shop")})
    assert asked.analyse("{{ utils.now() }}").sql == "duck"


def test_dispatch_without_any_candidate_names_what_was_tried(project):
    error = project.error("{{ adapter.dispatch('nothing')() }}")
    assert error.code == "UNKNOWN_MACRO"
    assert dict(error.notes)["tried"] == "duckdb__nothing, default__nothing"


def test_a_project_may_override_ref_itself(project):
    project = project.with_macros(
        "{% macro ref(name) %}{{ return(builtins.ref('new_' ~ name)) }}{% endmacro %}"
    )
    found = project.analyse("{{ ref('a') }}")
    assert found.targets == ("ref:new_a",)
    assert found.refs[0].span.column == 4


def test_blocks_of_dbt_that_are_no_macros_are_passed_over(project):
    project = project.with_macros(
        "{% materialization odd, adapter='x' %}{{ nothing.at.all }}{% endmaterialization %}"
        "{% test positive(model, column_name) %}select{% endtest %}{% macro m() %}m{% endmacro %}"
    )
    assert project.analyse("{{ m() }}").sql == "m"


def test_every_broken_macro_file_is_reported_with_its_place(project, place):
    broken = project.with_macros(
        "{% macro a( %}", "{% macro fine() %}{% endmacro %}", "x\n {{ 1 + }}"
    )
    with pytest.raises(ProjectError) as caught:
        _ = broken.templates
    assert [found.code for found in caught.value.diagnostics] == ["JINJA_SYNTAX", "JINJA_SYNTAX"]
    assert [place(found) for found in caught.value.diagnostics] == [
        ("macros/0.sql", 1, 13),
        ("macros/2.sql", 2, 9),
    ]


def test_a_broken_file_of_a_package_is_reported_when_it_is_used(project, place):
    project = project.with_macros("\n{% macro a() %}{{ ( }}{% endmacro %}", package="utils")
    assert project.analyse("select 1").sql == "select 1"
    error = project.error("{{ utils.a() }}")
    assert error.code == "JINJA_SYNTAX"
    assert place(error)[:2] == ("dbt_packages/utils/macros/0.sql", 2)


def test_a_macro_that_is_defined_twice_is_an_error(project, place):
    twice = project.with_macros("{% macro a() %}{% endmacro %}", "\n{% macro a() %}{% endmacro %}")
    with pytest.raises(ProjectError) as caught:
        _ = twice.templates
    (found,) = caught.value.diagnostics
    assert found.code == "DUPLICATE_MACRO"
    assert place(found) == ("macros/1.sql", 2, 10)
    assert dict(found.notes)["first defined"] == "macros/0.sql:1"


def test_a_macro_in_a_comment_is_none(project):
    project = project.with_macros(
        "{# {% macro a() %}old{% endmacro %} #}{% macro a() %}new{% endmacro %}"
    )
    assert project.analyse("{{ a() }}").sql == "new"


def test_lists_of_a_template_can_grow_but_variables_cannot_be_changed(project):
    sql = "{% set x = var('countries') %}{% do x.append('jp') %}{{ x | length }}"
    templates = project.templates
    model = project.model(sql)
    assert [templates.analyse(model).sql for _ in range(2)] == ["3", "3"]
