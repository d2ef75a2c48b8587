"""The SQL of one chunk: the model rendered with its read windows, inside the outermost filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from sqlbackfill.app.lifted_sql import LINES_BEFORE, guarded, lifted_query, row_tests
from sqlbackfill.app.template_inputs import ProjectLookup, template_input
from sqlbackfill.app.transpiling import Transpiler
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk
from sqlbackfill.query.facts import InjectedRange, QueryFacts
from sqlbackfill.query.substituted import Substitution
from sqlbackfill.run.inputs import ChunkSql, Locate
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.template.types import (
    SYMBOLIC_WINDOW,
    ColumnRange,
    ExternalRelation,
    Rendered,
    RunWindow,
    Scan,
    TemplateInput,
)

_GUARD_LINES = 1
_NOTHING = re.compile(r"(?:[\s;]++|--[^\n]*+(?:\n|\Z)|/\*.*?\*/)*+", re.DOTALL)


@dataclass
class ChunkRenderer:
    """Renders chunks of a workspace's models. Safe to call again and again; keeps no results.

    `has_table` tells whether a model that reads itself has its table: until then `this` is empty.
    `stand_ins` holds, by model, what `this` reads in place of the table, whether there is one or not;
    `lookup` says what names stand for where that is not what the project says.
    """

    workspace: Workspace
    has_table: Callable[[str], bool]
    stand_ins: Mapping[str, ExternalRelation] = field(default_factory=dict)
    lookup: ProjectLookup | None = None
    _lookup: ProjectLookup = field(init=False)
    _transpiler: Transpiler = field(init=False)

    def __post_init__(self) -> None:
        self._lookup = self.lookup or ProjectLookup(self.workspace.loaded, self.workspace.models)
        self._transpiler = Transpiler(self.workspace.loaded)

    def __call__(self, name: str, chunk: Chunk) -> ChunkSql:
        """The SQL of `chunk` of the model `name`. Raises ProjectError."""
        partitioning = self.workspace.partitionings[name]
        if isinstance(partitioning, WholePartitioning):
            rendered = self._render(name, None, {})
            query, locate = self._written(name, rendered, _bare(rendered.sql))
            return ChunkSql(select=query, unguarded=query, locate=locate)
        if self.workspace.facts[name].lifted is not None and chunk.end - chunk.start > 1:
            return self._lifted(name, chunk)
        window = self._window(name, chunk)
        substitution = self.workspace.facts[name].substituted
        if substitution is not None and chunk.end - chunk.start > 1:
            rendered = self._render(name, SYMBOLIC_WINDOW, self._scans(name, window))
            query = _with_column(_bare(rendered.sql), substitution, name)
        else:
            rendered = self._render(name, window, self._scans(name, window))
            query = _bare(rendered.sql)
        query, locate = self._written(name, rendered, query)
        adapter = self.workspace.loaded.adapter
        column = adapter.quote_name(self._partition_column(name))
        guard = partitions_predicate(column, partitioning, chunk.partitions, adapter.dialect)
        alias = adapter.quote_name(name)
        return ChunkSql(
            select=f"SELECT * FROM (\n{query}\n) AS {alias}\nWHERE {guard}",
            unguarded=query,
            locate=locate,
            guard_lines=_GUARD_LINES,
            home=self._home(name, window),
        )

    def whole(self, name: str) -> ChunkSql:
        """The query over all that its inputs hold, with no predicate and no guard. Raises ProjectError."""
        facts = self.workspace.facts[name]
        scans = {one.index: Scan((), one.alias) for one in facts.occurrences}
        rendered = self._render(name, None, scans)
        query, locate = self._written(name, rendered, _bare(rendered.sql))
        return ChunkSql(select=query, unguarded=query, locate=locate)

    def keep_transpiled(self) -> None:
        """Keeps what was transpiled, so that commands to come need not."""
        self._transpiler.save()

    def _written(self, name: str, rendered: Rendered, query: str) -> tuple[str, Locate]:
        model, facts = self.workspace.models[name], self.workspace.facts[name]
        return self._transpiler.query(model, facts, rendered, query)

    def _lifted(self, name: str, chunk: Chunk) -> ChunkSql:
        from sqlbackfill.query.splice import with_spine

        partitioning = self.workspace.partitionings[name]
        if isinstance(partitioning, WholePartitioning):
            raise ProjectError(_not_lifted(name))
        scans = {one.index: Scan((), one.alias) for one in self.workspace.facts[name].occurrences}
        rendered = self._render(name, SYMBOLIC_WINDOW, scans)
        query = with_spine(_bare(rendered.sql), self.workspace.facts[name].lifted or ())
        if query is None:
            raise ProjectError(_not_lifted(name))
        homes = {
            ordinal: self._home(name, self._window(name, Chunk(ordinal, ordinal + 1)))
            for ordinal in chunk.partitions.ordinals()
        }
        lifted = lifted_query(query, partitioning, chunk.partitions, homes)
        quote = self.workspace.loaded.adapter.quote_name
        column = quote(self._partition_column(name))
        return ChunkSql(
            select=guarded(lifted, column, quote(name)),
            unguarded=lifted,
            locate=lambda line, at: rendered.source_map.locate(max(line - LINES_BEFORE, 1), at),
            guard_lines=_GUARD_LINES,
            row_tests=row_tests(column),
        )

    def _home(self, name: str, window: RunWindow) -> PartitionSet | None:
        """The partitions that the author's bounds read: the hull of the inputs' windows.

        Rows of theirs that do not belong to the chunk are what its lookback is made of; None where
        no window is bounded on both sides.
        """
        partitioning = self.workspace.partitionings[name]
        if not self.workspace.renders[name].uses_bounds or window.keys is not None:
            return None
        home = PartitionSet.empty()
        for read in self.workspace.facts[name].reads:
            if read.window is None or read.is_this:
                continue
            interval = read.window.evaluate(window.start, window.end)
            if interval.lo is None or interval.hi is None:
                continue
            with suppress(TypeError, ValueError):  # an input cut on a column of another kind
                home |= partitioning.overlapping(interval.lo, interval.hi)
        return home or None

    def _render(self, name: str, window: RunWindow | None, scans: dict[int, Scan]) -> Rendered:
        loaded, model = self.workspace.loaded, self.workspace.models[name]
        try:
            return loaded.templates.render(
                self._with_own_table(
                    template_input(loaded, model, window.type if window else None)
                ),
                window,
                scans,
                lookup=self._lookup,
                expected=self._expected(name),
                names_scans=self._transpiler.is_needed(model),
            )
        except ProjectError as error:
            raise ProjectError(*(d.for_model(name) for d in error.diagnostics)) from None

    def _with_own_table(self, model: TemplateInput) -> TemplateInput:
        facts = self.workspace.facts[model.name]
        if model.name in self.stand_ins:
            return replace(model, stand_in=self.stand_ins[model.name])
        if not facts.reads_itself or self.has_table(model.name):
            return model
        declared = {c.name.lower(): c.data_type for c in self.workspace.models[model.name].columns}
        quote = self.workspace.loaded.adapter.quote_name
        columns = []
        for column in facts.columns:
            inferred = column.type and self._transpiler.type_in_adapter(
                self.workspace.models[model.name], column.type
            )
            kind = declared.get(column.name.lower()) or inferred
            value = f"CAST(NULL AS {kind})" if kind else "NULL"
            columns.append(f"{value} AS {quote(column.name)}")
        empty = f"(SELECT {', '.join(columns)} WHERE FALSE)"
        identifier = self.workspace.models[model.name].relation.identifier
        return replace(model, stand_in=ExternalRelation(empty, identifier))

    def _expected(self, name: str) -> tuple[str, ...]:
        render = self.workspace.renders[name]
        if not self._lookup.reads_ephemeral(render.refs):
            return render.targets
        rendered = self.workspace.loaded.templates.analyse(
            template_input(self.workspace.loaded, self.workspace.models[name]), self._lookup
        )
        return rendered.targets

    def _window(self, name: str, chunk: Chunk) -> RunWindow:
        partitioning = self.workspace.partitionings[name]
        kind = partitioning.column_type
        is_single = chunk.end - chunk.start == 1
        key = partitioning.record_key(chunk.start) if is_single else None
        if kind is BoundType.TEXT:
            keys = tuple(partitioning.record_key(o) for o in chunk.partitions.ordinals())
            return RunWindow(type=kind, start=None, end=None, key=key, keys=keys)
        start, end = partitioning.span_bounds(chunk.start, chunk.end)
        return RunWindow(type=kind, start=start, end=end, key=key)

    def _scans(self, name: str, window: RunWindow) -> dict[int, Scan]:
        facts: QueryFacts = self.workspace.facts[name]
        # Where the author's bounds are not proven to suffice, rows outside the chunk must come out
        # to be counted (ROWS_WITHOUT_A_HOME), so nothing but the own past is injected beside them.
        only_own_past = self.workspace.renders[name].uses_bounds and not facts.author_bounds_hold
        scans: dict[int, Scan] = {}
        for occurrence in facts.occurrences:
            injected = () if only_own_past and occurrence.relation != name else occurrence.ranges
            ranges = [_column_range(one, window) for one in injected]
            predicates = tuple(r for r in ranges if r is not None and not r.is_everything)
            scans[occurrence.index] = Scan(predicates, occurrence.alias)
        return scans

    def _partition_column(self, name: str) -> str:
        wanted = str(self.workspace.models[name].partition_column)
        columns = self.workspace.facts[name].columns
        return next((c.name for c in columns if c.name.lower() == wanted.lower()), wanted)


def _column_range(injected: InjectedRange, window: RunWindow) -> ColumnRange | None:
    if window.keys is not None:
        keys = injected.window.evaluate_keys(frozenset(window.keys))
        if keys is None:
            return None
        return ColumnRange(column=injected.column, type=injected.type, keys=tuple(sorted(keys)))
    interval = injected.window.evaluate(window.start, window.end)
    lo: Bound | None = interval.lo
    return ColumnRange(
        column=injected.column,
        type=injected.type,
        lo=lo,
        hi=interval.hi,
        nulls=interval.nulls,
    )


def _with_column(query: str, substitution: Substitution, name: str) -> str:
    from sqlbackfill.query.splice import with_column

    changed = with_column(query, substitution)
    if changed is None:
        raise ProjectError(_not_lifted(name))
    return changed


def _not_lifted(name: str) -> Diagnostic:
    return Diagnostic(
        code="LIFT_MISMATCH",
        message=f"`{name}` prints its bounds elsewhere in a run than when it was analysed, so its "
        "partitions cannot be computed by one query",
        model=name,
        fix="run it with --strategy partition",
    )


def _bare(sql: str) -> str:
    """The query without the semicolons that end it; its lines stay where they are."""
    end = sql.find(";")
    while end >= 0 and not _NOTHING.fullmatch(sql, end):
        end = sql.find(";", end + 1)
    return (sql[:end] if end >= 0 else sql).rstrip()
