"""Looks in the project's own tables for rows that contradict what an author declared of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlbackfill.app.input_refs import relations_of
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError, WarehouseError
from sqlbackfill.query.facts import DeclaredRelation
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Session

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class DeclaredRows:
    """Tries what is declared of the tables that the model `name` reads, and of its own rows."""

    workspace: Workspace
    session: Session
    name: str

    def refuted(self, own_table: str | None = None) -> tuple[Diagnostic, ...]:
        """An error for each declared relation that some row contradicts, with the first of these rows.

        `own_table` is the SQL name of a table with rows of the model itself, None if there is none.
        """
        return tuple(self._refuted(own_table))

    def _refuted(self, own_table: str | None) -> Iterator[Diagnostic]:
        for read in self.workspace.facts[self.name].reads:
            table = self._table(read.relation)
            if table is None or read.is_this:
                continue
            for relation in self._declared(read.relation):
                yield from self._tried(relation, read.relation, table)
        if own_table is not None:
            for relation in self._declared(self.name):
                yield from self._tried(relation, self.name, own_table)

    def _declared(self, name: str) -> tuple[DeclaredRelation, ...]:
        loaded = self.workspace.loaded
        model = self.workspace.models.get(name)
        if model is not None:
            return relations_of(loaded, model.config.sqlbackfill.relations, model.dialect)
        source = loaded.project.sources.get(name)
        return relations_of(loaded, source.relations) if source is not None else ()

    def _table(self, name: str) -> str | None:
        """How SQL names the table of a model or source; None for what is neither, or not there."""
        loaded = self.workspace.loaded
        source = loaded.project.sources.get(name)
        if source is not None:
            relation = source_relation(source, loaded.project.root)
            if isinstance(relation, ExternalRelation):
                return relation.sql
            return loaded.adapter.quote(relation)
        model = self.workspace.models.get(name)
        if model is None or self.session.table(model.relation) is None:
            return None
        return loaded.adapter.quote(model.relation)

    def _tried(self, relation: DeclaredRelation, name: str, table: str) -> Iterator[Diagnostic]:
        # Here: a command whose facts are all cached loads no SQL parser.
        from sqlbackfill.query.relations import NoSuchRelation, contradiction

        adapter = self.workspace.loaded.adapter
        try:
            wrong, columns = contradiction(relation, adapter.dialect)
        except NoSuchRelation:  # reported where the model is analysed
            return
        shown = ", ".join(adapter.quote_name(column) for column in columns)
        try:
            [(count,)] = self.session.execute(f"SELECT COUNT(*) FROM {table} WHERE {wrong}")
            rows = self.session.execute(
                f"SELECT DISTINCT {shown} FROM {table} WHERE {wrong} ORDER BY ALL LIMIT {_SHOWN}"
            )
        except (WarehouseError, ProjectError) as error:
            yield _failed(relation, name, self.name, error.diagnostics[0].message)
            return
        if count:
            examples = "; ".join(
                ", ".join(
                    f"{column} = {_value(value)}"
                    for column, value in zip(columns, row, strict=True)
                )
                for row in rows
            )
            yield _refuted(relation, name, self.name, count, examples)


def _value(value: object) -> str:
    return "NULL" if value is None else str(value)


def _refuted(
    relation: DeclaredRelation, name: str, model: str, count: int, examples: str
) -> Diagnostic:
    rows = "row contradicts" if count == 1 else "rows contradict"
    return Diagnostic(
        code="RELATION_REFUTED",
        message=f"{count:,} {rows} `{relation.holds}`, which is declared of every row of `{name}`: "
        f"{examples}",
        span=relation.span,
        fix="correct the rows, or correct or remove the relation",
        model=model,
    )


def _failed(relation: DeclaredRelation, name: str, model: str, why: str) -> Diagnostic:
    return Diagnostic(
        code="RELATION_REFUTED",
        message=f"`{relation.holds}`, which is declared of every row of `{name}`, cannot be tried "
        f"on its rows: {why}",
        span=relation.span,
        fix="correct the rows, or correct or remove the relation",
        model=model,
    )
