"""Checkpoints: what stood of a table's log at a moment, so that older records need not be read.

Owns the rows of partition_state and what they merge. Whether a build is still right, and so what a
checkpoint may say of its inputs, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.damage import readable
from sqlbackfill.ledger.islands import RelationLog
from sqlbackfill.ledger.records import Island
from sqlbackfill.ledger.schema import PARTITION_STATE, RELATION_COLUMNS, Place, names
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.warehouse.protocol import Relation, Session

_COLUMNS = names(PARTITION_STATE)
_KEY = ", ".join(RELATION_COLUMNS)


class Checkpoints:
    """Reads and appends partition_state; the newest row of a relation counts."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def newest(
        self, session: Session, wanted: str, parameters: Sequence[object]
    ) -> dict[Relation, RelationLog]:
        """The newest checkpoint of each relation for which the condition `wanted` holds."""
        rows = session.execute(
            f"SELECT {_KEY}, islands FROM (SELECT *, row_number() OVER (PARTITION BY {_KEY} "
            f"ORDER BY covered_seq DESC) AS nth FROM {self._table} WHERE {wanted}) AS ranked "
            "WHERE nth = 1",
            parameters,
        )
        if not rows:
            return {}
        decode = _decoder()
        with readable(self._place, "partition_state"):
            return {Relation(*key): decode(text) for *key, text in rows}

    def newer_rows(
        self, columns: str, wanted: str, parameters: Sequence[object], above: int | None
    ) -> tuple[str, list[object]]:
        """The query for `columns` of the records that no checkpoint covers, with its parameters.

        With `above`, the oldest of all checkpoints, only those of relations that have one: records
        lie nearly in the order of their numbers, so an engine skips what is older.
        """
        shown = ", ".join(f"log.{name}" for name in columns.split(", "))
        if above is None:
            return f"SELECT {shown} {self._newer(wanted)}", list(parameters)
        newer = self._newer(f"seq > ? AND {wanted}")
        return f"SELECT {shown} {newer} AND covered.upto IS NOT NULL", [above, *parameters]

    def counted(self, wanted: str, parameters: Sequence[object]) -> tuple[str, list[object]]:
        """The query for how many records of each relation no checkpoint covers."""
        names = ", ".join(f"log.{name}" for name in RELATION_COLUMNS)
        query = f"SELECT {names}, count(*) {self._newer(wanted)} GROUP BY {names}"
        return query, list(parameters)

    def _newer(self, wanted: str) -> str:
        log = self._place.sql("partition_log")
        same = " AND ".join(f"covered.{name} = log.{name}" for name in RELATION_COLUMNS)
        return (
            f"FROM (SELECT * FROM {log} WHERE {wanted}) AS log LEFT JOIN "
            f"(SELECT {_KEY}, max(covered_seq) AS upto FROM {self._table} GROUP BY {_KEY}) "
            f"AS covered ON {same} WHERE (covered.upto IS NULL OR log.seq > covered.upto)"
        )

    def save(self, session: Session, relation: Relation, log: RelationLog, written_at: str) -> None:
        import msgspec

        text = msgspec.json.encode(log).decode()
        key = (relation.database, relation.schema, relation.identifier)
        session.insert(
            self._place.relation("partition_state"),
            _COLUMNS,
            [(*key, log.high_water, text, written_at)],
        )

    @property
    def _table(self) -> str:
        return self._place.sql("partition_state")


def _decoder() -> Any:
    import msgspec

    return msgspec.json.Decoder(RelationLog).decode


def merged(log: RelationLog, settled: int) -> RelationLog:
    """`log` with neighbours in one island that differ in nothing that anyone will ask for.

    `settled` is a number that no mark of a reader lies below: records up to it need not be told
    apart. Where partitions were cut in several ways over time, all are.
    """
    upto = settled if len(log.newest) == 1 else 0
    islands: list[Island] = []
    for island in log.islands:
        last = islands[-1] if islands else None
        if last is not None and _are_alike(last, island, upto):
            newer = max(last, island, key=lambda each: each.seq)
            islands[-1] = replace(
                newer,
                start=last.start,
                end=island.end,
                start_key=last.start_key,
                end_key=island.end_key,
                rows=last.rows + island.rows,
            )
        else:
            islands.append(island)
    return replace(log, islands=tuple(islands))


def _are_alike(one: Island, next_one: Island, settled: int) -> bool:
    return (
        one.end == next_one.start
        and one.space == next_one.space != KEY_SPACE
        and one.identity == next_one.identity
        and one.action is next_one.action
        and one.fingerprint == next_one.fingerprint
        and (one.seq == next_one.seq or max(one.seq, next_one.seq) <= settled)
        and one.slices == next_one.slices
        and one.inputs == next_one.inputs
    )
