"""Requests for models written as in a project: `{{ ref('x') }}`, `{{ source('a', 'b') }}`, `{{ this }}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts

Columns = tuple[tuple[str, str], ...]

FLIGHTS: Columns = (
    ("flight_date", "DATE"),
    ("time_hour", "TIMESTAMP WITH TIME ZONE"),
    ("carrier", "VARCHAR"),
    ("flight", "BIGINT"),
    ("tailnum", "VARCHAR"),
    ("origin", "VARCHAR"),
    ("dest", "VARCHAR"),
    ("sched_dep_time", "BIGINT"),
    ("dep_delay", "DOUBLE"),
    ("arr_delay", "DOUBLE"),
    ("air_time", "DOUBLE"),
    ("distance", "DOUBLE"),
    ("is_cancelled", "BOOLEAN"),
)
CARRIER_DAY: Columns = (
    ("flight_date", "DATE"),
    ("carrier", "VARCHAR"),
    ("flights", "BIGINT"),
    ("cancelled", "BIGINT"),
    ("mean_dep_delay", "DOUBLE"),
    ("mean_arr_delay", "DOUBLE"),
)
_DAY = PartitionInfo(column="flight_date", grain="day", column_type=BoundType.DATE)
_HOURS = PartitionInfo(column="time_hour", grain="hour", column_type=BoundType.TIMESTAMPTZ)
INPUTS: Mapping[str, InputRef] = {
    "flights": InputRef(relation="flights", columns=FLIGHTS, partition=_DAY),
    "carrier_day": InputRef(
        relation="carrier_day",
        columns=CARRIER_DAY,
        partition=_DAY,
        unique_keys=(("carrier", "flight_date"),),
    ),
    "nyc.flights": InputRef(
        relation="nyc.flights",
        columns=(("time_hour", "TIMESTAMP WITH TIME ZONE"), *FLIGHTS[2:12], ("dep_time", "BIGINT")),
        partition=_HOURS,
    ),
    "nyc.weather": InputRef(
        relation="nyc.weather",
        columns=(
            ("time_hour", "TIMESTAMP WITH TIME ZONE"),
            ("origin", "VARCHAR"),
            *((name, "DOUBLE") for name in ("temp", "wind_speed", "precip", "visib")),
        ),
        partition=_HOURS,
    ),
    "aircraft_minutes": InputRef(
        relation="aircraft_minutes",
        columns=(("flight_date", "DATE"), ("tailnum", "VARCHAR"), ("minutes_so_far", "BIGINT")),
        partition=_DAY,
        is_this=True,
    ),
}

_PRINT = re.compile(r"\{\{((?:\s*config\(.*?\)\s*)|.*?)\}\}", re.DOTALL)
_CALL = re.compile(
    r"""(ref|source)\(\s*['"](\w+)['"](?:\s*,\s*['"](\w+)['"])?\s*\)(\.unfiltered\(\))?"""
)
_DATE = re.compile(r"""new_york_date\(['"]([\w.]+)['"]\)""")


def request(
    sql: str,
    *,
    model: str = "m",
    inputs: Mapping[str, InputRef] = INPUTS,
    partition: PartitionInfo | None = _DAY,
    dialect: str = "duckdb",
) -> AnalysisRequest:
    """The request for a model's text; positions are those of the text itself where prints keep their width."""
    occurrences: dict[str, InputRef] = {}

    def print_(match: re.Match[str]) -> str:
        text = match.group(1).strip()
        bound = {"partition.start": "__sb_start__", "partition.end": "__sb_end__"}.get(text)
        date = _DATE.fullmatch(text)
        call = _CALL.fullmatch(text)
        if bound:
            return bound
        if date:
            return f"cast(timezone('America/New_York', {date.group(1)}) as date)"
        if text == "this":
            name = model
        elif call:
            name = call.group(2) + (f".{call.group(3)}" if call.group(3) else "")
        else:
            return ""
        marker = f"__sb_occurrence_{len(occurrences)}__"
        occurrences[marker] = inputs[name]
        return marker

    rendered = _PRINT.sub(print_, sql)
    return AnalysisRequest(
        model=model,
        sql=rendered,
        dialect=dialect,
        locate=lambda line, column: SourceSpan(
            file=f"models/{model}.sql", line=line, column=column
        ),
        occurrences=occurrences,
        partition=partition,
    )


def facts(sql: str, **options: object) -> QueryFacts:
    """The facts of a model's text."""
    return analyse(request(sql, **options))  # type: ignore[arg-type]  # the options of request
