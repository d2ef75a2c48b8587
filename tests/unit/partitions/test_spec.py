"""What design.md, "Partition syntax", says, sentence by sentence."""

from datetime import UTC, date, datetime

import pytest

from sqlbackfill.errors import Severity, UsageError
from sqlbackfill.partitions.bounds import BoundType, read_moment
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import (
    IntegerPartitioning,
    Naive,
    StaticPartitioning,
    TimePartitioning,
)
from sqlbackfill.partitions.spec import Outcome, StateSets, parse_spec, resolve, valid_range

NEW_YORK = "America/New_York"
LATER = datetime(2020, 1, 1, tzinfo=UTC)
NOON = datetime(2013, 6, 15, 12, tzinfo=UTC)


def time(grain="day", column_type=BoundType.DATE, **more):
    bounds = {"begin": date(2013, 1, 1), "end": date(2014, 1, 1)}
    return TimePartitioning(grain=Grain.parse(grain), column_type=column_type, **bounds | more)


DAYS = time()
WEEKS = time("week")
HOURS = time("hour", BoundType.TIMESTAMPTZ, timezone=NEW_YORK)
OPEN = time(begin=None, end=None)
KEYS = StaticPartitioning(("eu", "us", "asia", "a,b", "all"))
BLOCKS = IntegerPartitioning(size=100, begin=0, end=1000)


def choose(partitioning, *texts, as_of=LATER, states=None):
    return resolve(parse_spec(texts) if texts else None, partitioning, as_of=as_of, states=states)


def requested(partitioning, *texts, as_of=LATER):
    resolution = choose(partitioning, *texts, as_of=as_of)
    assert resolution.outcome is Outcome.OK
    assert resolution.chosen == resolution.requested
    return partitioning.label_set(resolution.requested)


def codes(resolution):
    assert all(w.severity is Severity.WARNING for w in resolution.warnings)
    return [w.code for w in resolution.warnings]


def days_of(*labels):
    return PartitionSet.of_ordinals(DAYS.ordinal(date.fromisoformat(label)) for label in labels)


STATES = StateSets(
    missing=days_of("2013-01-05", "2013-02-05"),
    stale=days_of("2013-01-06", "2013-02-06"),
    failed=days_of("2013-01-05", "2013-01-06", "2013-01-07"),
)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2013-01-05", "2013-01-05"),
        ("2013-02", "2013-02-01..2013-02-28"),
        ("2013-Q2", "2013-04-01..2013-06-30"),
        ("2013", "2013-01-01..2013-12-31"),
        ("2013-01-01..2013-03-31", "2013-01-01..2013-03-31"),
        ("2013-01..2013-03", "2013-01-01..2013-03-31"),
        ("2013-12-30..", "2013-12-30..2013-12-31"),
        ("..2013-01-02", "2013-01-01..2013-01-02"),
        ("2013-01-01,2013-01-03", "2013-01-01,2013-01-03"),
        ("2013-01,!2013-01-02", "2013-01-01,2013-01-03..2013-01-31"),
        ("!2013-01-02", "2013-01-01,2013-01-03..2013-12-31"),
        ("2013-01-02,!2013-01,2013-01-03", "2013-01-03"),
        ("all", "2013-01-01..2013-12-31"),
        ("last:2", "2013-12-30..2013-12-31"),
        ("last:9999", "2013-01-01..2013-12-31"),
        ("2013-01-05T03", "2013-01-05"),
    ],
)
def test_a_daily_model_reads_every_form(text, taken):
    assert requested(DAYS, text) == taken


def test_repeated_texts_join():
    assert requested(DAYS, "2013-01", "!2013-01-02..2013-01-31", "2013-03-01") == (
        "2013-01-01,2013-03-01"
    )


@pytest.mark.parametrize(
    ("partitioning", "taken"),
    [
        (DAYS, "2013-01-03"),
        (HOURS, "2013-01-03T00..2013-01-03T23"),
        (WEEKS, "2012-12-31"),
        (time("month"), "2013-01..2013-01"),
        (time("6 hours", BoundType.TIMESTAMP), "2013-01-03T00..2013-01-03T18"),
    ],
)
def test_a_date_names_every_partition_of_a_models_own_grain_that_overlaps_it(partitioning, taken):
    assert requested(partitioning, "2013-01-03") == taken


def test_the_days_on_which_the_clock_changes_have_23_and_25_hours():
    assert len(choose(HOURS, "2013-03-10").requested) == 23
    assert len(choose(HOURS, "2013-11-03").requested) == 25


