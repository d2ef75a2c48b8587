"""Errors of templates: one clear message at the author's own place, and never a traceback."""

from __future__ import annotations

import pytest

MACROS = (
    "{% macro divide() %}\n  {{ 1 / 0 }}\n{% endmacro %}",
    "{% macro forever() %}{{ forever() }}{% endmacro %}",
    "{% macro refuse() %}\n{{ exceptions.raise_compiler_error('not like this') }}{% endmacro %}",
    "{% macro one(x) %}{{ x }}{% endmacro %}",
)


@pytest.fixture
def shop(project):
    return project.with_macros(*MACROS)


@pytest.mark.parametrize(
    ("sql", "code", "at"),
    [
        ("select 1\n{% if x %}", "JINJA_SYNTAX", (2, 9)),
        ("select\n  {{ 1 + }}", "JINJA_SYNTAX", (2, 10)),
        ("a\n {# b", "JINJA_SYNTAX", (2, 2)),
        ("a\r\nb {{ ? }}", "JINJA_SYNTAX", (2, 6)),
        ("a\n{{ f(a=1, b=2, a=3) }}", "JINJA_SYNTAX", (2, 18)),
        ("{{ (1 }}", "JINJA_SYNTAX", (1, 7)),
        ("{% fi x %}", "JINJA_SYNTAX", (1, 4)),
        ("x {{ x | nofilter }}", "JINJA_SYNTAX", (1, 10)),
        ("select\n  {{- nothing }}", "JINJA_UNDEFINED", (2, 7)),
        ("{% if a and\n  nothing %}{% endif %}", "JINJA_UNDEFINED", (1, 7)),
        ("{% set a = 1 %}{% if a and\n  nothing %}{% endif %}", "JINJA_UNDEFINED", (2, 3)),
        ("{{ target.nam }}", "JINJA_UNDEFINED", (1, 11)),
        ("{{ config(a=nothing) }}", "JINJA_UNDEFINED", (1, 13)),
        ("a\n{{ 1 / 0 }}", "JINJA_RUNTIME", (2, 4)),
        ("{{ return(1) }}", "JINJA_RUNTIME", (1, 4)),
        ("{{ one(1, 2) }}", "JINJA_RUNTIME", (1, 4)),
        ("{% include 'x.sql' %}", "JINJA_RUNTIME", (1, 4)),
        ("{{ ''.__class__.__mro__ }}", "JINJA_FORBIDDEN", (1, 4)),
        ("{{ modules.re.enum }}", "JINJA_UNDEFINED", (1, 15)),
        ("{{ '{0.__class__}'.format(partition.start) }}", "JINJA_FORBIDDEN", (1, 4)),
        ("a\n {{ 1 }} {{ var('nothing') }}", "UNKNOWN_VAR", (2, 13)),
        ("{{ env_var('NOTHING') }}", "UNKNOWN_ENV_VAR", (1, 4)),
        ("{{ env_var('DBT_ENV_SECRET_KEY') }}", "SECRET_ENV_VAR", (1, 4)),
        ("{{ config.require('x') }}", "CONFIG_REQUIRED", (1, 4)),
        ("{{ config('x') }}", "INVALID_CONFIG_CALL", (1, 4)),
        ("\n{{ ref() }}", "INVALID_REF", (2, 4)),
        ("{{ source('a') }}", "INVALID_REF", (1, 4)),
        ("{{ exceptions.raise_compiler_error('no') }}", "RAISED_BY_TEMPLATE", (1, 4)),
    ],
)
def test_errors_stand_at_their_place_in_the_models_file(shop, place, sql, code, at):
    error = shop.error(sql)
    assert (error.code, place(error)) == (code, ("models/daily.sql", *at))
    assert error.model == "daily"


@pytest.mark.parametrize(
    ("sql", "code", "at"),
    [
        ("\n {{ divide() }}", "JINJA_RUNTIME", ("macros/0.sql", 2, 6)),
        ("\n {{ forever() }}", "JINJA_RECURSION", ("macros/1.sql", 1, 25)),
        ("\n {{ refuse() }}", "RAISED_BY_TEMPLATE", ("macros/2.sql", 2, 4)),
    ],
)
def test_errors_in_a_macro_stand_in_its_file_and_name_the_caller(shop, place, sql, code, at):
    error = shop.error(sql)
    assert (error.code, place(error)) == (code, at)
    assert dict(error.notes)["called from"] == "models/daily.sql:2:5"


def test_errors_of_built_in_macros_stand_where_they_are_used(shop, place):
    project = shop.with_macros(
        "{% macro partition_literal(value, type) %}{{ missing_name }}{% endmacro %}"
    )
    error = project.run_error("\n{{ partition_filter('a') }}")
    assert place(error)[0] == "macros/0.sql"
    error = shop.run_error("\n{{ sqlbackfill.partition_literal(1, 'odd') }}")
    assert place(error) == ("models/daily.sql", 2, 4)


@pytest.mark.parametrize(
    ("sql", "fix"),
    [
        ("{{ divid() }}", "did you mean `divide`?"),
        ("{{ partion }}", "did you mean `partition`"),
        ("{{ start_dat }}", "did you mean `var('start_date')`"),
        ("{{ var('start_dat') }}", "did you mean `start_date`?"),
        ("{{ env_var('HOM') }}", "did you mean `HOME`?"),
        ("{{ partition.strat }}", "did you mean `start`?"),
        ("{{ shop.divid() }}", "did you mean `divide`?"),
        ("{{ x | uper }}", "did you mean `upper`"),
    ],
)
def test_near_matches_are_suggested(shop, sql, fix):
    assert fix in shop.error(sql).fix


def test_the_authors_own_message_is_passed_on_as_it_is(shop):
    assert shop.error("{{ refuse() }}").message == "not like this"


def test_a_warning_of_the_author_is_collected_with_its_place(shop):
    (warning,) = shop.analyse("\n{% do exceptions.warn('slow') %}").warnings
    assert (warning.code, warning.message, warning.span.line) == ("JINJA_WARNING", "slow", 2)
    assert warning.severity == "warning"


def test_secrets_never_appear_in_errors(project):
    with_profile = project.with_settings(vars={"s3cr3t": 1})
    error = with_profile.error("{{ {}['s3cr3t'] }}")
    assert "s3cr3t" not in error.message
    assert "*****" in error.message
    assert "s3cr3t" not in (with_profile.error("{{ s3cr3 }}").fix or "")


def test_secret_fields_of_the_target_are_not_shown(project):
    assert (
        project.analyse("{{ target.get('password', 'none') }} {{ target.name }}").sql == "none dev"
    )


def test_undefined_names_may_be_tested_and_given_a_default(project):
    sql = "{{ nothing | default('d') }} {{ 'x' if nothing is defined else 'y' }}{{ ',' if false }}"
    assert project.analyse(sql).sql == "d y"
