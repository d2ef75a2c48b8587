"""What differing rows say about a strategy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sqlbackfill.app.row_comparison import Comparison
from sqlbackfill.app.scratch_runs import ScratchTable
from sqlbackfill.app.side_by_side import SideBySide
from sqlbackfill.project.config import OverrideKind, ReadOverride
from sqlbackfill.query.facts import QueryFacts, Read, ReadKind

TABLE = ScratchTable("temp.t", (), 5, 1, 0.01)
READS = (Read(relation="events", column="day", kind=ReadKind.WINDOW),)
OVERRIDE = ReadOverride(kind=OverrideKind.WINDOW, reason="so")


def equal(facts: QueryFacts, overrides: dict[str, ReadOverride], different: int) -> bool | None:
    model = SimpleNamespace(config=SimpleNamespace(sqlbackfill=SimpleNamespace(read=overrides)))
    workspace = SimpleNamespace(facts={"m": facts}, models={"m": model})
    prepared = cast("Any", SimpleNamespace(workspace=workspace))
    sides = SideBySide(prepared, cast("Any", None), "m", cast("Any", None), cast("Any", None))
    return sides._outcome("range", TABLE, Comparison(different, ())).equal


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (QueryFacts(reads=READS), False),
        (QueryFacts(reads=READS, has_confined_choices=True), None),
        (QueryFacts(reads=READS, is_volatile=True), None),
    ],
)
def test_rows_that_may_differ_by_themselves_refute_nothing(
    facts: QueryFacts, expected: bool | None
) -> None:
    assert equal(facts, {}, 2) is expected
    assert equal(facts, {}, 0) is True


def test_where_an_author_declares_the_read_a_difference_is_laid_at_that_door() -> None:
    tied = QueryFacts(reads=READS, has_confined_choices=True)

    assert equal(tied, {"events": OVERRIDE}, 2) is False
    assert equal(tied, {"unread": OVERRIDE}, 2) is None


def test_other_columns_are_a_difference() -> None:
    prepared = cast("Any", SimpleNamespace())
    sides = SideBySide(prepared, cast("Any", None), "m", cast("Any", None), cast("Any", None))

    outcome = sides._outcome("range", TABLE, "its columns are others: x DATE")

    assert (outcome.equal, outcome.reason) == (False, "its columns are others: x DATE")