def test_an_hour_that_occurs_twice_names_both_and_an_offset_names_one():
    assert len(choose(HOURS, "2013-11-03T01").requested) == 2
    assert requested(HOURS, "2013-11-03T01-04:00") == "2013-11-03T01-04:00"
    assert requested(HOURS, "2013-11-03T05Z") == "2013-11-03T01-04:00"
    quarters = time("15 minutes", BoundType.TIMESTAMPTZ, timezone=NEW_YORK)
    both = "2013-11-03T01:15-04:00,2013-11-03T01:15-05:00"
    assert requested(quarters, "2013-11-03T01:15") == both


def test_a_range_of_hours_takes_all_from_the_first_to_the_last_named():
    assert len(choose(HOURS, "2013-11-03T00..2013-11-03T01").requested) == 3
    assert len(choose(HOURS, "2013-11-03T01..2013-11-03T02").requested) == 3
    assert len(choose(HOURS, "2013-11-03T01-05:00..2013-11-03T02").requested) == 2


@pytest.mark.parametrize("partitioning", [HOURS, time(timezone=NEW_YORK)])
def test_an_hour_that_does_not_exist_is_an_error(partitioning):
    with pytest.raises(UsageError, match=r"`2013-03-10T02` does not exist in America/New_York"):
        choose(partitioning, "2013-03-10T02")


