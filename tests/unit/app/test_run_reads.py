from __future__ import annotations

from dataclasses import replace

from sqlbackfill.app.run_reads import run_reads
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.reads import Horizon, ReadEdge, Reads
from sqlbackfill.plan.types import Plan, PlannedModel
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.protocol import TableKind
from tests.crash import chain

ONE = PartitionSet.single(chain.FIRST)
BASE = chain.planned_models(DoubleAdapter())


def reads_of(*edges: tuple[str, str, ReadWindow | None], known: bool) -> Reads:
    """Read windows between `daily`, the view `summary` and `trailing`."""
    horizon = Horizon(chain.FIRST, chain.FIRST + (3 if known else 0))
    names = ("daily", "summary", "trailing")
    whole = WholePartitioning()
    return Reads(
        partitionings={n: whole if n == "summary" else chain.DAYS for n in names},
        horizons={n: Horizon(0, 1) if n == "summary" else horizon for n in names},
        edges={n: tuple(ReadEdge(up, w) for m, up, w in edges if m == n) for n in names},
    )


def models(kind: TableKind) -> dict[str, PlannedModel]:
    return {**BASE, "summary": replace(BASE["summary"], kind=kind)}


def a_plan() -> Plan:
    return chain.plan(chain.step("daily", chain.ALL), chain.step("trailing", chain.ALL))


def test_an_input_read_whole_covers_all_that_the_plan_builds_of_it() -> None:
    reads = reads_of(("trailing", "daily", None), known=False)
    assert reads.upstream("trailing", ONE) == {"daily": PartitionSet.empty()}
    found = run_reads(reads, a_plan(), models(TableKind.TABLE))("trailing", ONE)
    assert found == {"daily": chain.ALL}


def test_who_reads_a_view_reads_what_it_reads() -> None:
    reads = reads_of(("trailing", "summary", None), ("summary", "daily", None), known=True)
    found = run_reads(reads, a_plan(), models(TableKind.VIEW))("trailing", ONE)
    assert found == {"summary": PartitionSet.single(0), "daily": chain.ALL}


def test_a_table_in_between_is_read_as_it_is() -> None:
    reads = reads_of(("trailing", "summary", None), ("summary", "daily", None), known=True)
    found = run_reads(reads, a_plan(), models(TableKind.TABLE))("trailing", ONE)
    assert found == {"summary": PartitionSet.single(0)}
