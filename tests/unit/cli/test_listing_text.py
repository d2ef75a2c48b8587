"""Models and runs as tables."""

from __future__ import annotations

from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.listing import listing_text, runs_text
from sqlbackfill.ledger.records import RunCosts


def a_model(name: str, **values: Any) -> dict[str, Any]:
    return {
        "model": name,
        "materialized": "incremental",
        "grain": None,
        "partition_column": None,
        "begin": None,
        "end": None,
        "upstreams": [],
        **values,
    }


def a_run(**values: Any) -> dict[str, Any]:
    return {
        "run_id": "r1",
        "status": "done",
        "started_at": "2014-01-01T00:00:00Z",
        "finished_at": "2014-01-01T00:03:05Z",
        "partitions_done": 1000,
        "partitions_total": 2000,
        "command": "run -p 2013",
        **dict.fromkeys(RunCosts.__slots__),
        **values,
    }


def test_models_are_listed_with_how_they_are_cut_and_what_they_read() -> None:
    document = {
        "models": [
            a_model("days", grain="day", partition_column="d", begin="2013-01-01"),
            a_model("keys", partition_column="region", upstreams=["days", "nyc.flights"]),
            a_model("whole", materialized="table"),
        ]
    }
    assert [line.split(maxsplit=1) for line in listing_text(document, Look()).split("\n")] == [
        ["model", "partitions  from        until  reads"],
        ["days", "day of d    2013-01-01"],
        ["keys", "by region                      days, nyc.flights"],
        ["whole", "table"],
    ]


def test_a_run_tells_how_far_it_came_and_how_long_it_took() -> None:
    lines = runs_text([a_run(), a_run(status="running", finished_at=None)], Look()).split("\n")
    assert lines[1] == "r1   done     1,000/2,000  3 min 05 s                      run -p 2013"
    assert lines[2] == "r1   running  1,000/2,000                                  run -p 2013"


def test_what_a_run_took_and_cost_stands_beside_what_was_estimated() -> None:
    measured = a_run(seconds=12.4, estimated_seconds=10.0, estimated_seconds_high=25.0)
    paid = {"cost_usd": 0.75, "estimated_cost_usd": 0.5, "estimated_cost_usd_high": 1.0}
    free = runs_text([measured, a_run()], Look()).split("\n")
    assert free[0].split() == [
        "run",
        "status",
        "partitions",
        "took",
        "queries",
        "estimated",
        "command",
    ]
    assert "12 s  10 s – 25 s  run -p 2013" in free[1]
    billed = runs_text([{**measured, **paid}], Look()).split("\n")
    assert "12 s  10 s – 25 s  $0.75  $0.50 – $1.00  run -p 2013" in billed[1]


def test_none_of_either_is_said() -> None:
    assert listing_text({"models": []}, Look()) == "no models"
    assert runs_text([], Look()) == "no runs yet"
