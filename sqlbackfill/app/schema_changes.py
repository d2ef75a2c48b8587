"""How the columns of models' queries differ from their tables', and whether the config allows it."""

from __future__ import annotations

from sqlbackfill.app.ledger_state import LedgerState
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.config import OnSchemaChange
from sqlbackfill.query.facts import QueryFacts
from sqlbackfill.warehouse.protocol import TableKind


def policy_of(workspace: Workspace, name: str) -> OnSchemaChange:
    """What is to be done with the table of `name` where its columns differ."""
    config = workspace.models[name].config
    return config.sqlbackfill.on_schema_change or config.on_schema_change


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """How a query's columns differ, by name, from those of the table that it is written to."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def schema_change(facts: QueryFacts | None, state: LedgerState, name: str) -> SchemaChange | None:
    """The difference; None where there is none, or where the columns are not known yet.

    A change of type shows only when the query is described: the run looks at that.
    """
    table = state.tables.get(name)
    if facts is None or table is None or not facts.columns_known or not facts.columns:
        return None
    if table.kind is TableKind.VIEW or not state.tracked[name].records:
        return None
    ours = {column.name.lower(): column.name for column in facts.columns}
    theirs = {column.name.lower(): column.name for column in table.columns}
    change = SchemaChange(
        tuple(spelled for key, spelled in ours.items() if key not in theirs),
        tuple(spelled for key, spelled in theirs.items() if key not in ours),
    )
    return change if change.added or change.removed else None


def schema_problem(
    workspace: Workspace, name: str, change: SchemaChange | None
) -> Diagnostic | None:
    """Why `name` cannot be built with `change`; None where it can."""
    """Why `name` cannot be built with `change`; None where it can."""
    policy = policy_of(workspace, name)
    allowed = (OnSchemaChange.APPEND_NEW_COLUMNS, OnSchemaChange.REBUILD)
    is_whole = isinstance(workspace.partitionings[name], WholePartitioning)
    if change is None or policy in allowed or is_whole:
        return None
    model = workspace.models[name]
    notes = (("new", ", ".join(change.added)), ("gone", ", ".join(change.removed)))
    return Diagnostic(
        code="SCHEMA_CHANGED",
        message=f"the columns of `{name}` differ from its table's, and on_schema_change is "
        f"{policy.value}",
        span=model.config.span("on_schema_change", "meta.sqlbackfill.on_schema_change")
        or model.span,
        model=name,
        notes=tuple((label, text) for label, text in notes if text),
        fix="set on_schema_change to append_new_columns (older partitions get NULL), or "
        "meta.sqlbackfill.on_schema_change to rebuild (every partition is computed again)",
    )
