"""Rows of partition_log from records, and the records that count from rows.

Status reads a record for every partition there is, so this is measured code: what all partitions of
a chunk share comes as one text, which is split once (2,920 records: 17 ms to fetch where whole rows
take 28), and records are made through their slots (6 ms, where the dataclass's own `__init__`
takes 18).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlbackfill.ledger.records import Action, PartitionRecord, canonical_inputs
from sqlbackfill.ledger.schema import PARTITION_LOG, Place, names
from sqlbackfill.warehouse.protocol import Relation

COLUMNS = names(PARTITION_LOG)

_KEY = "database_name, schema_name, table_name, key_space, partition_key"
_SHARED = (
    "database_name",
    "schema_name",
    "table_name",
    "key_space",
    "action",
    "run_id",
    "chunk",
    "table_identity",
    "model",
    "plan_id",
    "fingerprint",
    "strategy",
    "finished_at",
    "analyser",
)
_OWN = (
    "partition_key, ordinal, inputs, output_digest, row_count, query_id, seconds, scan_bytes, seq"
)
_SEPARATOR = "\x1f"


def to_row(seq: int, record: PartitionRecord) -> tuple[object, ...]:
    """`record` with number `seq` as values for COLUMNS."""
    relation = record.relation
    return (
        seq,
        relation.database,
        relation.schema,
        relation.identifier,
        record.identity,
        record.space,
        record.key,
        record.ordinal,
        record.model,
        record.action.value,
        record.run_id,
        record.plan_id,
        record.chunk,
        record.fingerprint,
        canonical_inputs(record.inputs),
        record.output_digest,
        record.rows,
        record.strategy,
        record.query_id,
        float(record.seconds),
        record.scan_bytes,
        record.finished_at,
        record.analyser,
    )


def latest_sql(place: Place, wanted: str) -> str:
    """The query for rows that hold the highest number of their key; `wanted` occurs in it twice.

    It may also return an older row whose number another key's latest happens to have;
    `latest_records` drops those.
    """
    log = place.sql("partition_log")
    shared = ", ".join(f"CAST({name} AS VARCHAR)" for name in _SHARED)
    return (
        f"SELECT concat_ws('{_SEPARATOR}', {shared}), {_OWN} FROM {log} WHERE {wanted} "
        f"AND seq IN (SELECT max(seq) FROM {log} WHERE {wanted} GROUP BY {_KEY})"
    )


def latest_records(
    rows: Iterable[tuple[Any, ...]], asked: frozenset[Relation]
) -> dict[Relation, list[PartitionRecord]]:
    """The records that count among the rows of `latest_sql`, ordered by space and ordinal."""
    spaces: dict[Relation, dict[str, dict[str, _Latest]]] = {}
    heads: dict[str, _Head] = {}
    for shared, key, *own, seq in rows:
        head = heads.get(shared)
        if head is None:
            head = heads[shared] = _Head.read(shared, asked, spaces)
        if head.keys is None:
            continue
        known = head.keys.get(key)
        if known is None or (known[0], known[1].order) < (seq, head.order):
            head.keys[key] = (seq, head, key, own)
    found: dict[Relation, list[PartitionRecord]] = {}
    for relation, by_space in spaces.items():
        standing = _standing(by_space)
        if standing:
            found[relation] = standing
    return found


@dataclass(frozen=True, slots=True)
class _Head:
    """What the partitions of a chunk share; `keys` is None for a relation that nobody asked for."""

    keys: dict[str, _Latest] | None
    order: tuple[str, int]
    forgotten: bool
    values: tuple[object, ...]

    @classmethod
    def read(
        cls,
        text: str,
        asked: frozenset[Relation],
        spaces: dict[Relation, dict[str, dict[str, _Latest]]],
    ) -> _Head:
        database, schema, table, space, action, run_id, chunk, *rest = text.split(_SEPARATOR)
        relation = Relation(database, schema, table)
        keys = None
        if relation in asked:
            keys = spaces.setdefault(relation, {}).setdefault(space, {})
        identity, model, plan_id, fingerprint, strategy, finished_at, analyser = rest
        order = (run_id, int(chunk))
        values = (
            relation,
            identity,
            space,
            model,
            Action(action),
            *order,
            plan_id,
            fingerprint,
            strategy,
            finished_at,
            analyser,
        )
        return cls(keys, order, action == Action.FORGOTTEN, values)


_Latest = tuple[int, _Head, str, list[Any]]


def _standing(by_space: dict[str, dict[str, _Latest]]) -> list[PartitionRecord]:
    """All but the forgotten ones and those older than another space's newest record."""
    left = {
        space: [entry for entry in keys.values() if not entry[1].forgotten]
        for space, keys in by_space.items()
    }
    newest = {space: max(entry[0] for entry in found) for space, found in left.items() if found}
    records: list[PartitionRecord] = []
    for space in sorted(newest):
        floor = max((seq for other, seq in newest.items() if other != space), default=0)
        counting = [entry for entry in left[space] if entry[0] > floor]
        counting.sort(key=lambda entry: (entry[3][0], entry[2]))
        records += _records(counting)
    return records


def _records(entries: Iterable[_Latest]) -> list[PartitionRecord]:
    import msgspec

    read_inputs = msgspec.json.Decoder(dict[str, str]).decode
    return [
        _MAKE(head.values, key, own[0], read_inputs(own[1]), own[2:])
        for _seq, head, key, own in entries
    ]


def _maker() -> Callable[..., PartitionRecord]:
    """A function that fills the slots of a new record; it must name every field."""
    shared = (
        "relation", "identity", "space", "model", "action", "run_id", "chunk", "plan_id",
        "fingerprint", "strategy", "finished_at", "analyser",
    )  # fmt: skip
    measured = ("output_digest", "rows", "query_id", "seconds", "scan_bytes")
    ours = {*shared, *measured, "key", "ordinal", "inputs"}
    if ours != {field.name for field in fields(PartitionRecord)}:
        raise AssertionError("a field of PartitionRecord is not read back")
    slots = {name: getattr(PartitionRecord, name).__set__ for name in ours}
    set_shared = tuple(slots[name] for name in shared)
    set_measured = tuple(slots[name] for name in measured)
    set_key, set_ordinal, set_inputs = slots["key"], slots["ordinal"], slots["inputs"]
    new = object.__new__

    def make(
        head: tuple[object, ...], key: str, ordinal: int, inputs: dict[str, str], own: list[Any]
    ) -> PartitionRecord:
        record = new(PartitionRecord)
        for put, value in zip(set_shared, head, strict=True):
            put(record, value)
        for put, value in zip(set_measured, own, strict=True):
            put(record, value)
        set_key(record, key)
        set_ordinal(record, ordinal)
        set_inputs(record, inputs)
        return record

    return make


_MAKE = _maker()
