"""Roundings to days fall away where partitions are cut at midnights, and only those."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.mapping import microseconds
from sqlbackfill.partitions.paths import DAY_US, HOUR_US, Op, Origin, Path, Step, on_days, run_steps

STEPS = st.sampled_from(
    [
        Step(Op.FLOOR, name="day"),
        Step(Op.CEIL, name="day"),
        Step(Op.CEIL, name="hour"),
        Step(Op.FLOOR, name="week"),
        Step(Op.CEIL, name="month"),
        Step(Op.SHIFT, amount=DAY_US),
        Step(Op.SHIFT, amount=-5 * HOUR_US),
        Step(Op.MONTHS, amount=-1),
    ]
)
DAYS = st.dates(date(2012, 12, 25), date(2013, 3, 5))


@given(st.lists(STEPS, max_size=6), DAYS)
def test_a_path_from_midnight_has_the_same_value_without_its_roundings(steps, day):
    path = Path(Origin.LO, tuple(steps))
    ((shorter,),) = on_days(((path,),)) or ()
    assert run_steps(microseconds(day), shorter.steps) == run_steps(microseconds(day), path.steps)


def test_a_rounding_that_moves_a_midnight_stays():
    path = Path(Origin.HI, (Step(Op.SHIFT, amount=HOUR_US), Step(Op.CEIL, name="day")))
    assert on_days(((path,),)) == ((path,),)
    assert on_days(((Path(Origin.HI, (Step(Op.CEIL, name="day"),)),),)) == ((Path(Origin.HI),),)
