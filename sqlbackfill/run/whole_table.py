"""Replacing whole tables and views, by DDL that rolls back or by a swap. Records nothing."""

from __future__ import annotations

from sqlbackfill.dataclass import dataclass, replace
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
    commits, which needs an engine whose DDL rolls back. Raises WarehouseError NOT_A_TABLE where
    another tool made something of the other kind under that name, and GuardError EMPTY_REPLACEMENT.
    """
    session, adapter, model = work.session, work.adapter, work.model
    name = f"{model.relation.identifier}{_ASIDE}{new_identity()}"
    built = build_aside(work, query, replace(model.relation, identifier=name))
    if model.kind is TableKind.VIEW:
        return _replace_view(work, query, built.there)
    _drop(session, adapter, built.there)
    adapter.put_in_place(session, built.relation, model.relation, is_over=False)
    return built.filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A table built aside under `relation`, and what stands where it is to go; of a view nothing is built."""

    relation: Relation
    filled: Filled
    there: TableInfo | None


def build_aside(work: Replacement, query: str, fresh: Relation) -> Aside:
    """The rows of `query` in a new table `fresh`; nothing that anybody reads is touched.

    Raises as `replace_whole` does.
    """
    session, adapter, model = work.session, work.adapter, work.model
    there = session.table(model.relation)
    if there is not None and there.kind is not model.kind and there.identity is None:
        raise not_a_table(model.name, model.relation, there.kind)
    if model.kind is TableKind.VIEW:
        return Aside(relation=fresh, filled=Filled(identity=""), there=there)
    held = 0
    if there is not None and there.kind is TableKind.TABLE:
        [(held,)] = session.execute(f"SELECT COUNT(*) FROM {adapter.quote(model.relation)}")
    identity = adapter.create_table(session, fresh, query, model.storage)
    rows = session.execute_count(f"INSERT INTO {adapter.quote(fresh)}\n{query}")
    digests = _digests(work, fresh) if model.consumed else {}
    if not work.allow_empty:
        refuse_empty_replacement(model, {WHOLE: held}, {WHOLE: rows})
    filled = Filled(identity=identity, rows={WHOLE: rows}, digests=digests)
    return Aside(relation=fresh, filled=filled, there=there)


def put_in_place(work: Replacement, query: str, built: Aside) -> Filled:
    """Puts what was built aside where it belongs, by DDL that commits by itself.

    Over another table by one statement, so readers find one or the other: the old one is called as
    the new one was then.
    """
    session, adapter, model = work.session, work.adapter, work.model
    if model.kind is TableKind.VIEW:
        return _replace_view(work, query, built.there)
    is_over = built.there is not None and built.there.kind is TableKind.TABLE
    if not is_over:
        _drop(session, adapter, built.there)
    adapter.put_in_place(session, built.relation, model.relation, is_over=is_over)
    return built.filled


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
