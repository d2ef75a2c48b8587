"""Civil time in IANA zones: which instants a wall-clock reading names. Owns no partitions.

A *reading* is what the clock on the wall shows, as a datetime tagged UTC; an *instant* is a datetime
in UTC. A reading may occur twice (the clock goes back) or never (it goes forward). Between two
neighbouring hours a zone changes its offset at most once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from sqlbackfill.errors import Diagnostic, ProjectError

_SECOND = timedelta(seconds=1)
_TICK = timedelta(microseconds=1)


def zone_named(name: str) -> tzinfo:
    """The IANA time zone called `name`. Raises ProjectError (UNKNOWN_TIMEZONE)."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ProjectError(_unknown_zone(name)) from None


def local_reading(instant: datetime, zone: tzinfo) -> datetime:
    """What the clock shows at `instant`."""
    return instant.astimezone(zone).replace(tzinfo=UTC, fold=0)


def settled_reading(instant: datetime, zone: tzinfo) -> datetime:
    """The reading before which the clock will not go again after `instant`.

    It is the reading of `instant`, except in the hour that will be repeated: there it is the start
    of the repetition.
    """
    local = instant.astimezone(zone)
    before, after = _offset(local), _offset(local.replace(fold=1))
    if local.fold or after >= before:
        return local.replace(tzinfo=UTC, fold=0)
    change = _change(instant, instant + (before - after), zone)
    return local_reading(change, zone)


def first_instant(reading: datetime, zone: tzinfo) -> datetime:
    """The first instant at which the clock shows `reading` or later.

    Of a reading that occurs twice the first; of one that is skipped, the moment of the jump.
    """
    local = reading.replace(tzinfo=zone, fold=0)
    instant = local.astimezone(UTC)
    if local_reading(instant, zone) == reading:
        return instant
    return _change(local.replace(fold=1).astimezone(UTC), instant, zone)


def occurrences(lo: datetime, hi: datetime, zone: tzinfo) -> tuple[tuple[datetime, datetime], ...]:
    """The half-open spans of instants at which the clock shows readings in [lo, hi).

    At most an hour apart. Empty if the clock skips them all, two spans if it shows them twice.
    """
    offsets = {
        _offset(reading.replace(tzinfo=zone, fold=fold))
        for reading in (lo, hi - _TICK)
        for fold in (0, 1)
    }
    spans: list[tuple[datetime, datetime]] = []
    for offset in sorted(offsets, reverse=True):
        start, end = lo - offset, hi - offset
        starts_so, ends_so = (_offset(t.astimezone(zone)) == offset for t in (start, end - _TICK))
        if not starts_so and not ends_so:
            continue
        if not starts_so:
            start = _change(start, end - _TICK, zone)
        elif not ends_so:
            end = _change(start, end, zone)
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The first instant in (before, after], to the second, with the offset of `after`."""
    wanted = _offset(after.astimezone(zone))
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(middle.astimezone(zone)) == wanted:
            after = middle
        else:
            before = middle
    return before + _SECOND


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _unknown_zone(name: str) -> Diagnostic:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    near = get_close_matches(name, sorted(available_timezones()), n=1)
    return Diagnostic(
        code="UNKNOWN_TIMEZONE",
        message=f"`{name}` is no time zone" + (f"; did you mean `{near[0]}`?" if near else ""),
        fix="write the zone's IANA name, such as `America/New_York` or `UTC`",
    )
