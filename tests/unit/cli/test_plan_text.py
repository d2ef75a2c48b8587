"""A plan as people read it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.plan import plan_text, totals
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Plan, Reason, Step, Withheld

LOOK = Look(terminal=True, width=80)


def label(_model: str, partitions: PartitionSet) -> str:
    return ",".join(f"{a}..{b - 1}" for a, b in partitions.ranges)


def a_step(model: str, reason: Reason = Reason.REQUESTED, *spans: tuple[int, int]) -> Step:
    partitions = PartitionSet.of(spans or ((0, 31),))
    return Step(
        model=model,
        reason=reason,
        partitions=partitions,
        strategy="range",
        because="one query over the range gives the same rows as one per partition",
        chunks=tuple(Chunk(a, b) for a, b in partitions.ranges),
        fingerprint="f",
        table_identity=None,
        ledger_digest="d",
    )


def a_plan(*steps: Step, **rest: tuple[Withheld, ...]) -> Plan:
    return Plan(
        plan_id="0123456789abcdef",
        as_of=datetime(2014, 1, 1, tzinfo=UTC),
        target="dev",
        steps=steps,
        **rest,
    )


def test_the_first_line_says_what_the_plan_comes_to() -> None:
    plan = a_plan(a_step("flights"), a_step("carrier_day", Reason.REQUESTED, (0, 5), (9, 10)))
    assert totals(plan) == "37 partitions of 2 models in 3 queries"
    assert plan_text(plan, label, LOOK).startswith("37 partitions of 2 models in 3 queries\n")


def test_fills_stand_under_their_own_heading_and_keep_their_place_in_the_order() -> None:
    plan = a_plan(a_step("flights", Reason.FILL), a_step("carrier_day"))
    text = plan_text(plan, label, LOOK)
    rebuild, fill = text.index("\nRebuild\n"), text.index("\nFill first")
    assert rebuild < text.index("  2  carrier_day") < fill < text.index("  1  flights")


def test_what_is_left_out_is_named_with_its_reason_and_its_fix() -> None:
    blocked = Withheld(
        model="carrier_day",
        partitions=PartitionSet.span(0, 2),
        code="MISSING_UPSTREAM",
        message="2 partitions of flights are missing",
        by=(("flights", PartitionSet.span(0, 2)),),
        fix="sqlbackfill run -s +carrier_day -p 0..1",
    )
    skipped = Withheld(
        model="airport_week",
        partitions=PartitionSet.empty(),
        code="OUT_OF_RANGE",
        message="has nothing there",
    )
    text = plan_text(a_plan(blocked=(blocked,), skipped=(skipped,)), label, LOOK)
    assert "Blocked\n  carrier_day  0..1\n" in text
    assert "      by flights 0..1\n      = fix: sqlbackfill run -s +carrier_day -p 0..1" in text
    assert text.endswith("Skipped\n  airport_week\n      has nothing there [OUT_OF_RANGE]")


def test_a_plan_of_nothing_says_so() -> None:
    assert plan_text(a_plan(), label, LOOK).startswith("nothing to do\n")


def test_many_ranges_and_many_steps_are_counted_instead_of_listed() -> None:
    scattered = a_step("flights", Reason.MISSING, *((n * 2, n * 2 + 1) for n in range(500)))
    text = plan_text(a_plan(scattered), label, LOOK)
    assert "0..0, 2..2, 4..4, 6..6 and 496 more" in text
    many = a_plan(*(a_step(f"model_{n:04}") for n in range(1000)))
    assert "… and 970 more steps" in plan_text(many, label, LOOK, most_steps=30)


def test_no_line_is_wider_than_the_terminal() -> None:
    plan = a_plan(
        a_step("a_model_with_quite_a_long_name_indeed"),
        a_step("b", Reason.MISSING, *((n * 2, n * 2 + 1) for n in range(10**9, 10**9 + 9))),
    )
    assert max(map(len, plan_text(plan, label, LOOK).split("\n"))) <= 80


def test_why_a_strategy_was_chosen_is_said_once_a_section() -> None:
    text = plan_text(a_plan(a_step("a"), a_step("b")), label, Look())
    assert text.count("one query over the range gives the same rows") == 1
    assert "31 partitions, asked for; 1 query: range, as above" in text
