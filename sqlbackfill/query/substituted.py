"""How a query for one partition is written with a column in its bounds' place: values only, no syntax trees."""

from __future__ import annotations

from sqlbackfill.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundValue:
    """A word of the SQL that prints a bound, and the SQL that takes its place.

    `is_typed`: the word before it, which names its type (`date '…'`), goes too.
    """

    text: str
    value: str
    is_typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """What turns the query of one partition into one of any number of them.

    `values` are in the order of the SQL. `group_key` is one more key of the outermost GROUP BY, None
    where it needs none. `column` is what stands for the bound, as shown to people.
    """

    values: tuple[BoundValue, ...]
    group_key: str | None
    column: str
    dialect: str
