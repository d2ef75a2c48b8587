"""Jinja in yml values."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import ProjectError, SourceSpan

HERE = SourceSpan(file="models/schema.yml", line=3, column=11)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{ 4 }}", 4),
        ("{{ '4' }}", "4"),
        ("{{ '4' | as_number }}", 4),
        ("{{ 'true' | as_bool }}", True),
        ("{{ '[1, 2]' | as_native }}", [1, 2]),
        ("{{ 4 | as_text }}", "4"),
        ("{{ var('countries') }}", ["eu", "us"]),
        ("{{ [1, 'a'] }}", [1, "a"]),
        ("{{ 1 == 1 }}", True),
        ("a{{ 4 }}", "a4"),
        ("{{ env_var('HOME') }}/x", "/home/me/x"),
        ("{{ env_var('DBT_ENV_SECRET_KEY') }}", "s3cr3t"),
        ("{{ target.schema }}", "main"),
        ("{% if true %}x{% endif %}", "x"),
    ],
)
def test_a_string_becomes_the_value_that_it_stands_for(project, text, value):
    found = project.templates.value(text, HERE)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("{{ nothing }}", "JINJA_UNDEFINED", 3, 14),
        ("a\n {{ nothing }}", "JINJA_UNDEFINED", 4, 5),
        ("{{ ", "JINJA_SYNTAX", 3, 11),
        ("{{ var('nothing') }}", "UNKNOWN_VAR", 3, 14),
        ("{{ 'x' | as_number }}", "INVALID_YML_VALUE", 3, 14),
        ("{{ true | as_number }}", "INVALID_YML_VALUE", 3, 14),
        ("{{ 'x' | as_bool }}", "INVALID_YML_VALUE", 3, 14),
        ("{{ ref('a') }}", "JINJA_UNDEFINED", 3, 14),
    ],
)
def test_errors_stand_at_their_place_in_the_yml(project, text, code, line, column):
    with pytest.raises(ProjectError) as caught:
        project.templates.value(text, HERE)
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line, found.span.column) == (code, line, column)
    assert found.span.file == "models/schema.yml"


def test_secrets_never_appear_in_errors_of_yml(project):
    for text in (
        "{{ {}[env_var('DBT_ENV_SECRET_KEY')] }}",
        "{{ fromjson(env_var('DBT_ENV_SECRET_KEY')).x }}",
    ):
        with pytest.raises(ProjectError) as caught:
            project.templates.value(text, HERE)
        assert "s3cr3t" not in str(caught.value.diagnostics[0].as_json())
