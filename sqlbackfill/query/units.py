"""Units and amounts of time that are written out in SQL: `3 days`, INTERVAL, a literal number. No bounds."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.partitions.paths import FIXED_US, MONTHS_IN

_UNITS: Final = {
    **{unit: unit for unit in (*FIXED_US, *MONTHS_IN)},
    "mon": "month",
    "mm": "month",
    "dd": "day",
    "d": "day",
    "yyyy": "year",
    "isoweek": "week",
}


def unit_of(node: exp.Expr | None) -> str | None:
    """The unit that a function names, in the singular; None where it is not a known word."""
    if node is None or not isinstance(node, (exp.Var, exp.Literal, exp.Identifier)):
        return None
    word = node.name.lower()
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))


def whole_number(node: exp.Expr | None) -> int | None:
    """The integer that a literal, with or without a sign, stands for."""
    if isinstance(node, exp.Paren):
        return whole_number(node.this)
    if isinstance(node, exp.Neg):
        number = whole_number(node.this)
        return None if number is None else -number
    if isinstance(node, exp.Mul):  # how sqlglot writes the amount of Spark's DATE_SUB
        left, right = whole_number(node.this), whole_number(node.expression)
        return None if left is None or right is None else left * right
    if isinstance(node, exp.Literal):
        text = node.name.strip()
        digits = text.removeprefix("-").removeprefix("+")
        return int(text) if digits.isascii() and digits.isdigit() else None
    return None


def interval_of(node: exp.Expr) -> tuple[str, int] | None:
    """(unit, number) of an interval of one unit; None for anything else."""
    if not isinstance(node, exp.Interval):
        return None
    unit, number = unit_of(node.args.get("unit")), whole_number(node.this)
    return (unit, number) if unit is not None and number is not None else None


def moved_by(node: exp.Expr) -> tuple[str, int] | None:
    """(unit, number) by which DATE_ADD, DATE_SUB and the like move their argument."""
    sign = -1 if isinstance(node, (exp.DateSub, exp.TimestampSub, exp.DatetimeSub)) else 1
    amount = node.expression
    if isinstance(amount, exp.Interval):
        given = interval_of(amount)
        return (given[0], sign * given[1]) if given is not None else None
    unit, number = unit_of(node.args.get("unit")), whole_number(amount)
    return (unit, sign * number) if unit is not None and number is not None else None
