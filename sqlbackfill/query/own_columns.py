"""What a model's own table looks like to a query that reads it: the columns that the query itself gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlbackfill.dataclass import replace
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts

_TYPES: Final[Mapping[BoundType, str]] = {BoundType.DATE: "DATE", BoundType.INTEGER: "BIGINT"}


def knowing_itself(request: AnalysisRequest, facts: QueryFacts) -> AnalysisRequest | None:
    """`request` with the columns of the model's own table, as `facts` found them without knowing it.

    None where the model does not read itself, its table is known already, or a `*` hides columns.
    """
    unknown = [m for m, ref in request.occurrences.items() if ref.is_this and ref.columns is None]
    if not unknown or not facts.columns_known or facts.errors or request.partition is None:
        return None
    own = request.partition.column.lower()
    columns = tuple(
        (one.name, one.type or (_declared(request) if one.name.lower() == own else ""))
        for one in facts.columns
    )
    occurrences: dict[str, InputRef] = dict(request.occurrences)
    for marker in unknown:
        occurrences[marker] = replace(occurrences[marker], columns=columns)
    return replace(request, occurrences=occurrences)


def _declared(request: AnalysisRequest) -> str:
    kind = request.partition.column_type if request.partition is not None else None
    return _TYPES.get(kind, "") if kind is not None else ""


def agrees(known: QueryFacts, unknown: QueryFacts) -> bool:
    """Whether the query that knows its table gives the columns that it was said to have."""
    found = {one.name: one.type for one in known.columns}
    return known.columns_known and all(
        one.name in found and (one.type is None or one.type == found[one.name])
        for one in unknown.columns
    )