def test_every_local_reading_of_a_column_without_zone_exists():
    local = time("hour", BoundType.TIMESTAMP, timezone=NEW_YORK, naive=Naive.LOCAL)
    assert requested(local, "2013-03-10T02") == "2013-03-10T02"
    assert requested(local, "2013-11-03T01-04:00") == "2013-11-03T01"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2013-02-29", "2013-02 has the days 01 to 28"),
        ("2013-13", "months are 01 to 12"),
        ("2013-00-01", "months are 01 to 12"),
        ("2013-Q5", "quarters are Q1 to Q4"),
        ("2013-01-01T24", "hours are 00 to 23"),
        ("2013-01-01T03:60", "minutes and seconds are 00 to 59"),
        ("2013-01-01T03+24:00", "`+24:00` is no offset from UTC"),
        ("9999-12-31", "years from 0200 to 9800 can be named"),
        ("2013-02-01..2013-02-30", "2013-02 has the days 01 to 28"),
        ("!2013-02-30", "2013-02 has the days 01 to 28"),
    ],
)
def test_a_date_that_does_not_exist_is_an_error_that_shows_the_valid_range(text, why):
    with pytest.raises(UsageError) as caught:
        choose(DAYS, text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "NONEXISTENT_TIME"
    assert why in diagnostic.message
    assert "(valid: 2013-01-01..2013-12-31)" in diagnostic.message


@pytest.mark.parametrize(
    ("partitioning", "text", "valid"),
    [
        (DAYS, "2013-03-31..2013-01-01", "2013-01-01..2013-12-31"),
        (WEEKS, "2013-01-03..2013-01-02", "2012-12-31..2013-12-30"),
        (HOURS, "2013-11-03T01-05:00..2013-11-03T01-04:00", "2013-01-01T00..2013-12-31T23"),
        (DAYS, "2013-02..2013-01", "2013-01-01..2013-12-31"),
        (BLOCKS, "199..100", "0..999"),
        (DAYS, "2013,!2013-02..2013-01", "2013-01-01..2013-12-31"),
    ],
)
def test_a_reversed_range_is_an_error_that_names_the_valid_one(partitioning, text, valid):
    with pytest.raises(UsageError) as caught:
        choose(partitioning, text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "REVERSED_RANGE"
    assert f"(valid: {valid})" in diagnostic.message


def test_a_range_may_end_within_what_it_starts_with():
    assert requested(DAYS, "2013-02-27..2013-02") == "2013-02-27..2013-02-28"
    assert requested(DAYS, "2013..2013-01-02") == "2013-01-01..2013-01-02"


def test_every_wrong_term_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        choose(DAYS, "2013-02-30,2013-02..2013-01", "2013-01-01T24")
    assert [d.code for d in caught.value.diagnostics] == [
        "NONEXISTENT_TIME",
        "REVERSED_RANGE",
        "NONEXISTENT_TIME",
    ]
    assert caught.value.diagnostics[1].notes == (
        ("in", "2013-02-30,2013-02..2013-01\n" + " " * 11 + "^" * 16),
    )


@pytest.mark.parametrize("text", ["all", "2013", "2013-Q2", "2013-06", "2013-06-01..", "last:1"])
def test_these_take_due_partitions_only_and_clip_without_a_word(text):
    resolution = choose(DAYS, text, as_of=NOON)
    assert resolution.requested.last == DAYS.ordinal(date(2013, 6, 14))
    assert resolution.warnings == ()


@pytest.mark.parametrize("text", ["2012-06-01..", "..2030-01-01"])
def test_open_ends_clip_to_begin_and_end_without_a_word(text):
    assert requested(DAYS, text) == "2013-01-01..2013-12-31"
    assert choose(DAYS, text).warnings == ()


@pytest.mark.parametrize("text", ["2013-06-15", "2013-06-10..2013-06-15", "2013-06-15T03"])
def test_a_partition_that_is_not_due_is_built_with_a_warning(text):
    resolution = choose(DAYS, text, as_of=NOON)
    assert resolution.requested.last == DAYS.ordinal(date(2013, 6, 15))
    assert codes(resolution) == ["NOT_DUE"]
    assert resolution.warnings[0].message.endswith(": 2013-06-15")


def test_what_was_taken_away_again_is_not_warned_of():
    resolution = choose(DAYS, "2013-06-10..2013-06-20,!2013-06-15..", as_of=NOON)
    assert DAYS.label_set(resolution.requested) == "2013-06-10..2013-06-14"
    assert resolution.warnings == ()


@pytest.mark.parametrize("text", ["2013-06-16", "2013-06-16..2013-06-20", "2013-01-01,2013-06-16"])
def test_what_starts_in_the_future_is_refused(text):
    resolution = choose(DAYS, text, as_of=NOON)
    assert resolution.outcome is Outcome.OUT_OF_RANGE
    assert resolution.diagnostic.code == "FUTURE_PARTITION"
    assert resolution.diagnostic.severity is Severity.ERROR
    assert "(valid: 2013-01-01..2013-06-14)" in resolution.diagnostic.message
    assert not resolution.chosen


def test_the_week_that_holds_tomorrow_may_have_begun():
    assert codes(choose(WEEKS, "2013-06-16", as_of=NOON)) == ["NOT_DUE"]


def test_a_range_that_is_covered_in_part_is_clipped_and_said_so():
    resolution = choose(DAYS, "2012-12-30..2013-01-02")
    assert DAYS.label_set(resolution.requested) == "2013-01-01..2013-01-02"
    assert codes(resolution) == ["CLIPPED"]
    assert "clipped to 2013-01-01..2013-01-02" in resolution.warnings[0].message


def test_a_date_of_which_a_model_holds_half_is_clipped_and_said_so():
    half = time("hour", BoundType.TIMESTAMP, end=read_moment("2013-12-31T12:00"))
    resolution = choose(half, "2013-12-31")
    assert len(resolution.requested) == 12
    assert codes(resolution) == ["CLIPPED"]


@pytest.mark.parametrize(
    ("partitioning", "text"),
    [
        (DAYS, "2012-12-31"),
        (DAYS, "2012"),
        (DAYS, "2014-01"),
        (DAYS, "2012-01-01..2012-12-31"),
        (DAYS, "2014-01-01.."),
        (DAYS, "..2012-12-31"),
        (DAYS, "2012,2011-05-01"),
        (DAYS, "2012,!2013-01-01"),
        (DAYS, "2012:failed"),
        (BLOCKS, "1000"),
        (BLOCKS, "-5..-1"),
        (KEYS, "africa"),
    ],
)
def test_what_misses_a_model_is_out_of_range(partitioning, text):
    resolution = choose(partitioning, text, states=lambda: STATES)
    assert resolution.outcome is Outcome.OUT_OF_RANGE
    assert resolution.diagnostic.code == "OUT_OF_RANGE"
    assert resolution.valid in resolution.diagnostic.message
    assert not resolution.chosen


def test_a_month_of_which_nothing_is_over_says_so():
    resolution = choose(time("month"), "2013-06", as_of=NOON)
    assert resolution.outcome is Outcome.OUT_OF_RANGE
    assert "no partition of `2013-06` is over yet" in resolution.diagnostic.message


def test_a_term_that_misses_beside_one_that_does_not_is_a_warning():
    resolution = choose(DAYS, "2012-05-05,2013-05-05")
    assert DAYS.label_set(resolution.requested) == "2013-05-05"
    assert codes(resolution) == ["OUT_OF_RANGE"]


def test_what_is_taken_away_may_lie_anywhere():
    resolution = choose(DAYS, "2013-01-01..2013-01-03,!2012,!2013-01-03..,!2030-01-01")
    assert DAYS.label_set(resolution.requested) == "2013-01-01..2013-01-02"
    assert resolution.warnings == ()


def test_a_key_that_is_taken_away_but_not_listed_is_a_warning():
    resolution = choose(KEYS, "!uss")
    assert len(resolution.requested) == 5
    assert "did you mean `us`?" in resolution.warnings[0].message


@pytest.mark.parametrize(
    ("partitioning", "text"),
    [
        (DAYS, "eu"),
        (DAYS, "100"),
        (DAYS, "'2013-01-01'"),
        (DAYS, "2013-01-01,eu"),
        (DAYS, "eu..us"),
        (BLOCKS, "2013-01-01"),
        (BLOCKS, "'100'"),
        (BLOCKS, "²"),
        (KEYS, "eu..us"),
        (KEYS, "last:2"),
    ],
)
def test_a_term_that_a_kind_cannot_read_makes_the_spec_not_of_that_kind(partitioning, text):
    resolution = choose(partitioning, text)
    assert resolution.outcome is Outcome.NOT_THAT_KIND
    assert resolution.diagnostic.code == "NOT_THAT_KIND"
    assert resolution.diagnostic.fix
    assert not resolution.chosen


@pytest.mark.parametrize(
    ("partitioning", "text", "suggestion"),
    [
        (DAYS, "mising", "missing"),
        (DAYS, "2013-1-5", "2013-01-05"),
        (KEYS, "asai", "asia"),
        (BLOCKS, "fialed", "failed"),
    ],
)
def test_a_near_name_is_suggested(partitioning, text, suggestion):
    assert f"did you mean `{suggestion}`?" in choose(partitioning, text).diagnostic.message


def test_a_number_is_read_by_each_kind_in_its_own_way():
    assert requested(IntegerPartitioning(begin=0), "2013") == "2013"
    assert requested(DAYS, "2013") == "2013-01-01..2013-12-31"
    assert requested(StaticPartitioning(("2013", "2014")), "2013") == "2013"


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("100..199", "100..199"),
        ("150..250", "100..299"),
        ("0", "0..99"),
        ("all", "0..999"),
        ("last:2", "800..999"),
        ("..100", "0..199"),
        ("900..", "900..999"),
        ("!0..899", "900..999"),
    ],
)
def test_integers_are_named_with_both_ends_included(text, taken):
    assert requested(BLOCKS, text) == taken


