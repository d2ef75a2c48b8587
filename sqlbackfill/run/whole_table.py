"""Replacing whole tables and views inside a transaction that somebody else opened. Records nothing."""

from __future__ import annotations

from dataclasses import replace

from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.plan.types import PlannedModel
from sqlbackfill.run.fill import Filled, Replacement, not_a_table
from sqlbackfill.run.guard import refuse_empty_replacement
from sqlbackfill.run.output_digests import DigestsByOrdinal, WantedDigests
from sqlbackfill.warehouse.identity import new_identity
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session, TableInfo, TableKind

_ASIDE = "__sqlbackfill_"

WHOLE = 0
"""The one ordinal of a model that has no partitions."""


def replace_whole(work: Replacement, query: str) -> Filled:
    """Puts a table or view with the rows of `query` in the place of the one that is there.

    The new table has an identity of its own. Readers see the old one until the transaction
    commits, which needs an engine whose DDL rolls back: raises WarehouseError
    WHOLE_TABLE_UNSUPPORTED elsewhere, NOT_A_TABLE where another tool made something of the other
    kind under that name, and GuardError EMPTY_REPLACEMENT.
    """
    session, adapter, model = work.session, work.adapter, work.model
    if not adapter.transactional_ddl:
        raise _unsupported(adapter, model)
    there = session.table(model.relation)
    if there is not None and there.kind is not model.kind and there.identity is None:
        raise not_a_table(model.name, model.relation, there.kind)
    if model.kind is TableKind.VIEW:
        return _replace_view(work, query, there)
    table = adapter.quote(model.relation)
    held = 0
    if there is not None and there.kind is TableKind.TABLE:
        [(held,)] = session.execute(f"SELECT COUNT(*) FROM {table}")
    fresh = replace(
        model.relation, identifier=f"{model.relation.identifier}{_ASIDE}{new_identity()}"
    )
    aside = adapter.quote(fresh)
    identity = adapter.create_table(session, fresh, query)
    rows = session.execute_count(f"INSERT INTO {aside}\n{query}")
    digests = _digests(work, fresh) if model.consumed else {}
    _drop(session, adapter, there)
    session.execute(
        f"ALTER TABLE {aside} RENAME TO {adapter.quote_name(model.relation.identifier)}"
    )
    if not work.allow_empty:
        refuse_empty_replacement(model, {WHOLE: held}, {WHOLE: rows})
    return Filled(identity=identity, rows={WHOLE: rows}, digests=digests)


def _digests(work: Replacement, table: Relation) -> dict[str, DigestsByOrdinal]:
    info = work.session.table(table)
    columns = info.columns if info else ()
    wanted = WantedDigests.of(work.adapter, work.model.consumed, columns)
    if not wanted:
        return {}
    answer = ", ".join(("COUNT(*)", *wanted.sums))
    query = f"SELECT {answer} FROM {work.adapter.quote(table)}"
    return wanted.of_whole(work.session.execute(query)[0])


def _replace_view(work: Replacement, query: str, there: TableInfo | None) -> Filled:
    session, adapter, model = work.session, work.adapter, work.model
    if there is None:
        schema = (model.relation.database, model.relation.schema)
        session.execute(
            f"CREATE SCHEMA IF NOT EXISTS {'.'.join(adapter.quote_name(name) for name in schema)}"
        )
    elif there.kind is not TableKind.VIEW:
        _drop(session, adapter, there)
    session.execute(f"CREATE OR REPLACE VIEW {adapter.quote(model.relation)} AS\n{query}")
    return Filled(identity=adapter.add_identity(session, model.relation))


def _drop(session: Session, adapter: Adapter, there: TableInfo | None) -> None:
    if there is not None:
        kind = "VIEW" if there.kind is TableKind.VIEW else "TABLE"
        session.execute(f"DROP {kind} {adapter.quote(there.relation)}")


def _unsupported(adapter: Adapter, model: PlannedModel) -> WarehouseError:
    return WarehouseError(
        Diagnostic(
            code="WHOLE_TABLE_UNSUPPORTED",
            message=f"{model.name} is a {model.kind.value}, which cannot be replaced safely on "
            f"{adapter.name} yet",
            model=model.name,
            fix="make it incremental, or build it with another tool",
        )
    )
