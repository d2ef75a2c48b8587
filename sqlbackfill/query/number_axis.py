"""Where a value of an input's column lies among the numbers by which the output is partitioned.

The SQL made those numbers, so a read window that leads from them to the column holds the way back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.digits import digits_of
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.paths import Limit, Op, Origin, Step, Steps
from sqlbackfill.partitions.zone_images import (
    first_instant,
    highest_reading,
    last_instant,
    lowest_reading,
)

_PLAIN: Final = (1, 2, 17, 1000)


def as_number(value: int, window: ReadWindow, *, lower: bool) -> int | None:
    """The output's number for the value of a row; None where it is not known.

    Of a reading that a clock shows twice, the lesser or the greater number is taken.
    """
    limit = window.lower if lower else window.upper
    steps = _steps(limit)
    try:
        for step in reversed(steps):
            value = _undone(value, step, lower=lower)
    except OverflowError:
        return None
    return value


def sample_numbers(window: ReadWindow, moments: Iterable[int], size: int) -> list[int]:
    """Numbers of the output to try: those of `moments` where numbers stand for moments."""
    steps = _steps(window.lower) or _steps(window.upper)
    digits = next((step.name for step in steps if step.op is Op.FROM_DIGITS), None)
    if digits is not None:
        return [digits_of(moment, digits) for moment in moments]
    if window.column_type is BoundType.INTEGER or not steps:
        return [number * size for number in _PLAIN]
    found = (as_number(moment, window, lower=window.lower is not None) for moment in moments)
    return [number for number in found if number is not None]


def _steps(limit: Limit | None) -> Steps:
    """The steps of a path that follows the partition; all such paths are over the same axes."""
    for option in limit or ():
        for path in option:
            if path.origin is not Origin.CONST:
                return path.steps
    return ()


def _undone(value: int, step: Step, *, lower: bool) -> int:
    """`value` before `step`, if that is a change of axis; moves within an axis stay."""
    match step.op:
        case Op.ORIGIN:
            return value - step.amount
        case Op.MULTIPLY:
            return value // step.amount
        case Op.DIVIDE_LO | Op.DIVIDE_HI:
            return value * step.amount
        case Op.FROM_DIGITS:
            return digits_of(value, step.name)
        case Op.INSTANT_LO | Op.INSTANT_HI:
            if lower:
                return lowest_reading(value, step.name)
            return highest_reading(value + 1, step.name) - 1
        case Op.LOCAL_LO | Op.LOCAL_HI:
            if lower:
                return first_instant(value, step.name)
            return last_instant(value + 1, step.name) - 1
        case _:
            return value
