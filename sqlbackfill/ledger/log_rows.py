"""Rows of partition_log from islands, and islands from rows. What stands of them is `islands`'.

Status reads these rows, so what it needs of them is kept apart from what is seldom asked for: texts
that grow with the number of partitions are not even fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from sqlbackfill.ledger.records import Action, BuildDetails, InputMark, Island, SourceRead
from sqlbackfill.ledger.schema import DETAILS, ISLAND, PARTITION_LOG, names
from sqlbackfill.warehouse.protocol import Relation

if TYPE_CHECKING:  # costs every command that reads no ledger some milliseconds
    import msgspec

COLUMNS = names(PARTITION_LOG)
ISLAND_COLUMNS = ", ".join(names(ISLAND))
DETAIL_COLUMNS = ", ".join(("seq", *names(DETAILS)))
OLD_DIGEST = "v1:"
"""Begins the mark of an input of which a ledger of version 1 recorded a digest of its window."""


def to_row(island: Island, details: BuildDetails) -> tuple[object, ...]:
    """`island` and what is kept beside it as values for COLUMNS."""
    relation = island.relation
    return (
        island.seq,
        relation.database,
        relation.schema,
        relation.identifier,
        island.identity,
        island.space,
        island.start,
        island.end,
        island.start_key,
        island.end_key,
        island.model,
        island.action.value,
        island.run_id,
        island.plan_id,
        island.chunk,
        island.fingerprint,
        json_text(island.slices),
        inputs_text(island.inputs),
        island.rows,
        island.finished_at,
        island.analyser,
        details.strategy,
        float(details.seconds),
        details.query_id,
        details.scan_bytes,
        ",".join(map(str, details.row_counts)),
        json_text(details.digests),
        json_text(
            {
                name: {
                    "space": read.space,
                    "spans": read.spans,
                    "unplaced": read.unplaced,
                    **({"keys": read.keys} if read.keys else {}),
                }
                for name, read in details.sources.items()
            }
        ),
    )


def inputs_text(inputs: Mapping[str, InputMark]) -> str:
    """`inputs` as the one JSON text that equal mappings share."""
    return json_text(
        {
            name: {"mark": mark.mark, "columns": mark.columns, "window": mark.window}
            for name, mark in inputs.items()
        }
    )


def json_text(value: Mapping[str, object]) -> str:
    """`value` as the one JSON text that equal mappings share; empty for an empty one."""
    if not value:
        return ""
    return json.dumps(dict(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_islands(
    rows: Iterable[Sequence[Any]], asked: frozenset[Relation] | None = None
) -> Iterator[Island]:
    """The islands of rows of ISLAND_COLUMNS, those of relations that nobody asked for left out.

    Raises ValueError or TypeError for a row that was never written so.
    """
    relations: dict[tuple[str, str, str], Relation] = {}
    for seq, database, schema, table, *values in rows:
        relation = relations.get((database, schema, table))
        if relation is None:
            relation = relations[database, schema, table] = Relation(database, schema, table)
        if asked is None or relation in asked:
            yield _island(seq, relation, values)


def _island(seq: int, relation: Relation, values: Sequence[Any]) -> Island:
    if None in values:
        raise ValueError(f"record {seq} of {relation} holds NULL")
    (
        identity, space, start, end, start_key, end_key, model, action, run_id, plan_id, chunk,
        fingerprint, slices, inputs, rows, finished_at, analyser,
    ) = values  # fmt: skip
    return Island(
        seq=seq,
        relation=relation,
        identity=identity,
        space=space,
        start=start,
        end=end,
        start_key=start_key,
        end_key=end_key,
        model=model,
        action=Action(action),
        run_id=run_id,
        plan_id=plan_id,
        chunk=chunk,
        fingerprint=fingerprint,
        slices=read_slices(slices),
        inputs=read_inputs(inputs),
        rows=rows,
        finished_at=finished_at,
        analyser=analyser,
    )


@lru_cache(maxsize=4096)
def read_slices(text: str) -> Mapping[str, str]:
    """What `json_text` wrote of an island's slices."""
    return _decoder(dict[str, str]).decode(text) if text else {}


@lru_cache(maxsize=4096)
def read_inputs(text: str) -> Mapping[str, InputMark]:
    """What `inputs_text` wrote, or a ledger of version 1 (see OLD_DIGEST)."""
    if not text:
        return {}
    found = _decoder(dict[str, InputMark | str]).decode(text)
    return {
        name: InputMark(OLD_DIGEST + mark) if isinstance(mark, str) else mark
        for name, mark in found.items()
    }


def read_details(row: Sequence[Any]) -> tuple[int, BuildDetails]:
    """The number of a row of DETAIL_COLUMNS, and what it says. Raises ValueError, TypeError."""
    seq, strategy, seconds, query_id, scan_bytes, row_counts, digests, sources = row
    return seq, BuildDetails(
        strategy=strategy,
        seconds=seconds,
        query_id=query_id,
        scan_bytes=scan_bytes,
        row_counts=tuple(int(count) for count in row_counts.split(",") if count),
        digests=read_digests(digests),
        sources=_decoder(dict[str, SourceRead]).decode(sources) if sources else {},
    )


def read_digests(text: str) -> Mapping[str, tuple[str | None, ...]]:
    """What `json_text` wrote of the digests of an island's partitions."""
    return _decoder(dict[str, tuple[str | None, ...]]).decode(text) if text else {}


@cache
def _decoder(kind: object) -> msgspec.json.Decoder[Any]:
    import msgspec

    return msgspec.json.Decoder(kind)