def test_a_range_of_integers_that_is_covered_in_part_is_clipped_and_said_so():
    resolution = choose(BLOCKS, "-100..99")
    assert BLOCKS.label_set(resolution.requested) == "0..99"
    assert codes(resolution) == ["CLIPPED"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("eu,us", "eu,us"),
        ("'a,b'", "'a,b'"),
        ("'all'", "'all'"),
        ("all", "eu,us,asia,'a,b','all'"),
        ("!eu,!'all'", "us,asia,'a,b'"),
    ],
)
def test_keys_are_named_one_by_one_and_quoted_where_they_hold_grammar(text, taken):
    assert requested(KEYS, text) == taken


def test_states_choose_by_state():
    resolution = choose(DAYS, "missing,stale,failed", states=lambda: STATES)
    assert resolution.missing == STATES.missing
    assert resolution.stale == STATES.stale
    assert resolution.failed == days_of("2013-01-07")
    assert not resolution.requested


def test_without_a_spec_missing_and_stale_are_meant():
    resolution = choose(DAYS, states=lambda: STATES)
    assert (resolution.missing, resolution.stale) == (STATES.missing, STATES.stale)
    assert not resolution.failed


def test_a_state_narrows_and_is_the_word_that_chose():
    january = choose(DAYS, "2013-01:missing", states=lambda: STATES)
    assert january.missing == days_of("2013-01-05")
    assert not january.requested
    assert choose(DAYS, "last:340:stale", states=lambda: STATES).stale == days_of("2013-02-06")
    both = choose(DAYS, "2013:failed:stale", states=lambda: STATES)
    assert both.failed == days_of("2013-01-06")
    assert choose(DAYS, "missing:failed", states=lambda: STATES).missing == days_of("2013-01-05")


def test_narrowing_today_by_state_warns_of_nothing():
    assert choose(DAYS, "2013-06-15:failed", as_of=NOON, states=lambda: STATES).warnings == ()


def test_what_is_named_is_requested_even_if_a_state_names_it_too():
    resolution = choose(DAYS, "missing,stale,2013-01-05..2013-01-06", states=lambda: STATES)
    assert resolution.requested == days_of("2013-01-05", "2013-01-06")
    assert resolution.missing == days_of("2013-02-05")
    assert resolution.stale == days_of("2013-02-06")


