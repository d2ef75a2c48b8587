"""A column of dates or timestamps: which of its values stand for an instant or a civil moment.

Owns how the column's type, the zone and the meaning of zone-less timestamps go together.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.zones import first_instant, local_reading, settled_reading

_LAST_TICK = timedelta(days=1, microseconds=-1)


class Naive(StrEnum):
    """What a timestamp without zone means: a moment in UTC, or the clock in the model's zone."""

    UTC = "utc"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeColumn:
    """`type` is DATE, TIMESTAMP or TIMESTAMPTZ; `zone` is the model's."""

    type: BoundType
    zone: tzinfo
    naive: Naive

    @property
    def is_wall_clock(self) -> bool:
        """Whether the values are civil dates or local readings, not instants."""
        local = self.type is BoundType.TIMESTAMP and self.naive is Naive.LOCAL
        return self.type is BoundType.DATE or local

    @property
    def cut_zone(self) -> tzinfo | None:
        """The zone whose clock cuts the values into days; None where the values show it themselves."""
        return None if self.is_wall_clock or self.zone is UTC else self.zone

    def at(self, instant: datetime) -> date | datetime:
        """The value that stands for `instant`. Raises TypeError for a naive datetime."""
        if instant.tzinfo is None:
            raise TypeError(f"an instant has a zone: {instant!r}")
        moment = (
            local_reading(instant, self.zone) if self.is_wall_clock else instant.astimezone(UTC)
        )
        return moment.date() if self.type is BoundType.DATE else moment

    def settled_at(self, instant: datetime) -> date | datetime:
        """The value below which no later instant will fall."""
        if not self.is_wall_clock or instant.tzinfo is None:
            return self.at(instant)
        reading = settled_reading(instant, self.zone)
        return reading.date() if self.type is BoundType.DATE else reading

    def first_of(self, reading: date | datetime) -> date | datetime:
        """The value of the first moment at which the zone's clock shows `reading`, tagged UTC."""
        if self.type is BoundType.DATE:
            return reading.date() if isinstance(reading, datetime) else reading
        moment = midnight(reading)
        zone = self.cut_zone
        return first_instant(moment, zone) if zone else moment

    def civil(self, value: date | datetime) -> date | datetime:
        """What the zone's clock shows at `value`: a reading tagged UTC, or the date.

        `fold` is 1 where the clock shows it the second time.
        """
        zone = self.cut_zone
        return midnight(value).astimezone(zone).replace(tzinfo=UTC) if zone else value

    def value(self, bound: Bound, *, up: bool = False) -> date | datetime:
        """`bound` in the column's own type.

        A date stands for its midnight; a time of day is cut off a date, or with `up` rounded to the
        next. Raises TypeError for numbers, keys and naive datetimes.
        """
        match bound:
            case datetime() if bound.tzinfo is None:
                raise TypeError(f"a bound is tagged UTC: {bound!r}")
            case datetime() if self.type is BoundType.DATE:
                return (bound + _LAST_TICK).date() if up else bound.date()
            case datetime():
                return bound
            case date():
                return bound if self.type is BoundType.DATE else midnight(bound)
            case _:
                raise TypeError(f"{bound!r} is no value of a {self.type.value} column")

    def written(self, moment: date | datetime, *, up: bool = False) -> date | datetime:
        """`begin` or `end` as a value; without an offset it is civil time in the zone."""
        if not isinstance(moment, datetime):
            return self.first_of(moment)
        if moment.tzinfo is not None:
            instant = moment.astimezone(UTC)
            value = local_reading(instant, self.zone) if self.is_wall_clock else instant
            return self.value(value, up=up)
        reading, zone = moment.replace(tzinfo=UTC), self.cut_zone
        return self.value(first_instant(reading, zone) if zone else reading, up=up)


def midnight(value: date | datetime) -> datetime:
    """The reading, tagged UTC, at which a date starts; a datetime as it is."""
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC)
