"""How a query for one partition is written as one for many (theorem T3): values only, no syntax trees."""

from __future__ import annotations

from sqlbackfill.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftSlot:
    """One word of the SQL that prints bounds, and what stands in its place in a lifted query.

    `text` is the word with the bounds' markers, without quotes. `is_text`: it is a string, or else
    a bare number. `cast` is the SQL type that the engine reads the string as, None where it stays
    text. `is_value`: the bound itself stands there, as a value of its own type, since what reads the
    text reads just that. `is_typed`: the word before it names its type (`date '…'`).
    """

    text: str
    is_text: bool = True
    cast: str | None = None
    is_value: bool = False
    is_typed: bool = False
