"""From config to a partitioning: what is built, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from sqlbackfill.errors import ProjectError, SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.partitioning import (
    IntegerPartitioning,
    Naive,
    StaticPartitioning,
    TimePartitioning,
)
from sqlbackfill.project.model import Model
from sqlbackfill.project.partition_config import require_partitioned
from sqlbackfill.project.resolve import resolve_model
from sqlbackfill.project.target import Target

TARGET = Target(profile="p", name="dev", type="duckdb", fields={}, database="w", schema="main")
DAILY = {"materialized": "incremental", "event_time": "day", "batch_size": "day"}


def ours(**values: object) -> dict[str, object]:
    return {"materialized": "incremental", "event_time": "x", "meta": {"sqlbackfill": values}}


@pytest.fixture
def configured(read):
    def _configured(config: Mapping[str, object]) -> Model:
        project = read({"models/a.sql": "select 1"})
        spans = {key: SourceSpan(file="models/a.sql", line=i + 1) for i, key in enumerate(config)}
        return resolve_model(project, project.files[0], config, spans, TARGET)

    return _configured


def test_a_day_of_a_date_column(configured) -> None:
    model = configured({**DAILY, "begin": "2024-01-01"})
    assert model.partition_column == "day"
    assert model.partitioning(BoundType.DATE) == TimePartitioning(
        grain=Grain(Unit.DAY), column_type=BoundType.DATE, begin=date(2024, 1, 1)
    )


def test_all_of_our_words_reach_the_partitioning(configured) -> None:
    model = configured(
        ours(
            grain="week",
            timezone="Europe/Berlin",
            naive="local",
            week_start="sun",
            end="2024-02-01",
        )
    )
    found = model.partitioning(BoundType.TIMESTAMP)
    assert isinstance(found, TimePartitioning)
    assert (found.timezone, found.naive, found.week_start) == ("Europe/Berlin", Naive.LOCAL, 6)
    assert (found.begin, found.end) == (None, date(2024, 2, 1))


def test_grain_wins_over_batch_size(configured) -> None:
    model = configured({**ours(grain="month"), "batch_size": "day"})
    found = model.partitioning(BoundType.DATE)
    assert isinstance(found, TimePartitioning)
    assert found.grain == Grain(Unit.MONTH)


@pytest.mark.parametrize("materialized", ["table", "view", "ephemeral"])
def test_what_is_rebuilt_whole_has_no_partitioning(configured, materialized: str) -> None:
    model = configured({**DAILY, "materialized": materialized})
    assert model.partitioning(BoundType.DATE) is None


def test_a_list_of_keys(configured) -> None:
    model = configured(ours(partitions={"keys": ["eu", "us"], "column": "region"}))
    assert model.partition_column == "region"
    assert model.partitioning(BoundType.TEXT) == StaticPartitioning(("eu", "us"))


def test_a_range_of_integers(configured) -> None:
    model = configured(ours(partitions={"integers": {"size": 100, "begin": 0, "end": 1000}}))
    assert model.partitioning(BoundType.INTEGER) == IntegerPartitioning(size=100, begin=0, end=1000)


@pytest.mark.parametrize(
    ("config", "column_type", "code", "line"),
    [
        ({"materialized": "incremental", "batch_size": "day"}, "date", "MISSING_EVENT_TIME", 1),
        ({"materialized": "incremental", "event_time": "x"}, "date", "MISSING_GRAIN", 2),
        (DAILY, "integer", "PARTITION_COLUMN_TYPE", 2),
        (DAILY, "text", "PARTITION_COLUMN_TYPE", 2),
        ({**DAILY, "batch_size": "hour"}, "date", "GRAIN_TOO_FINE", 3),
        (ours(grain="6 hours"), "timestamp", "GRAIN_NEEDS_BEGIN", 3),
        (ours(partitions=["a"]), "date", "PARTITION_COLUMN_TYPE", 3),
        (ours(partitions={"integers": {}}), "text", "PARTITION_COLUMN_TYPE", 3),
        (ours(partitions={"query": "select 1"}), "text", "UNSUPPORTED_PARTITIONS", 3),
        (ours(partitions={"dimensions": {"a": []}}), "text", "UNSUPPORTED_PARTITIONS", 3),
        (
            {**DAILY, "begin": "2024-01-02", "meta": {"sqlbackfill": {"end": "2024-01-01"}}},
            "date",
            "END_BEFORE_BEGIN",
            5,
        ),
    ],
)
def test_what_cannot_be_cut_is_an_error_at_the_key_that_caused_it(
    configured, config: Mapping[str, object], column_type: str, code: str, line: int
) -> None:
    model = configured(config)
    with pytest.raises(ProjectError) as caught:
        model.partitioning(BoundType(column_type))
    (found,) = caught.value.diagnostics
    assert (found.code, found.model) == (code, "a")
    assert found.span == SourceSpan(file="models/a.sql", line=line)
    assert found.fix


def test_all_that_is_missing_is_said_at_once(configured) -> None:
    with pytest.raises(ProjectError) as caught:
        require_partitioned(configured({"materialized": "incremental"}))
    assert [found.code for found in caught.value.diagnostics] == [
        "MISSING_EVENT_TIME",
        "MISSING_GRAIN",
    ]
