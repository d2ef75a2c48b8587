"""What passes between query blocks on the way down: demands, and what is found at the leaves."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.query.conditions import AuthorBound
from sqlbackfill.query.reasons import Reason
from sqlbackfill.query.sources import TableSource
from sqlbackfill.query.terms import Range, Term, hulled


@dataclass(frozen=True, slots=True)
class Demand:
    """Which rows of a query's output matter, by column; `facts` hold for the row around it."""

    columns: Mapping[str, Range] = field(default_factory=dict)
    facts: Mapping[Term, Range] = field(default_factory=dict)
    why: tuple[Reason, ...] = ()

    def hull(self, other: Demand) -> Demand:
        return Demand(hulled([self.columns, other.columns]), {}, self.why + other.why)


@dataclass(frozen=True, slots=True)
class LeafNeed:
    """What one table occurrence needs: ranges of its raw columns, and what was lost on the way."""

    source: TableSource | None
    table: exp.Table
    ranges: Mapping[str, Range]
    why: tuple[Reason, ...]


@dataclass(slots=True)
class PassResult:
    """What the pass found. `chances`: choices that another run, or another chunk, may make otherwise."""

    leaves: list[LeafNeed] = field(default_factory=list)
    chances: list[Reason] = field(default_factory=list)
    confined_choices: bool = False
    checked_markers: int = 0
    checked_nodes: list[exp.Expr] = field(default_factory=list)
    too_narrow: list[tuple[AuthorBound, Range | None]] = field(default_factory=list)
    unused: set[int] = field(default_factory=set)

    def add(self, other: PassResult) -> None:
        """Takes over what another pass found."""
        self.leaves += other.leaves
        self.chances += other.chances
        self.confined_choices = self.confined_choices or other.confined_choices
        self.checked_markers += other.checked_markers
        self.checked_nodes += other.checked_nodes
        self.too_narrow += other.too_narrow
        self.unused |= other.unused


def follows(store: Mapping[str, Range]) -> bool:
    """Whether any range moves with the output partition."""
    return any(range_.follows for range_ in store.values())