def test_states_can_be_taken_away():
    resolution = choose(DAYS, "2013-01-05..2013-01-08,!failed", states=lambda: STATES)
    assert DAYS.label_set(resolution.requested) == "2013-01-08"
    assert choose(DAYS, "missing,!2013-01", states=lambda: STATES).missing == days_of("2013-02-05")


def test_states_are_computed_once_and_only_if_a_term_asks():
    calls = []

    def states():
        calls.append(1)
        return STATES

    choose(DAYS, "2013,!2013-01,last:3", states=states)
    assert not calls
    choose(DAYS, "missing,stale,2013-01:failed", states=states)
    assert len(calls) == 1


def test_a_state_without_states_is_a_programming_error():
    with pytest.raises(ValueError, match="no states were given"):
        choose(DAYS, "missing")


def test_without_begin_any_past_partition_may_be_named():
    assert requested(OPEN, "1999-12-31") == "1999-12-31"
    assert requested(OPEN, "1999") == "1999-01-01..1999-12-31"
    assert requested(OPEN, "2019-12-30..") == "2019-12-30..2019-12-31"
    assert requested(OPEN, "last:2") == "2019-12-30..2019-12-31"
    assert choose(OPEN, "failed,stale", states=lambda: STATES).stale == STATES.stale


@pytest.mark.parametrize(
    "texts", [["all"], ["missing"], [], ["!2013-01-01"], ["..2013"], ["2013:missing"]]
)
def test_without_begin_all_and_missing_ask_for_it(texts):
    resolution = choose(OPEN, *texts, states=lambda: STATES)
    assert resolution.outcome is Outcome.UNBOUNDED
    assert resolution.diagnostic.code == "NO_BEGIN"
    assert not resolution.chosen


@pytest.mark.parametrize("text", ["all", "missing", "last:3", "100.."])
def test_integers_without_end_ask_for_it(text):
    resolution = choose(IntegerPartitioning(begin=0), text, states=lambda: STATES)
    assert resolution.outcome is Outcome.UNBOUNDED
    assert resolution.diagnostic.code == "NO_END"


@pytest.mark.parametrize("partitioning", [DAYS, BLOCKS, KEYS])
def test_a_dimension_is_refused_where_there_is_only_one(partitioning):
    with pytest.raises(UsageError) as caught:
        choose(partitioning, "region=eu,us", "2013")
    assert [d.code for d in caught.value.diagnostics] == ["UNSUPPORTED_PARTITIONS"] * 2
    assert "leave out `region=`" in caught.value.diagnostics[0].fix


@pytest.mark.parametrize(
    ("partitioning", "as_of", "valid"),
    [
        (DAYS, LATER, "2013-01-01..2013-12-31"),
        (DAYS, NOON, "2013-01-01..2013-06-14"),
        (DAYS, datetime(2013, 1, 2, tzinfo=UTC), "2013-01-01"),
        (DAYS, datetime(2012, 1, 1, tzinfo=UTC), "2013-01-01.., none of it due yet"),
        (OPEN, NOON, "..2013-06-14"),
        (KEYS, NOON, "eu,us,asia,'a,b','all'"),
        (StaticPartitioning(tuple(str(n) for n in range(20))), NOON, "0,1,2,3,4,5,6,7,8,9,10,11,…"),
        (IntegerPartitioning(begin=5), NOON, "5.."),
        (IntegerPartitioning(), NOON, "any"),
    ],
)
def test_the_valid_range_is_what_exists_and_is_due(partitioning, as_of, valid):
    assert valid_range(partitioning, as_of) == valid


def test_an_instant_without_zone_is_refused():
    with pytest.raises(ValueError, match="instant"):
        choose(DAYS, "2013", as_of=read_moment("2013-01-01T00:00"))


def test_ten_years_of_hours_stay_a_handful_of_ranges():
    decade = time(
        "hour",
        BoundType.TIMESTAMPTZ,
        timezone=NEW_YORK,
        begin=date(2010, 1, 1),
        end=date(2020, 1, 1),
    )
    resolution = choose(decade, "all,!2013-03-10,!2015", as_of=datetime(2021, 1, 1, tzinfo=UTC))
    assert len(resolution.requested) == 87648 - 23 - 8760
    assert len(resolution.requested.ranges) == 3
    assert len(decade.json_ranges(resolution.requested)) == 3
    assert decade.label_set(resolution.requested).count(",") == 2
