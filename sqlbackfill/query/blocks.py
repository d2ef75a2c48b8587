"""A table or query in canonical form: which rows it has, and what its columns hold in them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field


class Unresolvable(Exception):  # noqa: N818
    """Nothing is known of what a name or a node of the query means."""


def short_hash(text: str) -> str:
    """32 hex digits of `text`."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(slots=True, eq=False)
class Block:
    """A table or query: `rows` says which rows there are, `column_at` what the columns hold in them.

    `names` is None for what is no query, whose columns are asked for by name.
    """

    rows: str
    names: tuple[str, ...] | None
    by_position: Callable[[int], str] | None = None
    by_name: Callable[[str], str] | None = None
    known: dict[int, str] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = self.names or ()
        self.positions = {name: position for position, name in enumerate(names)}
        if len(self.positions) < len(names):
            self.positions = {n: i for n, i in self.positions.items() if names.count(n) == 1}

    def column_at(self, position: int) -> str:
        """What output column `position` holds."""
        if position not in self.known:
            if self.by_position is None:
                raise Unresolvable
            self.known[position] = self.by_position(position)
        return self.known[position]

    def column(self, name: str) -> str:
        """What the output column of that name holds; it must be the only one."""
        if self.names is None:
            if self.by_name is None:
                raise Unresolvable
            return self.by_name(name)
        position = self.positions.get(name)
        if position is None:
            raise Unresolvable
        return self.column_at(position)

    def columns(self) -> list[str]:
        """All output columns in order."""
        if self.names is None:
            raise Unresolvable
        return [self.column_at(i) for i in range(len(self.names))]


def only(node: exp.Expr, known: set[str] | frozenset[str]) -> None:
    """Raises Unresolvable where the node says something that is not among `known`."""
    for name, value in node.args.items():
        if name not in known and value not in (None, [], False, ""):
            raise Unresolvable
