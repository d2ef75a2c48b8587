"""A plan as JSON and back."""

from __future__ import annotations

import json

import pytest

from sqlbackfill.errors import ProjectError, UsageError
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.plan.candidates import PlanRequest
from sqlbackfill.plan.document import plan_document, read_plan
from tests.unit.plan.world import World, days, window

WORLD = World({"a": {}, "b": {"a": window(-2, 0)}}, built={"a": days(1, 9)})
PLAN = WORLD.plan(PlanRequest(named=frozenset({"b"}), spec=parse_spec(["2013-01-08..2013-01-12"])))
PARTITIONINGS = {name: WORLD.partitioning(name) for name in ("a", "b")}


def test_a_saved_plan_reads_back_as_it_was():
    text = json.dumps(plan_document(PLAN, PARTITIONINGS))
    saved = read_plan(text, PARTITIONINGS, file="plan.json").plan
    assert (saved.steps, saved.blocked, saved.plan_id) == (PLAN.steps, PLAN.blocked, PLAN.plan_id)


def test_the_document_lists_merged_ranges_with_exclusive_ends():
    document = plan_document(PLAN, PARTITIONINGS)
    (step,) = document["steps"]
    assert step["partitions"] == [{"start": "2013-01-08", "end": "2013-01-10"}]
    assert step["partition_count"] == 2
    (blocked,) = document["blocked"]
    assert blocked["by"] == [
        {"model": "a", "partitions": [{"start": "2013-01-10", "end": "2013-01-13"}]}
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": 3}', "not json", '{"steps": []}'])
def test_text_that_is_no_plan_is_one_clear_error(text):
    with pytest.raises(UsageError) as caught:
        read_plan(text, PARTITIONINGS, file="plan.json")
    assert caught.value.diagnostics[0].code == "INVALID_PLAN"


def test_an_edited_plan_is_refused():
    document = plan_document(PLAN, PARTITIONINGS)
    document["steps"][0]["partitions"][0]["end"] = "2013-01-11"
    with pytest.raises(UsageError) as caught:
        read_plan(json.dumps(document), PARTITIONINGS, file="plan.json")
    assert "edited" in caught.value.diagnostics[0].message


def test_a_plan_of_a_model_that_is_gone_is_outdated():
    text = json.dumps(plan_document(PLAN, PARTITIONINGS))
    with pytest.raises(ProjectError) as caught:
        read_plan(text, {"a": PARTITIONINGS["a"]}, file="plan.json")
    assert caught.value.diagnostics[0].code == "PLAN_OUTDATED"
