"""Records as values, and as rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sqlbackfill.ledger.log_rows import COLUMNS, latest_records, to_row
from sqlbackfill.ledger.records import Action, PartitionRecord, canonical_inputs
from sqlbackfill.warehouse.protocol import Relation

RECORD = PartitionRecord(
    relation=Relation("house", "main", "orders"),
    identity="0123456789ab",
    space="day:UTC",
    key="2024-01-01",
    ordinal=19723,
    model="orders",
    action=Action.BUILT,
    run_id="r1",
    plan_id="p1",
    chunk=7,
    fingerprint="f1",
    inputs={"b": "2", "a": "é"},
    rows=3,
    strategy="range",
    seconds=1,
    finished_at="2024-05-01T12:00:00+00:00",
    analyser="1",
)


def test_the_version_is_the_content_where_there_is_a_digest_and_the_build_otherwise() -> None:
    assert replace(RECORD, output_digest="d").version == "d"
    assert RECORD.version == "r1:7:2024-01-01"


def test_equal_inputs_are_stored_as_equal_texts() -> None:
    assert canonical_inputs({"b": "2", "a": "é"}) == canonical_inputs({"a": "é", "b": "2"})
    assert canonical_inputs({"b": "2", "a": "é"}) == '{"a":"é","b":"2"}'


def test_a_row_has_a_value_for_every_column() -> None:
    row = dict(zip(COLUMNS, to_row(5, RECORD), strict=True))
    assert (row["seq"], row["table_name"], row["action"]) == (5, "orders", "built")


def read_row(seq: int, run_id: str = "r1", chunk: int = 7) -> tuple[object, ...]:
    head = ("house", "main", "orders", "day:UTC", "built", run_id, str(chunk))
    rest = ("0123456789ab", "orders", "p1", "f1", "range", "2024-05-01T12:00:00+00:00", "1")
    shared = "\x1f".join((*head, *rest))
    return (shared, "2024-01-01", 19723, '{"a":"é","b":"2"}', None, 3, None, 1.0, None, seq)


def test_a_record_made_through_its_slots_is_a_record_like_any_other() -> None:
    (found,) = latest_records([read_row(5)], frozenset({RECORD.relation}))[RECORD.relation]
    assert found == RECORD
    assert repr(found) == repr(replace(RECORD, inputs={"a": "é", "b": "2"}, seconds=1.0))
    with pytest.raises(AttributeError):
        found.rows = 4  # type: ignore[misc]


def test_of_rows_for_one_key_the_highest_number_counts_and_ties_have_an_order() -> None:
    asked = frozenset({RECORD.relation})
    rows = [read_row(5, "b", 1), read_row(6, "a", 1), read_row(6, "a", 2), read_row(4, "z", 9)]
    for given in (rows, rows[::-1]):
        (found,) = latest_records(given, asked)[RECORD.relation]
        assert (found.run_id, found.chunk) == ("a", 2)
