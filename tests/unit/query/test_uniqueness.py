import pytest

from tests.unit.query.flagship import facts


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        (
            "select flight_date, carrier, count(*) as n from {{ ref('flights') }} group by 1, 2",
            {("carrier", "flight_date")},
        ),
        (
            "select distinct flight_date, origin from {{ ref('flights') }}",
            {("flight_date", "origin")},
        ),
        (
            "select flight_date, carrier, flights from {{ ref('carrier_day') }} where flights > 1",
            {("carrier", "flight_date")},
        ),
        (
            (
                "with c as (select * from {{ ref('carrier_day') }})\n"
                "select flight_date, carrier as airline from c"
            ),
            {("airline", "flight_date")},
        ),
        (
            (
                "select flight_date, tailnum, origin from {{ ref('flights') }}"
                " qualify row_number() over (partition by tailnum, flight_date order by flight) = 1"
            ),
            {("flight_date", "tailnum")},
        ),
        (
            (
                "select c.flight_date, c.carrier, d.carrier as other from {{ ref('carrier_day') }} c"
                " left join {{ ref('carrier_day') }} d on d.flight_date = c.flight_date"
            ),
            set(),
        ),
        (
            (
                "select c.flight_date, c.carrier, d.carrier as other, d.flight_date as their_date"
                " from {{ ref('carrier_day') }} c"
                " left join {{ ref('carrier_day') }} d on d.flight_date = c.flight_date"
            ),
            {("carrier", "flight_date", "other", "their_date")},
        ),
        (
            (
                "select c.flight_date, c.carrier, d.carrier as other, d.flight_date as their_date"
                " from {{ ref('carrier_day') }} c"
                " full join {{ ref('carrier_day') }} d on d.flight_date = c.flight_date"
            ),
            set(),
        ),
        (
            "select flight_date, carrier, unnest([1, 2]) as i from {{ ref('carrier_day') }}",
            set(),
        ),
        ("select flight_date from {{ ref('carrier_day') }}", set()),
        (
            (
                "select flight_date, carrier from {{ ref('carrier_day') }}"
                " union all select flight_date, carrier from {{ ref('carrier_day') }}"
            ),
            set(),
        ),
        (
            (
                "select flight_date, carrier, sum(flights) as n from {{ ref('carrier_day') }}"
                " group by rollup (flight_date, carrier)"
            ),
            set(),
        ),
    ],
)
def test_keys_are_those_that_the_query_cannot_break(sql: str, keys: set[tuple[str, ...]]) -> None:
    assert set(facts(sql).unique_keys) == keys


def test_a_key_without_the_partition_holds_within_each_partition_only() -> None:
    sql = (
        "select max(flight_date) as flight_date, tailnum from {{ ref('flights') }} group by tailnum"
    )
    assert facts(sql).unique_keys == (("flight_date", "tailnum"),)


def test_a_model_that_is_built_whole_keeps_its_key_as_it_is() -> None:
    sql = "select tailnum, count(*) as n from {{ ref('flights') }} group by tailnum"
    assert facts(sql, partition=None).unique_keys == (("tailnum",),)
