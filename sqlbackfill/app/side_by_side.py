"""Runs a model's strategies beside the query that reads everything, and compares what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlbackfill.app.declared_rows import DeclaredRows
from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.row_comparison import Comparison, RowDifference, compare_rows
from sqlbackfill.app.scratch_runs import ScratchRuns, ScratchTable
from sqlbackfill.app.verification import StrategyOutcome, Verification
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.plan.strategy import Kind, Strategy, cut
from sqlbackfill.plan.types import Chunk
from sqlbackfill.project.config import ReadOverride
from sqlbackfill.warehouse.protocol import Session

UNFILTERED: Final = "unfiltered query"
ONE_BY_ONE: Final = "unfiltered query, one partition at a time"
_CHOICES: Final = "which rows that are equal in an ORDER BY may do in any two runs"
_UNKNOWN: Final = "and nothing shows that two runs of it give the same rows"
_MANY: Final = 92
_VOLATILE_CODES: Final = ("VOLATILE", "SAMPLE", "TIES")


@dataclass(slots=True)
class SideBySide:
    """Runs the strategies of one model for the partitions `wanted`, in one transaction that is undone."""

    prepared: Prepared
    session: Session
    name: str
    partitioning: Partitioning
    wanted: PartitionSet

    def run(self) -> Verification:
        """What each allowed strategy gave beside the reference. Raises ProjectError, WarehouseError."""
        facts = self.prepared.workspace.facts[self.name]
        serial = self.prepared.workspace.renders[self.name].uses_bounds or facts.reads_itself
        result = Verification(
            model=self.name,
            label=self.partitioning.label_set(self.wanted),
            partitions=tuple(self.partitioning.json_ranges(self.wanted)),
            strategies=(),
            reference=ONE_BY_ONE if serial else UNFILTERED,
        )
        said = (*facts.reasons, *facts.warnings)
        cause = next((found for found in said if found.code in _VOLATILE_CODES), None)
        if facts.is_volatile and cause is not None:
            return self._not_comparable(result, cause)
        self.session.begin()
        try:
            runs = ScratchRuns(self.prepared.workspace, self.session, self.name, self.wanted)
            whole = (Chunk(self.wanted.first, self.wanted.last + 1),)
            chunks = self._cut(Strategy(Kind.PARTITION)) if serial else whole
            reference = runs.run(chunks, injected=False)
            rows = DeclaredRows(self.prepared.workspace, self.session, self.name)
            refuted = rows.refuted(reference.table)
            found = self._compared(result, runs, reference)
            return replace(found, errors=(*refuted, *found.errors))
        finally:
            self.session.rollback()

    def _cut(self, strategy: Strategy) -> tuple[Chunk, ...]:
        return cut(self.wanted, strategy, self.partitioning)

    def _compared(
        self, result: Verification, runs: ScratchRuns, reference: ScratchTable
    ) -> Verification:
        outcomes: list[StrategyOutcome] = []
        differences: list[tuple[str, RowDifference]] = []
        done: dict[tuple[Chunk, ...], StrategyOutcome] = {}
        for strategy in self._strategies():
            chunks, text = self._cut(strategy), str(strategy)
            why_not = self._why_not(strategy)
            if why_not is not None:
                outcomes.append(StrategyOutcome(strategy=text, reason=why_not))
            elif chunks in done:
                same = done[chunks]
                outcomes.append(
                    replace(
                        same,
                        strategy=text,
                        queries=0,
                        seconds=0.0,
                        reason=f"the same queries as {same.strategy}",
                    )
                )
            else:
                table = runs.run(chunks)
                found = self._compare(table, reference)
                outcomes.append(self._outcome(text, table, found))
                done[chunks] = outcomes[-1]
                if not isinstance(found, str):
                    differences += [(text, difference) for difference in found.first]
        return replace(
            result,
            strategies=tuple(outcomes),
            reference_rows=reference.rows,
            differences=tuple(differences),
            errors=self._errors(outcomes),
        )

    def _errors(self, outcomes: Sequence[StrategyOutcome]) -> tuple[Diagnostic, ...]:
        different = [one.strategy for one in outcomes if one.equal is False]
        if different:
            return (self._different(different),)
        if any(one.equal is None and one.rows is not None for one in outcomes):
            return (
                Diagnostic(
                    code="NOT_COMPARABLE",
                    message=f"rows of `{self.name}` differ, {self._doubt()}",
                    fix="add columns to each ORDER BY until no two rows are equal, and compare again",
                    model=self.name,
                ),
            )
        return ()

    def _compare(self, table: ScratchTable, reference: ScratchTable) -> Comparison | str:
        if table.columns != reference.columns:
            return "its columns are others: " + ", ".join(
                f"{column.name} {column.type}" for column in table.columns
            )
        return compare_rows(
            self.session,
            self.prepared.workspace.loaded.adapter,
            table.columns,
            (table.table, reference.table),
            str(self.prepared.workspace.models[self.name].partition_column),
        )

    def _outcome(
        self, strategy: str, table: ScratchTable, found: Comparison | str
    ) -> StrategyOutcome:
        equal: bool | None = False
        reason: str | None = None
        if isinstance(found, str):
            reason = found
        elif found.different == 0:
            equal = True
        else:
            rows = "row differs" if found.different == 1 else "rows differ"
            reason = f"{found.different:,} {rows}"
            doubt = self._doubt()
            if doubt is not None and not self._overrides():
                equal, reason = None, f"{reason}, {doubt}"
        return StrategyOutcome(
            strategy=strategy,
            rows=table.rows,
            queries=table.queries,
            seconds=round(table.seconds, 3),
            equal=equal,
            reason=reason,
        )

    def _doubt(self) -> str | None:
        """Why rows that differ would not show that a strategy is wrong; None where they would."""
        facts = self.prepared.workspace.facts[self.name]
        if facts.has_confined_choices:
            return _CHOICES
        return _UNKNOWN if facts.is_volatile else None

    def _strategies(self) -> tuple[Strategy, ...]:
        longest = max(end - start for start, end in self.wanted.ranges)
        size: int | str = 3 if longest > 3 else 2
        if len(self.wanted) > _MANY:
            is_time = isinstance(self.partitioning, TimePartitioning)
            size = "month" if is_time else longest // 12 + 2
        return (Strategy(Kind.PARTITION), Strategy(Kind.CHUNK, size), Strategy(Kind.RANGE))

    def _why_not(self, strategy: Strategy) -> str | None:
        candidate = self.prepared.candidates[self.name]
        if strategy.kind.value in candidate.allowed:
            return None
        return (
            f"not allowed: {candidate.why_not or 'the analysis allows one partition a query only'}"
        )

    def _not_comparable(self, result: Verification, cause: Diagnostic) -> Verification:
        error = Diagnostic(
            code="NOT_COMPARABLE",
            message=f"two runs of `{self.name}` may differ by themselves: {cause.message}",
            span=cause.span,
            fix=cause.fix or "make the model give the same rows each time",
            model=self.name,
        )
        strategies = tuple(
            StrategyOutcome(strategy=str(strategy), reason=f"not comparable: {cause.message}")
            for strategy in self._strategies()
        )
        return replace(result, strategies=strategies, errors=(error,))

    def _overrides(self) -> dict[str, ReadOverride]:
        """The read overrides in use; where there is one, a difference is laid at its door."""
        overrides = self.prepared.workspace.models[self.name].config.sqlbackfill.read
        read = {read.relation for read in self.prepared.workspace.facts[self.name].reads}
        return {name: override for name, override in overrides.items() if name in read}

    def _different(self, strategies: Sequence[str]) -> Diagnostic:
        used = self._overrides()
        span = next((override.span for override in used.values()), None)
        fix: str = "report it: the analysis allowed what is not right; `kind: all` under "
        fix += "meta.sqlbackfill.read reads an input whole until then"
        if used:
            named = ", ".join(f"`{name}`" for name in used)
            fix = f"correct or remove the read override of {named}: what it declares is not so"
        return Diagnostic(
            code="ROWS_DIFFER",
            message=f"{' and '.join(strategies)} of `{self.name}` gave other rows than the query "
            "over all of history",
            span=span,
            fix=fix,
            model=self.name,
        )
