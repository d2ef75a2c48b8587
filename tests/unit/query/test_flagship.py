from pathlib import Path

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import PartitionInfo, QueryFacts, ReadKind, Verdict
from tests.unit.query.flagship import facts

MODELS = Path(__file__).parents[3] / "models"
ALL = ("range", "chunk", "partition")


def _model(name: str) -> QueryFacts:
    grain = "week" if name == "airport_week" else "day"
    column = "week_start" if name == "airport_week" else "flight_date"
    return facts(
        (MODELS / f"{name}.sql").read_text(),
        model=name,
        partition=PartitionInfo(column=column, grain=grain),
    )


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("flights", {"nyc.flights": ("time_hour", 0, 0)}),
        ("flight_weather", {"flights": ("flight_date", 0, 0), "nyc.weather": ("time_hour", 0, 0)}),
        ("carrier_day", {"flights": ("flight_date", 0, 0)}),
        ("airport_week", {"flights": ("flight_date", 0, 0)}),
        ("busiest_routes", {"flights": ("flight_date", 0, 0)}),
        ("carrier_trailing_7d", {"carrier_day": ("flight_date", -6, 0)}),
    ],
)
def test_a_flagship_model_is_proven_with_its_exact_windows(
    name: str, windows: dict[str, tuple[str, int, int]]
) -> None:
    found = _model(name)
    assert found.verdict is Verdict.PROVEN, found.reasons
    assert found.strategies == ALL
    assert found.is_plain
    assert {r.relation: (r.column, r.start_offset, r.end_offset) for r in found.reads} == windows
    assert {r.kind for r in found.reads} == {ReadKind.WINDOW}


def test_a_lag_over_days_is_refuted_at_its_line_and_reads_the_past_with_every_strategy() -> None:
    found = _model("carrier_streak")
    (read,) = found.reads
    (reason,) = found.reasons
    text = (MODELS / "carrier_streak.sql").read_text().splitlines()
    assert found.verdict is Verdict.REFUTED
    assert (read.kind, read.start_offset, read.end_offset) == (ReadKind.PAST, None, 0)
    assert reason.code == "WINDOW_OMITS_P"
    assert reason.span is not None
    assert "lag(" in text[reason.span.line - 1]
    assert found.strategies == ALL


def test_a_model_that_reads_its_own_past_runs_one_partition_at_a_time() -> None:
    found = _model("aircraft_minutes")
    reads = {r.relation: (r.kind, r.start_offset, r.end_offset) for r in found.reads}
    assert found.verdict is Verdict.REFUTED
    assert [reason.code for reason in found.reasons] == ["SELF_STATE"]
    assert found.strategies == ("partition",)
    assert found.reads_itself
    assert reads == {
        "flights": (ReadKind.WINDOW, 0, 0),
        "aircraft_minutes": (ReadKind.WINDOW, -1, -1),
    }


def test_the_output_columns_have_types_and_sources() -> None:
    columns = {column.name: column for column in _model("carrier_day").columns}
    assert columns["flights"].type == "BIGINT"
    assert columns["flight_date"].type == "DATE"
    assert columns["mean_dep_delay"].sources == (("flights", "dep_delay"),)
    assert _model("carrier_day").partition_type is BoundType.DATE
