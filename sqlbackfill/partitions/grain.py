"""Grains: how large a partition of time is. Owns their names, not their calendar."""

from __future__ import annotations

from enum import StrEnum

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError


class Unit(StrEnum):
    """The units of time, finest first."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def is_civil(self) -> bool:
        """Whether periods follow the calendar (day and coarser), not elapsed time."""
        return self is not Unit.MINUTE and self is not Unit.HOUR


_UNITS = {unit.value: unit for unit in Unit}
_UNITS_IN_A_CENTURY = {
    Unit.MINUTE: 52_594_560,
    Unit.HOUR: 876_576,
    Unit.DAY: 36_524,
    Unit.WEEK: 5_217,
    Unit.MONTH: 1_200,
    Unit.QUARTER: 400,
    Unit.YEAR: 100,
}


@dataclass(frozen=True, slots=True)
class Grain:
    """`count` units, at least one and at most a century."""

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _UNITS_IN_A_CENTURY[self.unit]:
            raise ValueError(f"a grain is one unit to a century: {self.count} {self.unit.value}")

    @classmethod
    def parse(cls, text: str) -> Grain:
        """The grain that `text` names: `day`, `6 hours`, `15 minutes`.

        Raises ProjectError (INVALID_GRAIN).

        >>> str(Grain.parse("6 hours")), str(Grain.parse("1 day"))
        ('6 hours', 'day')
        """
        words = text.lower().split()
        count = words.pop(0) if len(words) == 2 else "1"
        name = words[0] if len(words) == 1 else ""
        singular = name.removesuffix("s")
        unit = _UNITS.get(singular)
        is_count = count.isascii() and count.isdigit() and len(count) < 10
        if unit and is_count and 0 < int(count) <= _UNITS_IN_A_CENTURY[unit]:
            return cls(unit, int(count))
        raise ProjectError(
            Diagnostic(
                code="INVALID_GRAIN",
                message=f"`{text}` is no grain{_suggestion(singular)}",
                fix="write one of " + ", ".join(_UNITS) + ", or several of one, such as `6 hours`",
            )
        )

    def __str__(self) -> str:
        return self.unit.value if self.count == 1 else f"{self.count} {self.unit.value}s"


def _suggestion(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, _UNITS, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
