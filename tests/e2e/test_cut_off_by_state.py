"""A partition that is stale only for what the run itself puts right is left as it is."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from sqlbackfill.app.mark import MarkRequest, mark_partitions
from sqlbackfill.app.plan import PlanRequest, plan
from sqlbackfill.app.run import RunOptions, run
from sqlbackfill.run.events import Event, SourceCompared
from tests.e2e.world import DAYS, SOURCE, World

FIRST = f"select day, sum(v)::bigint as v from {SOURCE} group by day"
CHANGED = FIRST.replace("sum(v)", "sum(v + 1)")
SECOND = "select day, v * 2 as v from {{ ref('first') }}"
THIRD = "select day, v + 1 as v from {{ ref('second') }}"


class Chain(World):
    """Three models in a row; `built` is what a run built and cut off, by model."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.seen: list[Event] = []
        self.days_of_source()
        for name, sql in (("first", FIRST), ("second", SECOND), ("third", THIRD)):
            self.model(name, sql)
        self.run()

    def built(self, *partitions: str, select: tuple[str, ...] = ()) -> dict[str, tuple[int, int]]:
        gc.collect()
        request = PlanRequest(select=select, partitions=partitions)
        wanted = RunOptions(yes=True, allow_empty=True)
        result = run(self.options, request, None, wanted, None, self.seen.append)
        assert result.exit_code == 0, result.as_json()
        return {m.model: (m.partitions_built, m.partitions_cut_off) for m in result.models}

    def values(self, model: str) -> list[tuple[object, ...]]:
        return self.rows(f"select day::varchar, v from main.{model} order by all")


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


def test_a_table_that_was_dropped_and_is_built_again_as_it_was_rebuilds_no_reader(
    chain: Chain,
) -> None:
    before = chain.values("third")
    chain.execute("drop table main.first")
    assert chain.stale()["second"] == DAYS, "until it is known what comes out, all of it is listed"
    assert chain.built() == {"first": (10, 0), "second": (0, 10), "third": (0, 10)}
    assert chain.stale() == {}
    assert chain.values("third") == before


def test_only_the_readers_of_days_that_come_out_otherwise_are_rebuilt(chain: Chain) -> None:
    chain.execute("drop table main.first", "insert into raw.rows values (date '2024-03-04', 1, 7)")
    assert chain.built() == {"first": (10, 0), "second": (1, 9), "third": (1, 9)}
    assert chain.stale() == {}
    assert chain.values("third")[3] == ("2024-03-04", 21)


def test_a_day_that_was_marked_missing_and_comes_back_the_same_goes_no_further(
    chain: Chain,
) -> None:
    request = MarkRequest(model="first", partitions=("2024-03-04",), as_built=False)
    mark_partitions(chain.options, request, lambda _plan: True)
    chain.execute("delete from main.first where day = '2024-03-04'")
    assert chain.stale()["second"] == (DAYS[3],)
    assert chain.built() == {"first": (1, 0), "second": (0, 1), "third": (0, 1)}
    assert chain.stale() == {}


def test_an_edit_that_was_taken_back_rebuilds_what_saw_it_alone(chain: Chain) -> None:
    chain.model("first", CHANGED)
    assert chain.built("all", select=("first",)) == {"first": (10, 0)}
    chain.model("first", FIRST)
    assert set(chain.stale()) == {"first", "second", "third"}
    assert chain.built() == {"first": (10, 0), "second": (0, 10), "third": (0, 10)}
    assert chain.stale() == {}


def test_stale_as_a_word_of_p_is_a_state_too_and_a_date_is_not(chain: Chain) -> None:
    chain.execute("drop table main.first")
    assert chain.built("2024-03-01..2024-03-03", "missing", "stale") == {
        "first": (10, 0),
        "second": (3, 7),
        "third": (3, 0),
    }


def test_what_is_stale_for_its_own_code_too_is_rebuilt(chain: Chain) -> None:
    chain.execute("drop table main.first")
    chain.model("second", SECOND.replace("* 2", "* 3"))
    assert chain.built() == {"first": (10, 0), "second": (10, 0), "third": (9, 1)}, "0 is 0"
    assert chain.stale() == {}
    assert chain.values("third")[9] == ("2024-03-10", 28)


def test_what_is_stale_for_a_source_too_is_rebuilt_for_the_days_that_changed(
    chain: Chain,
) -> None:
    chain.model(
        "second",
        f"select a.day, a.v + b.v as v from {{{{ ref('first') }}}} as a"
        f" join {SOURCE} as b on a.day = b.day",
    )
    chain.run()
    chain.execute(
        "drop table main.first",
        "insert into raw.rows values (date '2024-03-04', 1, 0)",
    )
    assert chain.built() == {"first": (10, 0), "second": (1, 9), "third": (1, 9)}
    assert chain.stale() == {}
    told = [event.source for event in chain.seen if isinstance(event, SourceCompared)]
    assert told == ["raw.rows"], "read once to see, and said"
    assert len(chain.values("second")) == 11


def test_a_model_that_reads_its_own_past_is_left_link_by_link(chain: Chain) -> None:
    chain.model(
        "second",
        "select a.day, (a.v + coalesce(t.v, 0))::bigint as v from {{ ref('first') }} as a"
        " left join {{ this }} as t on t.day = a.day - 1",
    )
    chain.run()
    before = chain.values("second")
    chain.execute("drop table main.first")
    assert chain.built() == {"first": (10, 0), "second": (0, 10), "third": (0, 10)}
    chain.execute("drop table main.first", "insert into raw.rows values (date '2024-03-08', 1, 5)")
    assert chain.built() == {"first": (10, 0), "second": (3, 7), "third": (3, 7)}
    assert chain.values("second")[:7] == before[:7]
    assert chain.stale() == {}


def test_a_saved_plan_is_cut_off_in_the_same_way(chain: Chain, tmp_path: Path) -> None:
    import json

    chain.execute("drop table main.first")
    planned = plan(chain.options, PlanRequest())
    planned.prepared.workspace.loaded.adapter.close()
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(planned.document))
    gc.collect()
    wanted = RunOptions(yes=True, allow_empty=True)
    result = run(chain.options, None, file, wanted, None, lambda _event: None)
    assert [m.partitions_cut_off for m in result.models] == [0, 10, 10]
