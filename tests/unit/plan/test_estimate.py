"""What seconds and bytes come to in credits and money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.plan.estimate import Basis, Sized, Timed, first_guess, hull, step_estimate, total
from sqlbackfill.plan.estimate_price import FREE, RESUME_S, Pricing, credits_per_hour, price
from sqlbackfill.plan.estimate_zones import Amount
from sqlbackfill.plan.types import Estimate, Spread

MEDIUM = Pricing(credits_per_hour=4, credit_price_usd=3, least_s=RESUME_S)
AMOUNT = Amount(Spread(1e6, 2e6, 3e6), Spread(10, 20, 30))


@pytest.mark.parametrize(
    ("size", "generation", "on_azure", "rate"),
    [
        ("XSMALL", 1, False, 1),
        ("x-small", None, False, 1),
        ("Medium", 1, True, 4),
        ("2XLARGE", 1, False, 32),
        ("X-Large", 2, False, 21.6),
        ("6XLARGE", 2, True, 640),
        ("HUGE", 1, False, None),
        (None, 1, False, None),
    ],
)
def test_a_size_has_its_rate(
    size: str | None, generation: int | None, on_azure: bool, rate: float | None
) -> None:
    assert credits_per_hour(size, generation, on_azure=on_azure) == rate


def test_an_hour_costs_what_the_size_says() -> None:
    spent, cost_usd = price(Spread(1800, 3600, 7200), MEDIUM)

    assert spent == Spread(2, 4, 8)
    assert cost_usd == Spread(6, 12, 24)


def test_a_short_query_is_billed_for_a_minute() -> None:
    spent, cost_usd = price(Spread(1, 2, 3), MEDIUM)

    assert spent is not None
    assert spent.low == pytest.approx(4 / 3600)
    assert spent.likely == spent.high == pytest.approx(4 / 60)
    assert cost_usd is not None
    assert cost_usd.high == pytest.approx(0.2)


def test_many_short_steps_share_the_first_minute_unless_they_are_unlucky() -> None:
    estimates = [step_estimate(Sized(amount=AMOUNT, basis=Basis.EXPLAIN), TIMED, MEDIUM, 10)] * 10

    cost = total(estimates).cost_usd

    assert cost is not None
    assert cost.likely == pytest.approx(0.2)
    assert cost.high == pytest.approx(2.0)


TIMED = Timed(seconds=Spread(1, 2, 3), basis=Basis.HISTORY)


def test_on_a_machine_without_a_price_credits_and_money_are_zero() -> None:
    found = step_estimate(Sized(amount=AMOUNT, basis=Basis.STATISTICS), TIMED, FREE, 1)

    assert found.credits == found.cost_usd == Spread(0, 0, 0)
    assert found.basis == "local"
    assert found.seconds == Spread(1, 2, 3)
    assert step_estimate(Sized(amount=None, basis=None), None, FREE, 1).cost_usd == Spread(0, 0, 0)


def test_a_machine_with_a_price_costs_its_hours() -> None:
    found = step_estimate(
        Sized(amount=AMOUNT, basis=Basis.STATISTICS), TIMED, Pricing(usd_per_hour=7.2), 1
    )

    assert found.credits == Spread(0, 0, 0)
    assert found.cost_usd == Spread(0.002, 0.004, 0.006)
    assert found.basis == "statistics"


def test_what_is_not_known_stays_unknown() -> None:
    nothing = step_estimate(Sized(amount=None, basis=None), None, MEDIUM, 1)

    assert nothing == Estimate()
    no_price = Pricing(credits_per_hour=4, least_s=RESUME_S)
    found = step_estimate(Sized(amount=AMOUNT, basis=Basis.EXPLAIN), TIMED, no_price, 1)
    assert found.credits is not None
    assert found.cost_usd is None
    assert total([found, nothing]).credits is None


def test_an_estimate_is_as_good_as_its_weakest_figure() -> None:
    timed = Timed(seconds=Spread(1, 2, 3), basis=Basis.PRIOR)

    found = step_estimate(Sized(amount=AMOUNT, basis=Basis.EXPLAIN), timed, MEDIUM, 1)

    assert found.basis == "prior"


spreads = st.tuples(*[st.floats(0, 1e9)] * 3).map(lambda found: Spread(*sorted(found)))


@given(
    seconds=spreads, steps=st.integers(1, 20), pricing=st.sampled_from([MEDIUM, FREE, Pricing()])
)
def test_low_is_never_above_likely_nor_likely_above_high(
    seconds: Spread, steps: int, pricing: Pricing
) -> None:
    for found in price(seconds, pricing, steps):
        assert found is None or found.low <= found.likely <= found.high


@given(one=spreads, other=spreads)
def test_a_hull_holds_both(one: Spread, other: Spread) -> None:
    found = hull(one, other)

    assert found.likely == one.likely
    assert found.low <= min(one.low, other.low)
    assert found.high >= max(one.high, other.high)


def test_a_first_guess_grows_with_what_is_read() -> None:
    assert first_guess(AMOUNT, 1).likely < first_guess(AMOUNT.times(100), 1).likely
    assert first_guess(AMOUNT, 1).likely < first_guess(AMOUNT, 10).likely
