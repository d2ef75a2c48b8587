"""What a SELECT may read from: tables, queries, common table expressions, rows from no table. No names are resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query.facts import InputRef


@dataclass(frozen=True, slots=True, eq=False)
class Cte:
    """A common table expression; `visible` are the ones that its own body can name, itself among them
    where it is recursive.
    """

    name: str
    query: exp.Query
    visible: Mapping[str, Cte]
    is_recursive: bool
    renames: bool


Env: TypeAlias = Mapping[str, Cte]


@dataclass(frozen=True, slots=True, eq=False)
class TableSource:
    """A table; `marker` is its occurrence, None for one that the SQL names itself."""

    alias: str
    node: exp.Table
    marker: str | None
    ref: InputRef | None
    types: Mapping[str, exp.DataType] | None


@dataclass(frozen=True, slots=True, eq=False)
class QuerySource:
    """A subquery in FROM; a lateral one may name the sources to its left."""

    alias: str
    query: exp.Query
    env: Env
    is_lateral: bool
    renames: bool


@dataclass(frozen=True, slots=True, eq=False)
class CteSource:
    """A reference to a common table expression."""

    alias: str
    cte: Cte
    node: exp.Table


@dataclass(frozen=True, slots=True, eq=False)
class RowSource:
    """Rows that come from no table: VALUES, UNNEST, a table function."""

    alias: str
    node: exp.Expr

    @property
    def made_of(self) -> exp.Expr:
        """The list or function itself: the item of FROM also holds the joins of its parenthesis."""
        made: exp.Expr = self.node.this if isinstance(self.node, exp.Table) else self.node
        return made


@dataclass(frozen=True, slots=True, eq=False)
class PivotSource:
    """The result of PIVOT or UNPIVOT; `keys` gives the inner column of each column that it passes on."""

    alias: str
    inner: TableSource | QuerySource | CteSource
    keys: Mapping[str, str]
    node: exp.Pivot


Source: TypeAlias = TableSource | QuerySource | CteSource | RowSource | PivotSource


def has_column_aliases(node: exp.Expr) -> bool:
    """Whether an item of FROM gives its columns other names."""
    alias = node.args.get("alias")
    return isinstance(alias, exp.TableAlias) and bool(alias.args.get("columns"))
