"""Runs one unit test: its rows into tables, its model over them, its rows against those expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from sqlbackfill.app.chunk_sql import ChunkRenderer
from sqlbackfill.app.unit_test_diff import Row, RowDiff, row_diff
from sqlbackfill.app.unit_test_guard import refuse_homeless_rows
from sqlbackfill.app.unit_test_models import UnitModel, known_columns, unit_model
from sqlbackfill.app.unit_test_tables import (
    GivenRows,
    KnownColumns,
    bad_test,
    bad_value,
    create_given,
    quoted,
    rows_query,
)
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import ProjectError, SqlbackfillError, WarehouseError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.resolution import Outcome
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.strategy import Kind, Strategy, cut
from sqlbackfill.plan.types import Chunk
from sqlbackfill.project.unit_test import RowFormat, UnitInput, UnitTest
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.run.position import placed_in
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Column, Session

_ACTUAL = "temp.sqlbackfill_actual"
_PART = "temp.sqlbackfill_part"
_OWN = "temp.sqlbackfill_own"


@contextmanager
def unit_engine(workspace: Workspace) -> Iterator[UnitEngine]:
    """One DuckDB in memory for all tests, with the settings of a duckdb target."""
    from sqlbackfill.warehouse.duckdb import DuckDBAdapter
    from sqlbackfill.warehouse.duckdb_profile import DuckDBTarget, read_duckdb_target

    target = workspace.loaded.target
    kept = {k: v for k, v in target.fields.items() if k in ("settings", "extensions")}
    is_duckdb = target.fields.get("type") == "duckdb"
    adapter = DuckDBAdapter(read_duckdb_target(kept) if is_duckdb else DuckDBTarget())
    try:
        yield UnitEngine(workspace, adapter.session())
    finally:
        adapter.close()


@dataclass
class UnitEngine:
    """Runs tests one after another over one session."""

    workspace: Workspace
    session: Session
    _made: list[str] = field(default_factory=list)

    def run(self, test: UnitTest) -> RowDiff:
        """How the rows of `test`'s model differ from those it expects.

        Raises ProjectError (BAD_UNIT_TEST for what is wrong with the test itself) and
        WarehouseError, at the model's own line where the engine says where.
        """
        try:
            tables = {
                one.target: f"temp.{quoted(f'given_{number}')}"
                for number, one in enumerate(test.given)
                if one.target != "this"
            }
            model = unit_model(self.workspace, test, tables)
            for one in test.given:
                self._give(test, one, tables.get(one.target, _OWN), model)
            return self._compared(test, self._compute(test, model))
        finally:
            for table in (*self._made, _ACTUAL, _PART, _OWN):
                with suppress(SqlbackfillError):
                    self.session.execute(f"DROP TABLE IF EXISTS {table}")
            self._made.clear()

    def _give(self, test: UnitTest, one: UnitInput, table: str, model: UnitModel) -> None:
        shown = f"`{one.target.partition(':')[2] or one.target}`"
        target = f"ref:{test.model}" if one.target == "this" else one.target
        given = GivenRows(
            test=test.name,
            shown=shown,
            rows=one.rows,
            known=known_columns(model.workspace, target),
        )
        create_given(self.session, table, given, lambda sql: self._written(test, sql))
        self._made.append(table)

    def _written(self, test: UnitTest, sql: str) -> str:
        """SQL of a test in DuckDB's words."""
        model = self.workspace.models[test.model]
        dialect = model.dialect or self.workspace.loaded.dialect
        if dialect == "duckdb":
            return sql
        from sqlbackfill.query.facts import AnalysisRequest
        from sqlbackfill.query.transpile import transpile

        request = AnalysisRequest(model=test.model, sql=sql, dialect=dialect)
        return transpile(request, "duckdb").reading({}).sql

    def _compute(self, test: UnitTest, model: UnitModel) -> tuple[Column, ...]:
        """Runs the model as the tool would, into the table of actual rows; gives its columns."""
        facts = model.workspace.facts[test.model]
        has_own = any(one.target == "this" for one in test.given)
        partitioning = model.workspace.partitionings.get(test.model)
        if (
            not test.partitions
            or partitioning is None
            or isinstance(partitioning, WholePartitioning)
        ):
            sql = self._renderer(test, model, has_own=has_own).whole(test.model)
            self._execute(_ACTUAL, sql)
            return self.session.describe(f"SELECT * FROM {_ACTUAL}")
        wanted = self._partitions(test, model.workspace, partitioning)
        kind = Kind.RANGE if Kind.RANGE in facts.strategies else Kind.PARTITION
        chunks = cut(wanted, Strategy(kind), partitioning)
        if facts.reads_itself:
            self._prepare_own(test, model, wanted, chunks[0], has_own=has_own)
        renderer = self._renderer(test, model, has_own=facts.reads_itself)
        for number, chunk in enumerate(chunks):
            table = _PART if number else _ACTUAL
            sql = renderer(test.model, chunk)
            self._execute(table, sql)
            refuse_homeless_rows(
                self.session, model.workspace, test.model, chunk, sql, partitioning
            )
            if facts.reads_itself:
                self.session.execute(f"INSERT INTO {_OWN} BY NAME SELECT * FROM {table}")
            if number:
                self.session.execute(f"INSERT INTO {_ACTUAL} SELECT * FROM {_PART}")
        return self.session.describe(f"SELECT * FROM {_ACTUAL}")

    def _partitions(
        self, test: UnitTest, workspace: Workspace, partitioning: Partitioning
    ) -> PartitionSet:
        span = test.partitions_span or test.span
        try:
            found = resolve(parse_spec(test.partitions), partitioning, as_of=workspace.loaded.as_of)
        except ValueError:
            message = "a test cannot choose partitions by their state"
            raise ProjectError(bad_test(test.name, message, span, "name dates")) from None
        except SqlbackfillError as error:
            first = error.diagnostics[0]
            raise ProjectError(
                bad_test(test.name, first.message, span, first.fix or "correct it")
            ) from None
        if found.outcome is not Outcome.OK or not found.chosen:
            why = found.diagnostic.message if found.diagnostic else "it names no partition"
            fix = f"valid for `{test.model}`: {found.valid}"
            raise ProjectError(bad_test(test.name, why, span, fix))
        return found.chosen

    def _renderer(self, test: UnitTest, model: UnitModel, *, has_own: bool) -> ChunkRenderer:
        identifier = model.workspace.models[test.model].relation.identifier
        own = {test.model: ExternalRelation(_OWN, identifier)} if has_own else {}
        return ChunkRenderer(model.workspace, lambda _: False, own, model.lookup)

    def _prepare_own(
        self, test: UnitTest, model: UnitModel, wanted: PartitionSet, first: Chunk, *, has_own: bool
    ) -> None:
        """The model's own table as a run would find it: without the partitions it is to write."""
        if not has_own:
            sql = self._renderer(test, model, has_own=False)(test.model, first)
            self._execute(_OWN, sql, tail=" LIMIT 0")
            return
        workspace = model.workspace
        column = quoted(str(workspace.models[test.model].partition_column))
        inside = partitions_predicate(column, workspace.partitionings[test.model], wanted, "duckdb")
        self.session.execute(f"DELETE FROM {_OWN} WHERE {inside}")

    def _execute(self, table: str, sql: ChunkSql, tail: str = "") -> None:
        with placed_in(sql, 1 + sql.guard_lines):
            self.session.execute(
                f"CREATE OR REPLACE TEMPORARY TABLE {table} AS SELECT * FROM (\n{sql.select}\n){tail}"
            )

    def _compared(self, test: UnitTest, actual: Sequence[Column]) -> RowDiff:
        rows = test.expect
        if rows.format is RowFormat.SQL:
            columns, expected = self._expected_by_sql(test, actual)
        else:
            columns = _expected_columns(test, rows.columns, actual)
            expected = self._expected_rows(test, columns)
        names = ", ".join(quoted(column.name) for column in columns) or "1"
        found = self.session.execute(f"SELECT {names} FROM {_ACTUAL}")
        return row_diff(columns, expected, found if columns else [() for _ in found])

    def _expected_rows(self, test: UnitTest, columns: Sequence[Column]) -> list[Row]:
        if not columns:
            return [() for _ in test.expect.rows]
        types = {column.name: column.type for column in columns}
        try:
            return self.session.execute(rows_query(test.expect.rows, types))
        except WarehouseError as error:
            given = _expectation(test, types)
            found = bad_value(self.session, given, types) or error.diagnostics[0]
            raise ProjectError(found) from None

    def _expected_by_sql(
        self, test: UnitTest, actual: Sequence[Column]
    ) -> tuple[tuple[Column, ...], list[Row]]:
        query = self._written(test, test.expect.sql)
        try:
            given = self.session.describe(query)
            columns = _expected_columns(test, [column.name for column in given], actual)
            casts = ", ".join(
                f"CAST({quoted(one.name)} AS {column.type})"
                for one, column in zip(given, columns, strict=True)
            )
            return columns, self.session.execute(f"SELECT {casts} FROM (\n{query}\n)")
        except WarehouseError as error:
            message = f"the SQL of `expect` does not run: {error.diagnostics[0].message}"
            raise ProjectError(
                bad_test(test.name, message, test.expect.span, "correct the query")
            ) from None


def _expectation(test: UnitTest, types: Mapping[str, str]) -> GivenRows:
    known = KnownColumns(tuple(types.items()), complete=True)
    return GivenRows(test=test.name, shown="the model", rows=test.expect, known=known)


def _expected_columns(
    test: UnitTest, names: Sequence[str], actual: Sequence[Column]
) -> tuple[Column, ...]:
    """The columns to compare; all of the model's where no row is expected."""
    if not names:
        return tuple(actual)
    by_name = {column.name.lower(): column for column in actual}
    for at, name in enumerate(names):
        if name.lower() not in by_name:
            rows = test.expect.rows
            number = next((i for i, row in enumerate(rows) if name in row), at)
            raise ProjectError(
                bad_test(
                    test.name,
                    f"`{test.model}` has no column `{name}`",
                    test.expect.span_of(number),
                    f"its columns are {', '.join(column.name for column in actual)}",
                )
            )
    return tuple(by_name[name.lower()] for name in names)
