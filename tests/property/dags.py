"""Random projects of models that read one another, random edits of them, and what must come out.

Owns neither the runs nor the comparison. Every model gives (day, k, v); what it reads of its inputs
is known here by construction, apart from any analysis.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

BEGIN: Final = date(2024, 3, 1)
FIRST_MONDAY: Final = date(2024, 2, 26)
END: Final = date(2024, 3, 18)  # a Monday: the last week is over too
AS_OF: Final = datetime(2024, 3, 18, tzinfo=UTC)
DAYS: Final = tuple(BEGIN + timedelta(days=n) for n in range((END - BEGIN).days))
SOURCES: Final = ("events", "extra")
ALL: Final = (None, None)
INLINED: Final = ("view", "ephemeral")

Row = tuple[date, int, int]
Offsets = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A way to write a model. `reads` has the offsets in days, both included, for each input."""

    sql: str
    reads: tuple[Offsets, ...]
    kind: str = "incremental"
    grain: str = "day"
    reads_dim: bool = False


SHAPES: Final[Mapping[str, Shape]] = {
    "copy": Shape(
        sql="select day, k, v * {c} as v{x} from {0} where v % 3 <> {c} % 3", reads=((0, 0),)
    ),
    "sums": Shape(
        sql="select day, k, sum(v + {c})::bigint as v{x} from {0} group by day, k",
        reads=((0, 0),),
    ),
    "shifted": Shape(sql="select day + 1 as day, k, v + {c} as v{x} from {0}", reads=((-1, -1),)),
    "trailing": Shape(
        sql="select a.day, a.k, (sum(b.v) + {c})::bigint as v{x} from {0} as a join {1} as b"
        " on a.k = b.k and b.day between a.day - 2 and a.day group by a.day, a.k",
        reads=((0, 0), (-2, 0)),
    ),
    "window": Shape(
        sql="select day, k, (sum(v) over (partition by k order by day range between"
        " interval 3 day preceding and current row) + {c})::bigint as v{x} from {0}",
        reads=((-3, 0),),
    ),
    "running": Shape(
        sql="select day, k, (sum(v) over (partition by k order by day) + {c})::bigint as v{x}"
        " from {0}",
        reads=((None, 0),),
    ),
    "anti": Shape(
        sql="select a.day, a.k, a.v + {c} as v{x} from {0} as a where not exists"
        " (select 1 from {1} as b where b.k = a.k and b.day = a.day - 1)",
        reads=((0, 0), (-1, -1)),
    ),
    "both": Shape(
        sql="select day, k, v as v{x} from {0} union all select day, k, {c} - v as v{x} from {1}",
        reads=((0, 0), (0, 0)),
    ),
    "weighed": Shape(
        sql="select a.day, a.k, (a.v * coalesce(d.w, {c}))::bigint as v{x} from {0} as a"
        " left join {dim} as d on a.k = d.k",
        reads=((0, 0),),
        reads_dim=True,
    ),
    "weekly": Shape(
        sql="select date_trunc('week', day)::date as day, k, (sum(v) + {c})::bigint as v{x}"
        " from {0} group by 1, 2",
        reads=((0, 0),),
        grain="week",
    ),
    "own": Shape(
        sql="select a.day, a.k, (a.v + {c} + coalesce(t.v, 0) % 97)::bigint as v{x} from"
        " (select day, k, sum(v) as v from {0} group by day, k) as a"
        " left join {this} as t on t.k = a.k and t.day = a.day - 1",
        reads=((0, 0),),
    ),
    "counted": Shape(
        sql="select day, {c} as k, count(*) as v{x} from {0} group by day", reads=((0, 0),)
    ),
    "keys": Shape(sql="select distinct day, k, {c} as v{x} from {0}", reads=((0, 0),)),
    "averaged": Shape(
        sql="select day, k, round(avg(v) * {c})::bigint as v{x} from {0} group by day, k",
        reads=((0, 0),),
    ),
    "called": Shape(sql="select day, k, bent(v) + {c} as v{x} from {0}", reads=((0, 0),)),
    "twice": Shape(
        sql="select day, k, v as v{x} from {0} union all select day + 1 as day, k, {c} - v as v{x}"
        " from {0}",
        reads=((-1, 0),),
    ),
    "near_and_all": Shape(
        sql="select a.day, a.k, (a.v + {c} * m.v)::bigint as v{x} from {0} as a join"
        " (select k, max(v) as v from {1} group by k) as m on a.k = m.k",
        reads=((0, 0), ALL),
    ),
    "table": Shape(
        sql="select min(day) as day, k, (sum(v) + {c})::bigint as v{x} from {0} group by k",
        reads=(ALL,),
        kind="table",
    ),
    "view": Shape(sql="select day, k, v + {c} as v{x} from {0}", reads=(ALL,), kind="view"),
    "pair_view": Shape(
        sql="with a as (select * from {0}) select a.day, a.k, a.v + {c} as v{x} from a"
        " union all select b.day, b.k, b.v{x} from {1} as b",
        reads=(ALL, ALL),
        kind="view",
    ),
    "shifted_view": Shape(
        sql="select day + 2 as day, k, v + {c} as v{x} from {0}", reads=(ALL,), kind="view"
    ),
    "ephemeral": Shape(
        sql="select day, k, v - {c} as v{x} from {0}", reads=(ALL,), kind="ephemeral"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One model. `has_extra` adds a column that nobody reads, `layout` changes only how it looks."""

    name: str
    shape: str
    inputs: tuple[str, ...]
    constant: int = 1
    has_extra: bool = False
    layout: int = 0

    @property
    def is_partitioned(self) -> bool:
        return SHAPES[self.shape].kind == "incremental"

    @property
    def meaning(self) -> tuple[str, int, bool]:
        """What changes when its results may."""
        return self.shape, self.constant, self.has_extra

    def query(self, names: Mapping[str, str], this: str) -> str:
        """Its SQL, with `names` for its inputs and for `dim`."""
        return SHAPES[self.shape].sql.format(
            *(names[name] for name in self.inputs),
            c=self.constant,
            x=", 7 as x" if self.has_extra else "",
            dim=names["dim"],
            this=this,
        )

    def days(self, day: date) -> tuple[date, date]:
        """The first and the last day of the partition that starts on `day`."""
        return day, day + timedelta(days=6 if SHAPES[self.shape].grain == "week" else 0)


@dataclass(frozen=True, slots=True)
class Project:
    """Models in an order in which each comes after what it reads."""

    nodes: tuple[Node, ...]
    names_dim_itself: bool = False

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def with_node(self, node: Node) -> Project:
        """The same with `node` in the place of that of its name."""
        nodes = tuple(node if each.name == node.name else each for each in self.nodes)
        return replace(self, nodes=nodes)

    def is_known_whole(self, node: Node) -> bool:
        """Whether no part of its rows is known by itself: a stored whole, or what is inlined of one."""
        return SHAPES[node.shape].kind == "table" or any(
            self.is_known_whole(each) for each in self._inlined_in(node)
        )

    def is_known_by_week(self, node: Node) -> bool:
        """Whether its rows are known a week at a time: it is cut so, or what is inlined of one."""
        return SHAPES[node.shape].grain == "week" or any(
            self.is_known_by_week(each) for each in self._inlined_in(node)
        )

    def _inlined_in(self, node: Node) -> list[Node]:
        if SHAPES[node.shape].kind not in INLINED:
            return []
        return [self.node(name) for name in node.inputs if name not in SOURCES]

    def write(self, root: Path) -> None:
        """The project's files under `root`."""
        (root / "models").mkdir(exist_ok=True)
        (root / "sqlbackfill.yml").write_text("name: dags\nprofile: dags\n")
        (root / "profiles.yml").write_text(
            "dags: {target: dev, outputs: {dev: {type: duckdb, path: warehouse.duckdb}}}\n"
        )
        declared, other = SOURCES
        cut = ", config: {event_time: day}"
        # Where windows are bounded on both sides they say themselves by which column they are.
        is_bounded = all(None not in each for n in self.nodes for each in SHAPES[n.shape].reads)
        tables = f"{{name: {declared}{cut}}}, {{name: {other}{'' if is_bounded else cut}}}"
        (root / "models" / "sources.yml").write_text(
            f"sources: [{{name: raw, tables: [{tables}, {{name: dim}}]}}]\n"
            if not self.names_dim_itself
            else f"sources: [{{name: raw, tables: [{tables}]}}]\n"
        )
        for node in self.nodes:
            (root / "models" / f"{node.name}.sql").write_text(self._file(node))

    def _file(self, node: Node) -> str:
        shape = SHAPES[node.shape]
        names = {name: _reference(name) for name in (*node.inputs, "dim")}
        if self.names_dim_itself:
            names["dim"] = "raw.dim"
        words = [f"materialized='{shape.kind}'"]
        if node.is_partitioned:
            begin = FIRST_MONDAY if shape.grain == "week" else BEGIN
            changes = dict.fromkeys((*node.inputs, "raw.dim"), "restate")
            changes |= {f"raw.{name}": "restate" for name in node.inputs if name in SOURCES}
            ours = {"grain": shape.grain, "on_change": changes}
            words += [
                "event_time='day'",
                f"begin='{begin}'",
                "on_schema_change='append_new_columns'",
                f"meta={{'sqlbackfill': {ours}}}",
            ]
        query = node.query(names, "{{ this }}")
        if node.layout % 2:
            query = query.replace(" from ", "\n  -- laid out otherwise\n  from ", 1)
        if node.layout // 2 % 2:
            query = f"with renamed as (\n{query}\n)\nselect * from renamed"
        return f"{{{{ config({', '.join(words)}) }}}}\n{query}\n"


def _reference(name: str) -> str:
    if name in SOURCES or name == "dim":
        return f"{{{{ source('raw', '{name}') }}}}"
    return f"{{{{ ref('{name}') }}}}"


def random_project(rng: random.Random) -> Project:
    """Four to seven models."""
    nodes: list[Node] = []
    for number in range(rng.randint(4, 7)):
        shape = rng.choice(sorted(SHAPES))
        known = [*SOURCES, *(node.name for node in nodes)]
        recent = known[-3:]
        inputs = tuple(rng.choice(recent) for _ in SHAPES[shape].reads)
        nodes.append(
            Node(name=f"m{number}", shape=shape, inputs=inputs, constant=rng.randint(1, 5))
        )
    return Project(tuple(nodes), names_dim_itself=rng.random() < 0.5)


# -- edits ------------------------------------------------------------------------------------------


def make_sources(connection: duckdb.DuckDBPyConnection, rng: random.Random) -> None:
    connection.execute("create schema raw")
    bend(connection, rng)
    for name in SOURCES:
        is_view = rng.random() < 0.3
        table = f"{name}_rows" if is_view else name
        connection.execute(
            f"create table raw.{table} (day date, k integer, v integer, note varchar)"
        )
        if is_view:
            connection.execute(f"create view raw.{name} as from raw.{table}")
        for _ in range(60):
            insert_row(connection, rng, table, rng.choice(DAYS))
    connection.execute("create table raw.dim (k integer, w integer)")
    connection.execute("insert into raw.dim values (0, 2), (1, 3), (2, 5)")


def insert_row(
    connection: duckdb.DuckDBPyConnection, rng: random.Random, table: str, day: date
) -> None:
    row = (day, rng.randint(0, 3), rng.randint(-9, 9), "n")
    connection.execute(f"insert into raw.{table} values (?, ?, ?, ?)", row)


def bend(connection: duckdb.DuckDBPyConnection, rng: random.Random) -> None:
    """Gives the function that some models call another body, or the same again."""
    connection.execute(f"create or replace macro main.bent(v) as v * {rng.randint(1, 3)}")


def edit_sources(connection: duckdb.DuckDBPyConnection, rng: random.Random) -> None:
    name, day = rng.choice(SOURCES), rng.choice(DAYS)
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw'"
    ).fetchall()
    table = name if (name,) in tables else f"{name}_rows"
    match rng.choice(("insert", "update", "delete", "rewrite", "note", "dim", "move")):
        case "insert":
            insert_row(connection, rng, table, day)
        case "update":
            connection.execute(f"update raw.{table} set v = v + 1 where day = ?", (day,))
        case "delete":
            connection.execute(f"delete from raw.{table} where day = ? and k = 1", (day,))
        case "rewrite":  # the same rows again
            connection.execute(f"create or replace table raw.{table} as from raw.{table}")
        case "note":  # a column that nobody reads
            connection.execute(f"update raw.{table} set note = note || 'x' where day = ?", (day,))
        case "dim":
            connection.execute("update raw.dim set w = w + 1 where k = ?", (rng.randint(0, 2),))
        case "move":
            other = rng.choice(DAYS)
            connection.execute(f"update raw.{table} set day = ? where day = ?", (other, day))


def edited(project: Project, rng: random.Random) -> Project:
    """The project with one model written otherwise."""
    at = rng.randrange(len(project.nodes))
    node = project.nodes[at]
    match rng.choice(("constant", "layout", "extra", "layout")):
        case "constant":
            node = replace(node, constant=node.constant % 5 + 1)
        case "layout":
            node = replace(node, layout=(node.layout + 1) % 4)
        case "extra":
            # A column once there stays: taking it away is a schema change that asks for a decision.
            node = replace(node, has_extra=True)
    return project.with_node(node)


# -- what must come out -----------------------------------------------------------------------------


@dataclass(slots=True)
class Expected:
    """The rows of every source and model, recomputed from scratch by plain SQL."""

    rows: dict[str, Counter[Row]] = field(default_factory=dict)
    dim: Counter[tuple[int, int]] = field(default_factory=Counter)

    def seen_by(self, project: Project, node: Node, day: date) -> tuple[object, ...]:
        """What the partition of `node` that starts on `day` reads, by input."""
        first, last = node.days(day)
        seen: list[object] = []
        for name, (low, high) in zip(node.inputs, SHAPES[node.shape].reads, strict=True):
            upstream = None if name in SOURCES else project.node(name)
            if upstream is not None and project.is_known_whole(upstream):
                low, high = ALL  # known by its whole content alone
            start = None if low is None else first + timedelta(days=low)
            end = None if high is None else last + timedelta(days=high)
            if upstream is not None and project.is_known_by_week(upstream):
                # Content is compared partition by partition of the upstream; a view may shift days.
                days = 7 if SHAPES[upstream.shape].kind in INLINED else 0
                start = start and start - timedelta(days=start.weekday() + days)
                end = end and end + timedelta(days=6 - end.weekday() + days)
            seen.append(frozenset(self._between(name, start, end).items()))
        if SHAPES[node.shape].reads_dim:
            seen.append(frozenset(self.dim.items()))
        if node.shape == "own":
            seen.append(frozenset(self._between(node.name, None, day - timedelta(days=1)).items()))
        return tuple(seen)

    def _between(self, name: str, start: date | None, end: date | None) -> Counter[Row]:
        return Counter(
            {
                row: count
                for row, count in self.rows[name].items()
                if (start is None or row[0] >= start) and (end is None or row[0] <= end)
            }
        )


def expected(connection: duckdb.DuckDBPyConnection, project: Project) -> Expected:
    """Everything recomputed in a schema of its own, which is dropped afterwards."""
    found = Expected()
    connection.execute("create schema expected")
    names = {name: f"raw.{name}" for name in (*SOURCES, "dim")}
    try:
        for node in project.nodes:
            table = f"expected.{node.name}"
            _build(connection, node, names, table)
            names[node.name] = table
        for name in (*SOURCES, *(node.name for node in project.nodes)):
            rows = connection.execute(f"select day, k, v from {names[name]}").fetchall()
            found.rows[name] = Counter(rows)
        found.dim = Counter(connection.execute("select k, w from raw.dim").fetchall())
    finally:
        connection.execute("drop schema expected cascade")
    return found


def _build(
    connection: duckdb.DuckDBPyConnection, node: Node, names: Mapping[str, str], table: str
) -> None:
    query = node.query(names, table)
    if not node.is_partitioned:
        connection.execute(f"create table {table} as {query}")
        return
    if node.shape != "own":
        connection.execute(
            f"create table {table} as select * from ({query}) where day >= '{FIRST_MONDAY}'"
            f" and day < '{END}' and (day >= '{BEGIN}' or {SHAPES[node.shape].grain == 'week'})"
        )
        return
    connection.execute(f"create table {table} (day date, k integer, v bigint)")
    if node.has_extra:
        connection.execute(f"alter table {table} add column x integer")
    for day in DAYS:
        connection.execute(f"insert into {table} select * from ({query}) where day = '{day}'")


def partitions_of(node: Node) -> Iterator[date]:
    """The first days of its partitions that are due."""
    if SHAPES[node.shape].grain == "week":
        yield from (FIRST_MONDAY + timedelta(days=7 * n) for n in range(3))
    else:
        yield from DAYS
