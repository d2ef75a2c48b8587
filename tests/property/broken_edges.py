"""Rules about numbers and text that the SQL builds, each broken on purpose: the harness must find a wrong row.

A mutant patches one function; `first` says where the generator soon makes a query that shows it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlglot import exp

from sqlbackfill.partitions import digits, paths
from sqlbackfill.partitions.paths import Op, Step
from sqlbackfill.query import conditions, encodings, epochs, formats, windows
from sqlbackfill.query.edges import EdgeRules
from sqlbackfill.query.epochs import Count, Rounding
from sqlbackfill.query.formats import Digits, WrittenText
from sqlbackfill.query.images import SAME, Image
from tests.property.broken_rules import MUTANTS, Mutant


def _rounded_down(patch: pytest.MonkeyPatch, only: Rounding) -> None:
    real = epochs.count_of

    def count_of(node: exp.Expr, dialect: str) -> Count | None:
        found = real(node, dialect)
        return replace(found, rounding=Rounding.DOWN) if found and found.rounding is only else found

    patch.setattr(encodings, "count_of", count_of)


def _milliseconds_rounded_down(patch: pytest.MonkeyPatch) -> None:
    _rounded_down(patch, Rounding.EITHER)


def _cast_rounds_down(patch: pytest.MonkeyPatch) -> None:
    """A cast of seconds with their fraction to whole ones, taken for their floor."""
    _rounded_down(patch, Rounding.NONE)


def _upper_end_rounded_down(patch: pytest.MonkeyPatch) -> None:
    real = encodings._count_images

    def count_images(count: Count) -> tuple[Image, Image]:
        forward, backward = real(count)
        high = tuple(
            Step(Op.DIVIDE_LO, step.amount) if step.op is Op.DIVIDE_HI else step
            for step in forward[1] or ()
        )
        return (forward[0], high), backward

    patch.setattr(encodings, "_count_images", count_images)


def _product_rounded_down(patch: pytest.MonkeyPatch) -> None:
    real = encodings._scaled

    def scaled(node: exp.Expr, kind: Any) -> Any:
        found = real(node, kind)
        if found is None or not isinstance(node, exp.Mul):
            return found
        amount = next(step.amount for step in found[1][0] or ())
        down = (Step(Op.DIVIDE_LO, amount),)
        return found[0], found[1], (down, down)

    patch.setattr(encodings, "_scaled", scaled)


def _fields_in_any_order(patch: pytest.MonkeyPatch) -> None:
    def unit(pattern: str) -> str | None:
        fields = formats._FIELD.findall(pattern)
        is_known = set(fields) == set(formats._FIELDS[: len(fields)])
        return formats._UNITS[len(fields) - 1] if fields and is_known else None

    patch.setattr(formats, "_unit", unit)


def _parts_of_several_dates(patch: pytest.MonkeyPatch) -> None:
    real = formats.digits_of

    def digits_of(node: exp.Expr, dialect: str) -> Digits | None:
        days, years = list(node.find_all(exp.Day)), list(node.find_all(exp.Year))
        if isinstance(node, exp.Add) and len(days) == 1 and len(years) == 1:
            node = node.copy()
            for day in node.find_all(exp.Day):
                day.set("this", years[0].this.copy())
        return real(node, dialect)

    patch.setattr(encodings, "digits_of", digits_of)


def _no_next_month(patch: pytest.MonkeyPatch) -> None:
    """20130332 taken for the first of March."""
    patch.setattr(digits, "_next", lambda start, unit: start)


def _text_in_utc(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(EdgeRules, "_to_wall", lambda self, source: (SAME, SAME))


def _frame_in_other_units(patch: pytest.MonkeyPatch) -> None:
    real = windows._range_reach

    def reach(value: exp.Expr, side: str, kind: Any, *, ascending: bool) -> Image:
        if isinstance(value, exp.Literal) and len(value.name) > 3:
            value = exp.Literal.number(value.name[:-3])
        return real(value, side, kind, ascending=ascending)

    patch.setattr(windows, "_range_reach", reach)


def _origin_off_by_one(patch: pytest.MonkeyPatch) -> None:
    real = epochs._written_day

    def written_day(node: exp.Expr) -> int | None:
        found = real(node)
        return None if found is None else found + 1

    patch.setattr(epochs, "_written_day", written_day)


def _days_apart_off_by_one(patch: pytest.MonkeyPatch) -> None:
    real = conditions.days_edge
    patch.setattr(
        conditions, "days_edge", lambda x, y, operator, days: real(x, y, operator, days + 1)
    )


def _backwards_as_forwards(patch: pytest.MonkeyPatch) -> None:
    """The days that are left until a date, taken for those since it."""
    real = epochs._days_since

    def days_since(node: exp.Expr, dialect: str) -> Count | None:
        if isinstance(node, exp.Sub) and epochs._written_day(node.this) is not None:
            node = exp.Sub(this=node.expression.copy(), expression=node.this.copy())
        return real(node, dialect)

    patch.setattr(epochs, "_days_since", days_since)


def _digits_of_the_day(patch: pytest.MonkeyPatch) -> None:
    """Every number that stands for a moment taken for that of a whole month."""
    real = digits.from_digits
    patch.setattr(
        paths,
        "from_digits",
        lambda number, unit: real(number // 100, "month") if unit == "day" else real(number, unit),
    )


def _raw_text(patch: pytest.MonkeyPatch) -> None:
    next(mutant for mutant in MUTANTS if mutant.name == "raw text as a date").patch(patch)


def _format_first_by_the_session(patch: pytest.MonkeyPatch) -> None:
    """DuckDB's `strftime(format, instant)` taken for `strftime(instant, format)`."""
    real = formats.written_text

    def written_text(node: exp.Expr, dialect: str) -> WrittenText | None:
        found = real(node, dialect)
        return None if found is None else replace(found, is_reading=False)

    patch.setattr(encodings, "written_text", written_text)


EDGE_MUTANTS = (
    Mutant("format first by the session's clock", _format_first_by_the_session, "groups", 576),
    Mutant("epoch_ms rounded down", _milliseconds_rounded_down, None, 270),
    Mutant("cast of an epoch rounded down", _cast_rounds_down, None, 250),
    Mutant("upper end of an epoch rounded down", _upper_end_rounded_down, None, 54),
    Mutant("preimage of a product rounded down", _product_rounded_down, None, 26),
    Mutant("fields in any order", _fields_in_any_order, None, 43),
    Mutant("parts of several dates", _parts_of_several_dates, "groups", 1270),
    Mutant("no month after a month's last day", _no_next_month, None, 45),
    Mutant("text in UTC", _text_in_utc, None, 374),
    Mutant("frame in other units", _frame_in_other_units, "windows", 478),
    Mutant("origin of days off by one", _origin_off_by_one, None, 21),
    Mutant("days apart off by one", _days_apart_off_by_one, "joins", 116),
    Mutant("days until as days since", _backwards_as_forwards, None, 73),
    Mutant("a day's digits as its month's", _digits_of_the_day, None, 46),
    Mutant("raw text as a date", _raw_text, None, 96),
)
