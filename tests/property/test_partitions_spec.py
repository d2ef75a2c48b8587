"""Text in the -p grammar: what is labelled is read back, and terms obey the algebra of sets."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from sqlbackfill.errors import UsageError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import (
    IntegerPartitioning,
    Naive,
    StaticPartitioning,
    TimePartitioning,
)
from sqlbackfill.partitions.spec import Outcome, StateSets, parse_spec, resolve

FAR = datetime(2500, 1, 1, tzinfo=UTC)
CHANGES = [
    datetime(2013, 3, 10, 5, tzinfo=UTC),
    datetime(2013, 11, 3, 4, tzinfo=UTC),
    datetime(2013, 3, 31, tzinfo=UTC),
    datetime(2013, 4, 6, 13, tzinfo=UTC),
    datetime(2013, 10, 5, 14, tzinfo=UTC),
    datetime(2012, 2, 28, 20, tzinfo=UTC),
    datetime(2011, 12, 29, 12, tzinfo=UTC),
    datetime(1883, 11, 18, 12, tzinfo=UTC),
]


@st.composite
def of_time(draw):
    column_type = draw(
        st.sampled_from([BoundType.TIMESTAMPTZ, BoundType.TIMESTAMP, BoundType.DATE])
    )
    grains = ["day", "week", "month", "quarter", "year", "3 days", "2 months"]
    if column_type is not BoundType.DATE:
        grains += ["hour", "6 hours", "15 minutes", "hour", "minute"]
    return TimePartitioning(
        grain=Grain.parse(draw(st.sampled_from(grains))),
        column_type=column_type,
        timezone=draw(
            st.sampled_from(
                [
                    "UTC",
                    "America/New_York",
                    "Australia/Lord_Howe",
                    "Asia/Kolkata",
                    "Europe/Berlin",
                    "Pacific/Apia",
                    "America/St_Johns",
                ]
            )
        ),
        naive=draw(st.sampled_from(Naive)),
        week_start=draw(st.integers(0, 6)),
        begin=date(1850, 1, 1),
    )


pieces = st.lists(st.tuples(st.integers(-3, 60), st.integers(1, 30)), min_size=1, max_size=4)
near_changes = st.builds(
    lambda at, hours: at + timedelta(hours=hours), st.sampled_from(CHANGES), st.integers(-30, 30)
)


def read(partitioning, text, as_of=FAR):
    resolution = resolve(parse_spec([text]), partitioning, as_of=as_of)
    assert resolution.outcome is Outcome.OK, resolution.diagnostic
    return resolution.requested


@given(of_time(), near_changes, pieces)
def test_a_set_of_times_is_read_back_from_its_label(some, instant, runs):
    base = some.ordinal(some.column.at(instant))
    chosen = PartitionSet.of((base + start, base + start + size) for start, size in runs)
    assert read(some, some.label_set(chosen)) == chosen


@given(of_time(), near_changes)
def test_one_partition_is_read_back_from_its_label(some, instant):
    ordinal = some.ordinal(some.column.at(instant))
    for near in range(ordinal - 2, ordinal + 3):
        assert read(some, some.label(near)) == PartitionSet.single(near)


@given(of_time(), near_changes)
def test_the_label_of_what_is_not_over_reads_it_all_the_same(some, instant):
    now = some.current(instant)
    chosen = PartitionSet.span(now, now + 1)
    assert read(some, some.label_set(chosen), as_of=instant) == chosen


@given(
    st.integers(1, 1000),
    st.integers(-(10**12), 10**12),
    st.integers(-(10**9), 10**9),
    pieces,
)
def test_a_set_of_integers_is_read_back_from_its_label(size, begin, base, runs):
    some = IntegerPartitioning(size=size, begin=begin)
    first = some.ordinal(begin) + abs(base)
    chosen = PartitionSet.of((first + s, first + s + n) for s, n in runs if s >= 0)
    if chosen:
        assert read(some, some.label_set(chosen)) == chosen
        assert all(some.ordinal_of_key(some.record_key(o)) == o for o in chosen.ordinals())


keys = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=6),
        st.text(",!:=.'\"ab ", max_size=5),
        st.sampled_from(["all", "missing", "last:7", "2013", "a..b", "x=y"]),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(keys, st.data())
@example(["''", "'", ""], None)
def test_a_set_of_keys_is_read_back_from_its_label_whatever_they_hold(listed, data):
    some = StaticPartitioning(tuple(listed))
    picked = listed if data is None else data.draw(st.lists(st.sampled_from(listed), min_size=1))
    chosen = some.of_keys(picked)
    assert read(some, some.label_set(chosen)) == chosen


YEAR = TimePartitioning(
    grain=Grain.parse("day"),
    column_type=BoundType.DATE,
    begin=date(2013, 1, 1),
    end=date(2014, 1, 1),
)
FIRST = YEAR.ordinal(date(2013, 1, 1))
STATES = StateSets(
    missing=PartitionSet.of([(FIRST + 3, FIRST + 40)]),
    stale=PartitionSet.of([(FIRST + 40, FIRST + 90), (FIRST + 200, FIRST + 201)]),
    failed=PartitionSet.of([(FIRST + 30, FIRST + 50)]),
)
days = st.dates(date(2013, 1, 1), date(2013, 12, 31)).map(date.isoformat)
terms = st.one_of(
    days,
    st.tuples(days, days).map(lambda pair: "..".join(sorted(pair))),
    days.map(lambda day: f"{day}.."),
    days.map(lambda day: f"..{day}"),
    days.map(lambda day: day[:7]),
    st.sampled_from(["2013", "2013-Q3", "all", "missing", "stale", "failed"]),
    st.integers(1, 400).map(lambda n: f"last:{n}"),
    days.map(lambda day: f"{day[:7]}:missing"),
)
signed = st.tuples(st.booleans(), terms)


def chosen_by(*texts):
    return resolve(parse_spec(texts), YEAR, as_of=FAR, states=lambda: STATES)


@given(st.lists(signed, min_size=1, max_size=6))
def test_terms_join_and_take_away_from_left_to_right(parts):
    texts = [("!" if negated else "") + text for negated, text in parts]
    expected = chosen_by("all").chosen if parts[0][0] else PartitionSet()
    for negated, text in parts:
        own = chosen_by(text).chosen
        expected = expected - own if negated else expected | own
    resolution = chosen_by(",".join(texts))
    assert resolution.chosen == expected == chosen_by(*texts).chosen
    parts_of = (resolution.requested, resolution.missing, resolution.stale, resolution.failed)
    assert sum(len(part) for part in parts_of) == len(expected)


@given(st.text("0123456789-.:,!TZ+'\"=Qalmstfe \u00b2", max_size=24))
@example("2013-01-05T03:15:07-04:00")
@example("0200-01-01..9800-12-31")
@example("last:999999999")
def test_no_text_ends_in_anything_but_an_answer_or_a_usage_error(text):
    kinds = (
        YEAR,
        TimePartitioning(
            grain=Grain.parse("hour"),
            column_type=BoundType.TIMESTAMPTZ,
            timezone="America/New_York",
        ),
        IntegerPartitioning(size=7),
        StaticPartitioning(("a", "T")),
    )
    spec = answered(lambda: parse_spec([text]))
    for kind in kinds:
        resolution = spec and answered(
            lambda kind=kind: resolve(spec, kind, as_of=FAR, states=lambda: STATES)
        )
        if resolution:
            assert (resolution.outcome is Outcome.OK) == (resolution.diagnostic is None)


def answered(ask):
    """What `ask` returns, or None where it raises a usage error that says what to do."""
    try:
        return ask()
    except UsageError as error:
        unclear = [d for d in error.diagnostics if not (d.fix and d.message)]
    assert unclear == []
    return None
