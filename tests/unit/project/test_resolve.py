"""Merging a model's config and naming its relation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest

from sqlbackfill.errors import ProjectError, SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.partitioning import Naive
from sqlbackfill.project.config import (
    Clock,
    IntegerRange,
    Materialization,
    OnChange,
    OnSchemaChange,
    OverrideKind,
    StaticKeys,
    WindowVars,
)
from sqlbackfill.project.model import Model
from sqlbackfill.project.names import NameRules
from sqlbackfill.project.resolve import resolve_model
from sqlbackfill.project.target import Target
from sqlbackfill.warehouse.protocol import Relation

TARGET = Target(
    profile="p", name="dev", type="duckdb", fields={}, database="warehouse", schema="main"
)
AT = SourceSpan(file="models/a.sql", line=1, column=4)


@pytest.fixture
def resolve(read):
    def _resolve(
        files: Mapping[str, str] | None = None,
        in_file: Mapping[str, object] | None = None,
        **options: NameRules,
    ) -> Model:
        project = read({"models/a.sql": "select 1", **(files or {})})
        given = in_file or {}
        spans = dict.fromkeys(given, AT)
        file = project.file("a")
        assert file is not None
        return resolve_model(project, file, given, spans, TARGET, **options)

    return _resolve


def ours(**values: object) -> dict[str, object]:
    return {"meta": {"sqlbackfill": values}}


def test_without_any_config_a_model_is_a_view(resolve) -> None:
    model = resolve()
    assert model.config.materialized is Materialization.VIEW
    assert model.config.on_schema_change is OnSchemaChange.FAIL
    assert model.relation == Relation("warehouse", "main", "a")
    assert model.warnings == ()


def test_in_file_config_wins_over_yml_which_wins_over_the_project_file(resolve) -> None:
    files = {
        "dbt_project.yml": "name: p\nmodels: {p: {+alias: tree, +schema: tree, +database: tree}}",
        "models/s.yml": "models: [{name: a, config: {alias: yml, schema: yml}}]",
    }
    config = resolve(files, {"alias": "own"}).config
    assert (config.alias, config.schema, config.database) == ("own", "yml", "tree")
    assert config.spans["alias"] == AT
    assert config.spans["schema"].file == "models/s.yml"
    assert config.spans["database"].file == "dbt_project.yml"


def test_tags_append_from_all_layers(resolve) -> None:
    files = {
        "dbt_project.yml": "name: p\nmodels: {p: {+tags: nightly}}",
        "models/s.yml": "models: [{name: a, tags: [top], config: {tags: [yml, 7]}}]",
    }
    assert resolve(files, {"tags": ["own", "nightly"]}).config.tags == (
        "nightly",
        "top",
        "yml",
        "7",
        "own",
    )


def test_meta_merges_by_key_and_so_does_our_part_of_it(resolve) -> None:
    files = {
        "dbt_project.yml": (
            "name: p\nmodels: {p: {+meta: {owner: us, x: {deep: 1},"
            " sqlbackfill: {timezone: Europe/Berlin, end: 2024-01-01}}}}"
        ),
        "models/s.yml": "models: [{name: a, meta: {x: {other: 2}, sqlbackfill: {end: 2025-01-01}}}]",
    }
    config = resolve(files, ours(grain="week")).config
    assert config.meta["owner"] == "us"
    assert config.meta["x"] == {"other": 2}
    assert config.sqlbackfill.timezone == "Europe/Berlin"
    assert config.sqlbackfill.end == "2025-01-01"
    assert config.sqlbackfill.grain == Grain(Unit.WEEK)


def test_null_resets_what_a_general_layer_says(resolve) -> None:
    files = {"dbt_project.yml": "name: p\nmodels: {p: {+schema: tree}}"}
    assert resolve(files, {"schema": None}).config.schema is None


def test_every_word_of_ours_is_read(resolve) -> None:
    config = resolve(
        {},
        ours(
            grain="6 hours",
            week_start="sunday",
            timezone="America/New_York",
            naive="local",
            end="2024-01-01T06:00:00+02:00",
            dialect="snowflake",
            vars={"start": "from_date", "end": "to_date"},
            partitions={"integers": {"size": 100, "begin": 0, "end": 1000}, "column": "block"},
            read={"flights": {"start_offset": -6, "end_offset": 0, "reason": "known"}},
            replace="partition",
            strategy="chunk=month",
            max_chunk=31,
            clock="input",
            on_schema_change="rebuild",
            on_change={"raw.events": "forward", "dim": "ignore"},
        ),
    ).config
    meta = config.sqlbackfill
    assert meta.grain == Grain(Unit.HOUR, 6)
    assert (meta.week_start, meta.timezone, meta.naive) == (6, "America/New_York", Naive.LOCAL)
    assert (meta.end, meta.dialect) == ("2024-01-01T06:00:00+02:00", "snowflake")
    assert meta.vars == WindowVars(start="from_date", end="to_date")
    assert meta.partitions == IntegerRange(size=100, begin=0, end=1000, column="block")
    assert meta.read["flights"].kind is OverrideKind.WINDOW
    assert (meta.read["flights"].start_offset, meta.read["flights"].end_offset) == (-6, 0)
    assert (meta.replace, meta.strategy, meta.max_chunk) == ("partition", "chunk=month", 31)
    assert meta.clock is Clock.INPUT
    assert config.on_schema_change is OnSchemaChange.REBUILD
    assert meta.on_change == {"raw.events": OnChange.FORWARD, "dim": OnChange.IGNORE}


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        (["eu", "us", 3], StaticKeys(keys=("eu", "us", "3"))),
        ({"keys": ["eu"], "column": "region"}, StaticKeys(keys=("eu",), column="region")),
        ({"integers": {}}, IntegerRange()),
    ],
)
def test_partitions_are_keys_or_integers(resolve, partitions: object, expected: object) -> None:
    assert resolve({}, ours(partitions=partitions)).config.sqlbackfill.partitions == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2024, 1, 1), "2024-01-01"),
        (datetime(2024, 1, 1, 6), "2024-01-01T06:00:00"),  # noqa: DTZ001
        ("2024-01-01 06:00:00+02:00", "2024-01-01 06:00:00+02:00"),
    ],
)
def test_begin_is_kept_as_written(resolve, value: object, text: str) -> None:
    assert resolve({}, {"begin": value}).config.begin == text


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        ({"begin": "soon"}, "BAD_CONFIG_VALUE", "`begin` must be a date, not `soon`"),
        ({"begin": 2024}, "BAD_CONFIG_VALUE", "`begin` must be a date"),
        ({"begin": "2024-02-30"}, "BAD_CONFIG_VALUE", "`begin` must be a date"),
        ({"begin": "20240101"}, "BAD_CONFIG_VALUE", "`begin` must be a date"),
        ({"event_time": ["a"]}, "BAD_CONFIG_VALUE", "must be text, not a list"),
        ({"enabled": "perhaps"}, "BAD_CONFIG_VALUE", "must be true or false"),
        ({"lookback": -1}, "BAD_CONFIG_VALUE", "at least 0"),
        ({"lookback": True}, "BAD_CONFIG_VALUE", "whole number"),
        ({"batch_size": "dya"}, "INVALID_GRAIN", "did you mean `day`"),
        ({"meta": "x"}, "BAD_CONFIG_VALUE", "must be a mapping, not text"),
        ({"meta": {"sqlbackfill": []}}, "BAD_CONFIG_VALUE", "`meta.sqlbackfill` must be a mapping"),
        ({"on_schema_change": "fial"}, "BAD_CONFIG_VALUE", "did you mean `fail`"),
        (ours(timezone="Europe/Berlim"), "UNKNOWN_TIMEZONE", "Europe/Berlin"),
        (ours(week_start="someday"), "BAD_CONFIG_VALUE", "no weekday"),
        (ours(naive="here"), "BAD_CONFIG_VALUE", "`meta.sqlbackfill.naive` cannot be `here`"),
        (ours(strategy="chunk=0"), "BAD_CONFIG_VALUE", "no strategy"),
        (ours(max_chunk=0), "BAD_CONFIG_VALUE", "at least 1"),
        (ours(replace="rows"), "BAD_CONFIG_VALUE", "replace"),
        (ours(partitions=[]), "BAD_CONFIG_VALUE", "list of keys"),
        (ours(partitions=["a", "a"]), "BAD_CONFIG_VALUE", "twice"),
        (ours(partitions=[True]), "BAD_CONFIG_VALUE", "no key"),
        (ours(partitions={"column": "x"}), "BAD_CONFIG_VALUE", "must name one of"),
        (ours(partitions={"integers": {"size": 0}}), "BAD_CONFIG_VALUE", "at least 1"),
        (ours(partitions={"integers": {"begin": 5, "end": 5}}), "BAD_CONFIG_VALUE", "after begin"),
        (ours(read={"x": {"kind": "all"}}), "BAD_CONFIG_VALUE", "gives no reason"),
        (ours(read={"x": {"reason": "y"}}), "BAD_CONFIG_VALUE", "neither a kind nor offsets"),
        (
            ours(read={"x": {"reason": "y", "start_offset": 2, "end_offset": 1}}),
            "BAD_CONFIG_VALUE",
            "ends before it starts",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    resolve, config: Mapping[str, object], code: str, words: str
) -> None:
    with pytest.raises(ProjectError) as caught:
        resolve({}, config)
    (found,) = caught.value.diagnostics
    assert (found.code, found.model, found.span) == (code, "a", AT)
    assert words in found.message
    assert found.fix


def test_all_bad_values_of_a_model_are_raised_at_once(resolve) -> None:
    with pytest.raises(ProjectError) as caught:
        resolve({}, {"begin": "soon", "lookback": "long", **ours(end="late")})
    assert len(caught.value.diagnostics) == 3


def test_a_nested_value_from_yml_has_the_place_of_its_own_key(errors_of) -> None:
    (found,) = errors_of(
        {
            "models/a.sql": "",
            "models/s.yml": "models:\n- name: a\n  config:\n    meta:\n      sqlbackfill:\n"
            "        grain: week\n        timezone: Mars\n",
        }
    )
    assert found.span == SourceSpan(file="models/s.yml", line=7, column=9, length=8)


def test_unknown_keys_in_the_file_are_warnings_of_the_model(resolve) -> None:
    model = resolve({}, {"evnt_time": "ts", **ours(grian="day")})
    assert [(w.code, w.model, w.span) for w in model.warnings] == [
        ("UNKNOWN_CONFIG_KEY", "a", AT),
        ("UNKNOWN_CONFIG_KEY", "a", AT),
    ]
    assert "did you mean `grain`?" in model.warnings[1].message


@pytest.mark.parametrize("hook", ["pre_hook", "post_hook", "sql_header"])
def test_sql_that_dbt_would_run_around_the_query_is_warned_of(resolve, hook: str) -> None:
    (warning,) = resolve({}, {hook: "delete from raw"}).warnings
    assert (warning.code, warning.span) == ("HOOK_NOT_RUN", AT)
    assert resolve({}, {hook: []}).warnings == ()


def test_a_batch_size_without_incremental_is_warned_of(resolve) -> None:
    (warning,) = resolve({}, {"event_time": "day", "batch_size": "day"}).warnings
    assert (warning.code, warning.span) == ("NOT_INCREMENTAL", AT)
    assert resolve({}, {"materialized": "incremental", "batch_size": "day"}).warnings == ()
    assert resolve({}, {"event_time": "day"}).warnings == ()


def test_what_the_yml_was_warned_of_is_not_said_again(resolve) -> None:
    model = resolve({"models/s.yml": "models: [{name: a, config: {evnt_time: ts}}]"})
    assert model.warnings == ()


def test_what_our_part_of_meta_was_warned_of_in_yml_is_not_said_again(resolve) -> None:
    text = "models: [{name: a, config: {meta: {sqlbackfill: {grian: day}}}}]"
    assert resolve({"models/s.yml": text}).warnings == ()


def test_a_replaced_mapping_leaves_no_places_behind(resolve) -> None:
    files = {"dbt_project.yml": "name: p\nmodels: {p: {+persist_docs: {relation: true}}}"}
    assert "persist_docs.relation" in resolve(files).config.spans
    assert "persist_docs.relation" not in resolve(files, {"persist_docs": {}}).config.spans


def test_an_incremental_python_model_has_no_partitioning(read) -> None:
    project = read({"models/py.py": "def model(dbt, session): ..."})
    config = {"materialized": "incremental"}
    model = resolve_model(project, project.files[0], config, {}, TARGET)
    assert model.partitioning(BoundType.DATE) is None


def test_a_custom_schema_follows_the_target_s(resolve) -> None:
    config = {"schema": "marts", "alias": "renamed", "database": "other"}
    assert resolve({}, config).relation == Relation("other", "main_marts", "renamed")


def test_an_empty_custom_schema_is_none(resolve) -> None:
    assert resolve({}, {"schema": ""}).relation.schema == "main"


def test_a_project_s_own_name_rules_are_asked(resolve) -> None:
    names = NameRules(schema=lambda custom, model, target: f"{target.name}_{custom}_{model}")
    assert resolve({}, {"schema": "x"}, names=names).relation.schema == "dev_x_a"


def test_the_project_s_dialect_serves_models_that_name_none(resolve) -> None:
    files = {"sqlbackfill.yml": "dialect: snowflake"}
    assert resolve(files).dialect == "snowflake"
    assert resolve(files, ours(dialect="duckdb")).dialect == "duckdb"


@pytest.mark.parametrize(
    ("config", "supported"),
    [
        ({}, True),
        ({"incremental_strategy": "delete+insert"}, True),
        ({"incremental_strategy": "insert_overwrite"}, True),
        ({"incremental_strategy": "microbatch"}, True),
        ({"unique_key": []}, True),
        ({"incremental_strategy": "merge"}, False),
        ({"incremental_strategy": "append"}, False),
        ({"unique_key": "id"}, False),
        ({"unique_key": ["id", "day"], "incremental_strategy": "delete+insert"}, False),
        ({"unique_key": "id", **ours(replace="partition")}, True),
        ({"unique_key": "id", "materialized": "table"}, True),
    ],
)
def test_models_that_replace_by_key_are_unsupported(
    resolve, config: Mapping[str, object], supported: bool
) -> None:
    found = resolve({}, {"materialized": "incremental", **config}).config.unsupported
    assert (found is None) is supported
    if found is not None:
        assert (found.code, found.model, found.span) == ("UNSUPPORTED_STRATEGY", "a", AT)
        assert "replace: partition" in (found.fix or "")


def test_a_custom_materialization_is_refused_and_not_fatal(resolve) -> None:
    config = resolve({}, {"materialized": "incremetal"}).config
    assert config.materialized is Materialization.TABLE
    assert config.refusal is not None
    assert config.refusal.code == "UNSUPPORTED_MATERIALIZATION"
    assert config.refusal.message.endswith("did you mean `incremental`?")


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("models/py.py", "def model(dbt, session): ...", "PYTHON_MODEL"),
        ("seeds/py.csv", "a\n1", "SEED_NOT_BUILT"),
        ("snapshots/s.sql", "{% snapshot py %}{% endsnapshot %}", "SNAPSHOT_NOT_BUILT"),
    ],
)
def test_what_is_no_sql_model_is_refused(read, path: str, text: str, code: str) -> None:
    project = read({"dbt_project.yml": "name: p", path: text})
    file = project.file("py")
    assert file is not None
    model = resolve_model(project, file, {}, {}, TARGET)
    assert model.config.refusal is not None
    assert (model.config.refusal.code, model.config.refusal.span) == (
        code,
        SourceSpan(file=path, line=1),
    )


def test_a_snapshot_s_target_schema_is_taken_as_it_is(read) -> None:
    project = read(
        {
            "dbt_project.yml": "name: p\nsnapshots: {p: {+target_schema: history}}",
            "snapshots/s.sql": "{% snapshot s %}{% endsnapshot %}",
        }
    )
    model = resolve_model(project, project.files[0], {}, {}, TARGET)
    assert model.relation == Relation("warehouse", "history", "s")


def test_layers_of_the_folder_reach_the_models_below_it(read) -> None:
    project = read(
        {
            "dbt_project.yml": (
                "name: p\nmodels:\n  +schema: every\n  p:\n    +batch_size: year\n    deep:\n"
                "      +batch_size: month\n      +alias: folder\n      b:\n        +alias: model\n"
            ),
            "models/deep/b.sql": "",
            "models/deep/c.sql": "",
            "models/d.sql": "",
        }
    )
    found = {
        file.name: resolve_model(project, file, {}, {}, TARGET).config for file in project.files
    }
    assert {(c.schema, str(c.batch_size), c.alias) for c in found.values()} == {
        ("every", "month", "model"),
        ("every", "month", "folder"),
        ("every", "year", None),
    }
    assert found["b"].alias == "model"


def test_without_a_project_name_the_tree_starts_at_the_folders(read) -> None:
    project = read({"sqlbackfill.yml": "models: {x: {+tags: t}}", "models/x/a.sql": ""})
    (model,) = (resolve_model(project, file, {}, {}, TARGET) for file in project.files)
    assert model.config.tags == ("t",)


def test_the_target_s_schema_is_the_default(read) -> None:
    project = read({"models/a.sql": ""})
    target = replace(TARGET, schema="dev")
    assert resolve_model(project, project.files[0], {}, {}, target).relation.schema == "dev"
