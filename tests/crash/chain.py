"""A small chain of models with the SQL of their chunks: what crash and run tests do to a warehouse.

`raw` → `daily` (days, in chunks) → `trailing` (three days back) and `running` (reads itself) and
`summary` (a whole table).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import InputMark, Island
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk, Plan, PlannedModel, Reason, Step
from sqlbackfill.run.inputs import ChunkSql, RunInputs
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

DAYS = TimePartitioning(
    grain=Grain.parse("day"),
    column_type=BoundType.DATE,
    begin=date(2013, 1, 1),
    end=date(2013, 1, 13),
)
FIRST = DAYS.ordinal(date(2013, 1, 1))
COUNT = 12
ALL = PartitionSet.span(FIRST, FIRST + COUNT)
MODELS = ("daily", "trailing", "running", "summary")
NOW = datetime(2026, 1, 1, tzinfo=UTC)

_QUERIES = {
    "daily": "SELECT d, k, SUM(v) AS v FROM {main}.raw GROUP BY d, k",
    "trailing": (
        "SELECT a.d, a.k, SUM(b.v) AS v FROM {main}.daily a JOIN {main}.daily b "
        "ON b.k = a.k AND b.d > a.d - 3 AND b.d <= a.d GROUP BY a.d, a.k"
    ),
    "running": (
        "SELECT a.d, a.k, a.v + COALESCE(p.v, 0) AS v FROM {main}.daily a "
        "LEFT JOIN {this} p ON p.k = a.k AND p.d = a.d - 1"
    ),
    "summary": "SELECT k, SUM(v) AS v, COUNT(*) AS n FROM {main}.daily GROUP BY k",
}


class Versions:
    """Marks for tests: what was committed last of each input, by run and chunk."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def inputs_of(self, model: str, partitions: PartitionSet) -> Mapping[str, InputMark]:
        return {
            upstream: InputMark(self.known.get(upstream, "nothing"))
            for upstream in reads(model, partitions)
        }

    def built(self, model: str, records: Sequence[Island]) -> None:
        assert all(record.seq for record in records)
        self.known[model] = f"{records[-1].run_id}:{records[-1].chunk}"


def reads(model: str, partitions: PartitionSet) -> Mapping[str, PartitionSet]:
    """What some partitions of a model of the chain read of the others."""

    def back(days: int) -> PartitionSet:
        return PartitionSet.of((a - days, b) for a, b in partitions.ranges) & ALL

    match model:
        case "trailing":
            return {"daily": back(2)}
        case "running":
            before = PartitionSet.of((a - 1, b - 1) for a, b in partitions.ranges) & ALL
            return {"daily": partitions, "running": before}
        case "summary":
            return {"daily": ALL}
        case _:
            return {}


def make_source(session: Session, *, rows_per_day: int = 6) -> None:
    """The table `raw` in the current schema; three keys, every day."""
    session.execute(
        "CREATE TABLE raw AS SELECT CAST(DATE '2013-01-01' + CAST(i // ? AS INTEGER) AS DATE) AS d, "
        "i % 3 AS k, i % 17 AS v FROM range(?) t(i)",
        (rows_per_day, rows_per_day * COUNT),
    )


def relation(adapter: Adapter, model: str) -> Relation:
    return Relation(adapter.database, "main", model)


def planned_models(adapter: Adapter, **changes: Mapping[str, Any]) -> dict[str, PlannedModel]:
    """The four models; `changes` holds other fields by model."""
    return {
        name: PlannedModel(
            **{
                "name": name,
                "relation": relation(adapter, name),
                "partitioning": WholePartitioning() if name == "summary" else DAYS,
                "partition_column": None if name == "summary" else "d",
                "reads_itself": name == "running",
                "has_author_bounds": False,
                "upstreams": tuple(reads(name, ALL)),
                **changes.get(name, {}),
            }
        )
        for name in MODELS
    }


def step(model: str, partitions: PartitionSet, *, size: int = 4) -> Step:
    whole = model == "summary"
    chosen = PartitionSet.single(0) if whole else partitions
    return Step(
        model=model,
        reason=Reason.REQUESTED,
        partitions=chosen,
        strategy=f"chunk={size}",
        because="a test",
        chunks=tuple(Chunk(a, b) for a, b in chosen.chunks(size)),
        fingerprint=f"code of {model}",
        table_identity=None,
        ledger_digest="",
    )


