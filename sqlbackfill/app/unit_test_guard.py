"""What a run would refuse of a chunk's rows, for unit tests: rows that no chunk would ever write."""

from __future__ import annotations

from sqlbackfill.app.unit_test_tables import quoted
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.types import Chunk, PlannedModel
from sqlbackfill.run.guard import StagedRows, check_staged_rows
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.warehouse.protocol import Session

_STAGED = "temp.sqlbackfill_staged"


def refuse_homeless_rows(
    session: Session,
    workspace: Workspace,
    name: str,
    chunk: Chunk,
    sql: ChunkSql,
    partitioning: AnyPartitioning,
) -> None:
    """Raises WarehouseError ROWS_WITHOUT_A_HOME where a run of `chunk` would.

    Only bounds of the author's own that are not proven to suffice can leave such rows.
    """
    facts = workspace.facts[name]
    if not workspace.renders[name].uses_bounds or facts.author_bounds_hold is True:
        return
    wanted = str(workspace.models[name].partition_column)
    column = next((c.name for c in facts.columns if c.name.lower() == wanted.lower()), wanted)
    model = PlannedModel(
        name=name,
        relation=workspace.models[name].relation,
        partitioning=partitioning,
        partition_column=column,
        reads_itself=facts.reads_itself,
        has_author_bounds=True,
        upstreams=(),
    )
    session.execute(f"CREATE OR REPLACE TEMPORARY TABLE {_STAGED} AS\n{sql.unguarded}")
    try:
        shown = [column, *(c.name for c in facts.columns if c.name != column)]
        staged = StagedRows(
            table=_STAGED,
            column=quoted(column),
            shown=tuple((each, quoted(each)) for each in shown),
            tests=sql.row_tests,
        )
        home = sql.home if sql.home is not None else PartitionSet.empty()
        check_staged_rows(session, staged, model, chunk, home, "duckdb")
    finally:
        session.execute(f"DROP TABLE IF EXISTS {_STAGED}")
