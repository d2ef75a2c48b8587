"""The precision of the analysis on models as real projects write them, in five dialects.

`golden_model` says what a model's header means. What the rules allow is argued in each header; the
analysis may give less only where the header says what is missing (`wider:`).
"""

from collections import Counter
from dataclasses import replace

import pytest

from sqlbackfill.partitions.paths import DAY_US, Op, Step, limit_after
from sqlbackfill.query.facts import InjectedRange
from tests.golden.golden_model import (
    GoldenModel,
    Outcome,
    compare,
    facts_of,
    golden_models,
    rendered,
)
from tests.golden.golden_runs import Runner

GOLDEN = golden_models()
DIALECTS = ("bigquery", "duckdb", "postgres", "snowflake", "spark")
EXACT_SHARE = 0.95  # what is promised
AT_LEAST_RUN = 150

each_model = pytest.mark.parametrize("model", GOLDEN, ids=[model.label for model in GOLDEN])


@pytest.fixture(scope="module")
def runner() -> Runner:
    return Runner()


@each_model
def test_a_model_is_read_as_the_rules_allow(model: GoldenModel) -> None:
    found = compare(model, facts_of(model, rendered(model)))
    wanted = Outcome.WIDER if model.wider else Outcome.EXACT
    if wanted is Outcome.WIDER and found.outcome is Outcome.EXACT:
        pytest.fail(f"{model.label} is exact now: take away its `wider:` line")
    assert found.outcome is wanted, "\n".join(found.differences)


@each_model
def test_an_injected_query_gives_the_rows_of_its_partitions(
    model: GoldenModel, runner: Runner
) -> None:
    if not model.runs:
        return
    render = rendered(model)
    assert runner.mismatch(model, render, facts_of(model, render)) is None


@pytest.mark.parametrize("name", ["duckdb/activity_28d", "duckdb/funnel_one_day_slack"])
@pytest.mark.parametrize("end", ["lower", "upper"])
def test_a_window_that_is_a_day_too_narrow_is_noticed(name: str, end: str, runner: Runner) -> None:
    model = next(model for model in GOLDEN if model.label == name)
    render = rendered(model)
    facts = facts_of(model, render)
    narrowed = tuple(
        replace(found, ranges=tuple(_narrowed(one, end) for one in found.ranges))
        for found in facts.occurrences
    )
    assert runner.mismatch(model, render, replace(facts, occurrences=narrowed)) is not None


def _narrowed(one: InjectedRange, end: str) -> InjectedRange:
    days = DAY_US if end == "lower" else -DAY_US
    limit = limit_after(getattr(one.window, end), (Step(Op.SHIFT, days),))
    return replace(one, window=replace(one.window, **{end: limit}))


def test_there_are_many_models_of_every_dialect_and_most_are_executed() -> None:
    counts = Counter(model.dialect for model in GOLDEN)
    assert min(counts[dialect] for dialect in DIALECTS) >= 30
    assert sum(model.runs for model in GOLDEN) >= AT_LEAST_RUN


def test_most_models_come_out_exact() -> None:
    share = sum(not model.wider for model in GOLDEN) / len(GOLDEN)
    assert share >= EXACT_SHARE