def plan(*steps: Step) -> Plan:
    """A plan of `steps`, by default all partitions of all models."""
    steps = steps or tuple(step(name, ALL) for name in MODELS)
    return Plan(plan_id="plan-1", as_of=NOW, target="test", steps=steps)


def chunk_sql(adapter: Adapter, model: str, chunk: Chunk, query: str | None = None) -> ChunkSql:
    """The query of a model, guarded to a chunk's days by an outer filter on lines of its own."""
    main = f"{adapter.quote_name(adapter.database)}.main"
    this = f"{main}.{model}"
    if model == "running" and chunk.start == FIRST:
        this = "(SELECT CAST(NULL AS DATE) AS d, 0 AS k, 0 AS v)"
    text = (query or _QUERIES[model]).format(main=main, this=this)
    if model == "summary":
        return ChunkSql(select=text, unguarded=text)
    low, high = DAYS.span_bounds(chunk.start, chunk.end)
    return ChunkSql(
        select=(
            f"SELECT * FROM (\n{text}\n) AS q "
            f"WHERE d >= CAST('{low}' AS DATE) AND d < CAST('{high}' AS DATE)"
        ),
        unguarded=text,
        guard_lines=1,
    )


def run_inputs(adapter: Adapter, run_id: str, **changes: Any) -> RunInputs:
    """A run of the whole chain; `already` holds what runs of this plan committed before."""
    ledger = changes.pop("ledger", None) or Ledger(adapter, adapter.database)
    values: dict[str, Any] = {
        "run_id": run_id,
        "plan": plan(),
        "models": planned_models(adapter),
        "adapter": adapter,
        "ledger": ledger,
        "sql": lambda model, chunk: chunk_sql(adapter, model, chunk),
        "reads": reads,
        "versions": Versions(),
        "clock": lambda: NOW,
        "already": committed(adapter, ledger),
        **changes,
    }
    return RunInputs(**values)


def committed(adapter: Adapter, ledger: Ledger) -> dict[str, PartitionSet]:
    """What runs of the plan have committed, by the ledger."""
    session = adapter.session()
    try:
        found = ledger.committed(session, "plan-1")
    finally:
        session.close()
    return {
        model: PartitionSet.of((record.start, record.end) for record in records)
        for model, records in found.items()
    }


def contents(adapter: Adapter) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table of the chain that is there, sorted."""
    session = adapter.session()
    try:
        return {
            name: sorted(session.execute(f"SELECT * FROM {adapter.quote(relation(adapter, name))}"))
            for name in MODELS
            if session.table(relation(adapter, name)) is not None
        }
    finally:
        session.close()


def disagreements(adapter: Adapter) -> list[str]:
    """Where the ledger and the tables differ: rows without a record, or records without their rows."""
    ledger = Ledger(adapter, adapter.database)
    session = adapter.session()
    found: list[str] = []
    try:
        relations = [relation(adapter, name) for name in MODELS]
        tables = session.tables(relations)
        logs = ledger.logs(session, relations)
        for target in relations:
            table, log = tables.get(target), logs.get(target)
            records = log.counting if log else ()
            if table is None:
                found += [f"{target}: records without a table"] if records else []
                continue
            held = _rows_by_partition(adapter, session, target)
            recorded = _recorded_rows(ledger, session, target, records)
            if held != recorded:
                found.append(f"{target}: holds {held}, recorded {recorded}")
            if any(record.identity != table.identity for record in records):
                found.append(f"{target}: records of another table")
    finally:
        session.close()
    return found


def _recorded_rows(
    ledger: Ledger, session: Session, target: Relation, records: Sequence[Island]
) -> dict[str, int]:
    """The rows that are recorded of each partition that has any, by its key."""
    details = ledger.details(session, target, (record.seq for record in records))
    written, _ = ledger.history(session, target)
    starts = {record.seq: record.start for record in written}
    partitioning = WholePartitioning() if target.identifier == "summary" else DAYS
    counts = {
        partitioning.record_key(o): details[record.seq].row_counts[o - starts[record.seq]]
        for record in records
        for o in range(record.start, record.end)
    }
    return {key: rows for key, rows in counts.items() if rows}


def _rows_by_partition(adapter: Adapter, session: Session, target: Relation) -> dict[str, int]:
    key = "'*'" if target.identifier == "summary" else "CAST(d AS VARCHAR)"
    rows = session.execute(f"SELECT {key}, COUNT(*) FROM {adapter.quote(target)} GROUP BY 1")
    return {str(name): int(count) for name, count in rows if count}
