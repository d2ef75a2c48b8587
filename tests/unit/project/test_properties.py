"""Properties files: the shapes that are refused, and what reaches the model."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.source import YmlColumn


def test_description_and_columns_reach_the_model(read) -> None:
    (file,) = read(
        {
            "models/a.sql": "",
            "models/any_name.yaml": (
                "models:\n- name: a\n  description: >\n    All of\n    it.\n"
                "  columns: [{name: x, data_type: date, description: the day}]\n"
            ),
        }
    ).files
    assert file.description == "All of it."
    assert file.columns == (YmlColumn(name="x", data_type="date", description="the day"),)
    assert file.span == SourceSpan(file="models/any_name.yaml", line=2, column=9, length=1)


@pytest.mark.parametrize(
    ("tests", "is_key"),
    [
        ("data_tests: [unique, not_null]", True),
        ("tests: [not_null], data_tests: [unique]", True),
        ("data_tests: [unique]", False),
        ("data_tests: [not_null, {unique: {config: {where: x > 1}}}]", False),
    ],
)
def test_a_column_whose_tests_leave_nothing_out_is_a_key(read, tests: str, is_key: bool) -> None:
    yml = f"models: [{{name: a, columns: [{{name: x, {tests}}}]}}]"
    (file,) = read({"models/a.sql": "", "models/a.yml": yml}).files
    assert [column.is_key for column in file.columns] == [is_key]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "properties file must be a mapping, not a list"),
        ("just text", "must be a mapping, not a single value"),
        ("models: {name: a}", "`models` must be a list, not a mapping"),
        ("models: [a]", "an entry of `models` must be a mapping"),
        ("models: [{name: [a]}]", "a model has no name"),
        ("models: [{name: a, config: [x]}]", "the config of model `a` must be a mapping"),
        ("models: [{name: a, columns: {x: y}}]", "`columns` must be a list"),
        ("models: [{name: a, columns: [{data_type: date}]}]", "a column has no name"),
        ("models: [{name: a, columns: [{name: x, data_type: [y]}]}]", "must be text"),
        ("sources: {name: raw}", "`sources` must be a list"),
        ("sources: [{tables: []}]", "a source has no name"),
        ("sources: [{name: s, tables: [t]}]", "an entry of `tables` must be a mapping"),
    ],
)
def test_a_wrong_shape_is_one_error_with_a_place_and_a_fix(
    errors_of, text: str, words: str
) -> None:
    (found,) = errors_of({"models/a.sql": "", "models/s.yml": text})
    assert words in found.message
    assert found.span is not None
    assert found.fix


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model: []", "did you mean `models`?"),
        ("models: [{name: a, colums: []}]", "did you mean `columns`?"),
        (
            "models: [{name: a, columns: [{name: x, type: date}]}]",
            "unknown key `type` of column `x`",
        ),
        ("models: [{name: a, versions: [{v: 1}]}]", "versions of model `a`"),
        ("models: [{name: a, columns: [{name: x}, {name: x}]}]", "described twice"),
    ],
)
def test_what_is_not_understood_is_a_warning(read, text: str, words: str) -> None:
    (warning,) = read({"models/a.sql": "", "models/s.yml": text}).warnings
    assert words in warning.message


def test_config_beside_config_is_told_where_it_belongs(read) -> None:
    (warning,) = read(
        {"models/a.sql": "", "models/s.yml": "models: [{name: a, materialized: table}]"}
    ).warnings
    assert warning.fix == "put it under config"


def test_other_resources_of_dbt_are_let_be(read) -> None:
    text = "version: 2\nexposures: [{name: x}]\nunit_tests: [{name: y}]\nmacros: []\nmetrics:\n"
    assert read({"models/a.sql": "", "models/s.yml": text}).warnings == ()
