"""Islands as values, and as rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sqlbackfill.ledger.log_rows import COLUMNS, ISLAND_COLUMNS, inputs_text, read_islands, to_row
from sqlbackfill.ledger.records import Action, BuildDetails, InputMark, Island, Mark
from sqlbackfill.warehouse.protocol import Relation

ISLAND = Island(
    relation=Relation("house", "main", "orders"),
    identity="0123456789ab",
    space="day:UTC",
    start=19723,
    end=19733,
    start_key="2024-01-01",
    end_key="2024-01-10",
    model="orders",
    action=Action.BUILT,
    run_id="r1",
    plan_id="p1",
    chunk=7,
    fingerprint="f1",
    slices={"c": "s"},
    inputs={"b": InputMark("2"), "a": InputMark("é", "c", "w")},
    rows=3,
    finished_at="2024-05-01T12:00:00+00:00",
    analyser="1",
    seq=5,
)
DETAILS = BuildDetails(strategy="range", seconds=1, row_counts=(3, *[0] * 9))


def test_an_island_holds_at_least_one_partition_and_a_key_stands_alone() -> None:
    assert len(ISLAND) == 10
    with pytest.raises(ValueError, match="not a range"):
        replace(ISLAND, end=19723)
    with pytest.raises(ValueError, match="not a range"):
        replace(ISLAND, space="keys")


def test_equal_inputs_are_stored_as_equal_texts() -> None:
    marks = {"b": InputMark("2"), "a": InputMark("é")}
    assert inputs_text(marks) == inputs_text(dict(reversed(marks.items())))
    assert inputs_text({}) == ""


def test_a_row_has_a_value_for_every_column_and_is_read_back() -> None:
    row = to_row(ISLAND, DETAILS)
    named = dict(zip(COLUMNS, row, strict=True))
    assert (named["seq"], named["table_name"], named["row_counts"]) == (
        5,
        "orders",
        "3,0,0,0,0,0,0,0,0,0",
    )
    assert list(read_islands([row[: len(ISLAND_COLUMNS.split(", "))]])) == [ISLAND]


def test_a_mark_is_read_back_from_its_text_and_nothing_else_is_one() -> None:
    for mark in (Mark(7, "0123456789ab", "week:Europe/Berlin:week_start=6"), Mark(0, "", "whole")):
        assert Mark.read(mark.text) == mark
    assert [Mark.read(text) for text in ("", "v1:3:0a", "x|a|b", "7|a", "-1|a|b")] == [None] * 5
