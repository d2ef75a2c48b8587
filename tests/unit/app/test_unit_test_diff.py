"""How rows of unit tests are compared."""

from __future__ import annotations

import random
from collections import Counter

from sqlbackfill.app.unit_test_diff import row_diff
from sqlbackfill.warehouse.protocol import Column

A, B = Column("a", "BIGINT"), Column("b", "DOUBLE")


def test_order_does_not_count_and_how_often_does() -> None:
    assert not row_diff((A,), [(1,), (2,)], [(2,), (1,)])
    diff = row_diff((A,), [(1,), (1,)], [(1,)])
    assert (diff.missing, diff.unexpected) == (((1,),), ())


def test_floats_agree_to_nine_digits_and_no_further() -> None:
    assert not row_diff((A, B), [(1, 0.3)], [(1, 0.1 + 0.2)])
    assert row_diff((A, B), [(1, 1.0)], [(1, 1.0 + 1e-6)])


def test_a_row_of_which_half_agrees_is_changed_and_others_are_missing_and_unexpected() -> None:
    diff = row_diff((A, B), [(1, 1.0), (2, 2.0)], [(1, 9.0), (7, 7.0)])
    assert [one.cells for one in diff.changed] == [(1,)]
    assert (diff.missing, diff.unexpected) == (((2, 2.0),), ((7, 7.0),))


def test_the_nearest_rows_are_paired() -> None:
    columns = (A, Column("c", "VARCHAR"), Column("d", "VARCHAR"))
    diff = row_diff(columns, [(1, "x", "y")], [(1, "q", "r"), (1, "x", "z")])
    assert diff.changed[0].actual == (1, "x", "z")
    assert diff.unexpected == ((1, "q", "r"),)


def test_json_is_compared_by_what_it_says() -> None:
    column = Column("j", "JSON")
    assert not row_diff((column,), [('{"a": 1, "b": 2}',)], [('{"b":2,"a":1}',)])
    assert row_diff((column,), [('{"a": 1}',)], [('{"a": 2}',)])


def test_null_is_no_value() -> None:
    assert row_diff((A, B), [(1, None)], [(1, 0.0)])
    assert not row_diff((A, B), [(None, None)], [(None, None)])


def test_exact_rows_differ_as_their_counts_do() -> None:
    dice = random.Random(7)
    for _ in range(300):
        expected, actual = (
            [(dice.randint(0, 3), dice.choice("ab")) for _ in range(dice.randint(0, 8))]
            for _ in range(2)
        )
        diff = row_diff((A, Column("c", "VARCHAR")), expected, actual)
        missing = [*diff.missing, *(one.expected for one in diff.changed)]
        unexpected = [*diff.unexpected, *(one.actual for one in diff.changed)]
        assert Counter(missing) == Counter(expected) - Counter(actual)
        assert Counter(unexpected) == Counter(actual) - Counter(expected)
