"""Sources: their relations, external locations, config and columns."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.partitioning import Naive
from sqlbackfill.project.config import Freshness, OnChange
from sqlbackfill.project.source import Quoting, YmlColumn
from sqlbackfill.warehouse.protocol import Relation


def in_yml(text: str) -> dict[str, str]:
    return {"sqlbackfill.yml": "name: p", "models/sources.yml": text}


def test_a_source_is_named_by_its_source_and_table_and_lies_in_its_schema(read) -> None:
    project = read(in_yml("sources: [{name: raw, tables: [{name: events}]}]"))
    source = project.sources["raw.events"]
    assert source.relation == Relation("warehouse", "raw", "events")
    assert source.external_location is None
    assert source.event_time is None


def test_database_schema_and_identifier_are_taken_as_given_and_rendered(read) -> None:
    project = read(
        in_yml(
            "sources: [{name: raw, database: lake, schema: '{{ bronze }}',"
            " quoting: {database: true}, tables: [{name: events, identifier: EVT,"
            " quoting: {identifier: false}}, {name: users}]}]"
        )
    )
    assert project.sources["raw.events"].relation == Relation("lake", "bronze", "EVT")
    assert project.sources["raw.events"].quoting == Quoting(identifier=False)
    assert project.sources["raw.users"].quoting == Quoting(database=True)


@pytest.mark.parametrize("where", ["config", "meta"])
def test_an_external_location_fills_its_placeholders(read, where: str) -> None:
    project = read(
        in_yml(
            f"sources: [{{name: nyc, {where}: {{external_location: 'data/{{name}}_{{identifier}}.parquet'}},"
            " tables: [{name: flights, identifier: f}]}]"
        )
    )
    source = project.sources["nyc.flights"]
    assert (source.external_location, source.relation) == ("data/flights_f.parquet", None)


@pytest.mark.parametrize("where", ["config", "meta"])
def test_a_table_s_external_location_wins_over_its_source_s(read, where: str) -> None:
    project = read(
        in_yml(
            "sources: [{name: nyc, config: {external_location: 'all/{name}.parquet'}, tables: ["
            f"{{name: a, {where}: {{external_location: \"read_csv('own.csv')\"}}}}, {{name: b}}]}}]"
        )
    )
    assert project.sources["nyc.a"].external_location == "read_csv('own.csv')"
    assert project.sources["nyc.b"].external_location == "all/b.parquet"


@pytest.mark.parametrize(
    ("formatter", "text"), [("oldstyle", "x/%(name)s.csv"), ("template", "x/$name.csv")]
)
def test_dbt_duckdb_s_other_formatters_are_known(read, formatter: str, text: str) -> None:
    project = read(
        in_yml(
            "sources: [{name: s, tables: [{name: t, config: "
            f"{{external_location: '{text}', formatter: {formatter}}}}}]}}]"
        )
    )
    assert project.sources["s.t"].external_location == "x/t.csv"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x/{nmae}.csv", "nothing fills: nmae"),
        ("x/{name.__class__}.csv", "nothing fills"),
        ("x/{}.csv", "nothing fills"),
        ("x/{name.csv", "cannot be read"),
    ],
)
def test_a_bad_placeholder_is_an_error_at_its_place(errors_of, text: str, words: str) -> None:
    (found,) = errors_of(
        in_yml(
            f"sources:\n- name: s\n  config: {{external_location: '{text}'}}\n  tables: [{{name: t}}]"
        )
    )
    assert found.code == "EXTERNAL_LOCATION"
    assert words in found.message
    assert found.span == SourceSpan(file="models/sources.yml", line=3, column=12, length=17)


def test_event_time_of_the_source_serves_its_tables(read) -> None:
    project = read(
        in_yml(
            "sources: [{name: s, config: {event_time: ts, meta: {sqlbackfill: {timezone: UTC}}},"
            " tables: [{name: a}, {name: b, config: {event_time: at, meta: {sqlbackfill:"
            " {naive: local, timezone: Europe/Berlin, grain: week, week_start: sun}}}}]}]"
        )
    )
    a, b = project.sources["s.a"], project.sources["s.b"]
    assert (a.event_time, a.timezone, a.naive) == ("ts", "UTC", Naive.UTC)
    assert (b.event_time, b.timezone, b.naive) == ("at", "Europe/Berlin", Naive.LOCAL)
    assert (b.grain, b.week_start) == (Grain(Unit.WEEK), 6)


def test_a_source_says_how_it_is_known_to_be_unchanged_and_what_a_change_does(read) -> None:
    project = read(
        in_yml(
            "sources: [{name: s, tables: [{name: a}, {name: b, config: {meta: {sqlbackfill:"
            " {freshness: off, on_change: forward}}}}, {name: c, config: {meta: {sqlbackfill:"
            " {freshness: version}}}}]}]"
        )
    )
    found = [(s.freshness, s.on_change) for _, s in sorted(project.sources.items())]
    assert found == [
        (Freshness.DIGEST, None),
        (Freshness.OFF, OnChange.FORWARD),
        (Freshness.VERSION, None),
    ]


def test_columns_keep_their_order_and_types(read) -> None:
    project = read(
        in_yml(
            "sources: [{name: s, tables: [{name: t, columns: [{name: b, data_type: INT},"
            " {name: a, description: '{{ doc(\"a\") }}'}]}]}]"
        )
    )
    assert project.sources["s.t"].columns == (
        YmlColumn(name="b", data_type="INT"),
        YmlColumn(name="a", description='{{ doc("a") }}'),
    )


def test_a_disabled_source_is_left_out(read) -> None:
    project = read(
        in_yml(
            "sources: [{name: s, config: {enabled: false}, tables: [{name: a},"
            " {name: b, config: {enabled: true}}]}]"
        )
    )
    assert list(project.sources) == ["s.b"]


def test_the_source_tree_of_the_project_file_applies(read) -> None:
    project = read(
        {
            "sqlbackfill.yml": "name: p\nsources: {p: {raw: {+event_time: ts}}}",
            "models/s.yml": "sources: [{name: raw, tables: [{name: t}]}]",
        }
    )
    assert project.sources["raw.t"].event_time == "ts"


def test_a_source_declared_twice_names_both_places(errors_of) -> None:
    (found,) = errors_of(
        {
            "models/a.yml": "sources: [{name: s, tables: [{name: t}]}]",
            "models/b.yml": "sources: [{name: s, tables: [{name: t}, {name: u}]}]",
        }
    )
    assert (found.code, found.span and found.span.file) == ("DUPLICATE_SOURCE", "models/b.yml")
    assert "models/a.yml, line 1" in (found.fix or "")


def test_unknown_keys_of_sources_are_warnings_with_suggestions(read) -> None:
    project = read(
        in_yml(
            "sources: [{name: s, shcema: x, tables: [{name: t, identifer: y,"
            " config: {event_tme: z, meta: {sqlbackfill: {timezon: UTC}}}}]}]"
        )
    )
    assert [(w.code, w.message.rsplit("; ", 1)[-1]) for w in project.warnings] == [
        ("UNKNOWN_YML_KEY", "did you mean `schema`?"),
        ("UNKNOWN_YML_KEY", "did you mean `identifier`?"),
        ("UNKNOWN_YML_KEY", "did you mean `event_time`?"),
        ("UNKNOWN_CONFIG_KEY", "did you mean `timezone`?"),
    ]


def test_an_external_source_without_a_table_is_no_source(read) -> None:
    assert read(in_yml("sources: [{name: s}]")).sources == {}
