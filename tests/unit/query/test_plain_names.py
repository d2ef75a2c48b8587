"""Names and types of plain queries: those that sqlglot's own passes give, or left to them."""

from __future__ import annotations

import random

import pytest
from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator

from sqlbackfill.query import parse
from sqlbackfill.query.facts import AnalysisRequest, InputRef
from sqlbackfill.query.parse import Places, parse_query

COLUMNS = {
    "events": (("day", "DATE"), ("ts", "TIMESTAMP"), ("id", "BIGINT"), ("kind", "VARCHAR"), ("v", "DOUBLE")),
    "users": (("id", "INTEGER"), ("name", "VARCHAR"), ("Since", "DATE"), ("odd name", "DECIMAL(9, 2)")),
    "extra": (("since", "DATE"), ("blob", "NOTHING KNOWN"), ("m", "INTEGER[]")),
}  # fmt: skip
INPUTS = {
    f"__sb_occurrence_{i}__": InputRef(relation=name, columns=columns)
    for i, (name, columns) in enumerate(COLUMNS.items())
}
E, U, X = INPUTS
PLAIN = [
    f"select day, id from {E}",
    f"select * from {E}",
    f"with e as (select * from {E}) select e.*, v + 1 as w from e",
    f"""with e as (select *, row_number() over (partition by day order by ts desc) as n from {E})
    select day, null as nothing, n from e where n = 1""",
    f"with e as (select null as a, v from {E}), f as (select a, coalesce(a, 1) as b from e) select * from f",
    f"select E.Day, u.NAME as Shown from {E} e left join {U} as U on e.id = u.id and kind = 'k'",
    f"""select e.day, count(*) as n, sum(v) as s, count(distinct kind) as k from {E} e
    join {U} u on e.id = u.id group by e.day, name having count(*) > 1 and e.day > '2024-01-01'""",
    f"select distinct day, cast(ts as date) as d, case when v > 1 then 1 else v end as c from {E}",
    f"select {E}.day from {E}".replace(f"{E}.day", "events.day"),
    f"with a as (select day from {E}), b as (select id as day from {U}) select b.day from a as b",
    f'with "E" as (select day from {E}), "g" as (select e.day from "E") select "E".* from "E"',
    f'select "day" from {E} as "e" where "e"."v" is null and not id in (1, 2)',
    f"select ts + interval 1 day as t, date_trunc('week', ts) as w from {E} where v between 1 and 2",
    f"select sum(v) over (order by day range between interval 6 days preceding and current row) as s from {E}",
]
LEFT = [
    "select 1 as a",
    f"select id from {E} e join {U} u on e.id = u.id",
    f"select e.nothing from {E} e",
    f"select nothing from {E}",
    f"select v as id from {E} having id > 1",
    f"select v + 1 as w, w + 1 as x from {E}",
    f"select day from {E} group by 1",
    f"select day as d from {E} order by d",
    f"select day from {E} limit 1",
    f"select day from {E} union all select since from {X}",
    f"select day from (select day from {E}) e",
    f"select day from {E} where id in (select id from {U})",
    f"select day from {E} join {U} using (id)",
    f"select * exclude (day) from {E}",
    f"select day, day from {E}",
    f"select count(*) from {E}",
    f"select e from {E} e",
    f"select list_transform(m, x -> x + 1) as y from {X}",
    f"select rowid from {E}",
    "select a from elsewhere",
    f"with recursive e as (select id from {E}) select id from e",
    f"with e(a) as (select id from {E}) select a from e",
]
NAMES = [
    "day",
    "ts",
    "id",
    "kind",
    "v",
    "name",
    "Since",
    "since",
    "blob",
    "a",
    "b",
    "n",
    '"odd name"',
    "NAME",
]
VALUES = ["1", "'x'", "null", "1.5", "date '2024-01-01'"]


def request(sql, dialect="duckdb"):
    return AnalysisRequest(model="m", sql=sql, dialect=dialect, occurrences=INPUTS)


def shown(node):
    """A tree with all that is said of its expressions."""
    if isinstance(node, list):
        return [shown(one) for one in node]
    if not isinstance(node, exp.Expr):
        return node
    has_type = not isinstance(node, (exp.Identifier, exp.TableAlias, exp.Table, exp.DataType))
    type_ = node.type if has_type else None
    return (
        type(node).__name__,
        {k: shown(v) for k, v in node.args.items() if v not in (None, [], False)},
        None if type_ is None or type_.this is exp.DType.UNKNOWN else repr(type_),
        {k: v for k, v in node.meta.items() if v and k != "dot_parts"},
        node.comments or None,
    )


def both(sql, dialect, monkeypatch):
    """(whether it is plain, what is made of it here, what sqlglot makes of it)."""
    taken = []

    def remembered(*given):
        taken.append(parse_plainly(*given))
        return taken[-1]

    parse_plainly = parse.resolve_plainly
    asked = request(sql, dialect)
    with monkeypatch.context() as patch:
        patch.setattr(parse, "resolve_plainly", remembered)
        here = parse_query(asked, Places(asked))
        patch.setattr(parse, "resolve_plainly", lambda *_: None)
        there = parse_query(asked, Places(asked))
    if taken[0] is not None:
        assert parse.classes_in(here.tree) <= taken[0].classes
        assert set(map(id, taken[0].tables)) == {id(one) for one in here.tree.find_all(exp.Table)}
    assert here.aliases == there.aliases
    assert here.hard_coded == there.hard_coded
    assert here.is_qualified or not there.is_qualified
    return taken[0] is not None, shown(here.tree), shown(there.tree), there.is_qualified


class Queries:
    """Random queries, about half of them plain."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.known = {marker: [name for name, _ in ref.columns] for marker, ref in INPUTS.items()}

    def name(self, sources):
        """A column, or its like: mostly one that there is."""
        alias, source = self.chance.choice(sources)
        known = [n if n.isidentifier() else f'"{n}"' for n in self.known[source]]
        name = self.chance.choice(known if self.chance.random() < 0.95 else NAMES)
        is_bare = self.chance.random() < (0.7 if len(sources) == 1 else 0.05)
        relation = INPUTS[source].relation if source in INPUTS else source
        return name if is_bare else f"{alias or relation}.{name}"

    def expression(self, sources, depth=1):
        inner = self.name(sources) if depth == 0 else self.expression(sources, depth - 1)
        other = self.chance.choice([self.name(sources), *VALUES])
        return self.chance.choice([
            inner, inner, f"({inner}) + {other}", f"coalesce({inner}, {other})", f"max({inner})", f"({inner})",
            f"sum({inner}) over (partition by {other})", f"cast({inner} as date)", f"({inner}) is null",
            f"case when ({inner}) = {other} then {inner} end", f"lower({inner})", f"({inner}) / {other}",
        ])  # fmt: skip

    def select(self, ctes):
        """A SELECT, and the columns that it shows as far as that is easily told."""
        count = self.chance.choice([1, 1, 2])
        sources = self.chance.sample([*INPUTS, *ctes], k=count)
        aliases = [self.chance.choice(["", "e", "F", *ctes, "a", "b"]) for _ in sources]
        pairs = list(zip(aliases, sources, strict=True))
        items, names = [], []
        for position in range(self.chance.randint(1, 3)):
            if self.chance.random() < 0.2:
                items.append(self.chance.choice(["*", f"{aliases[0] or sources[0]}.*"]))
                names += self.known[sources[0]]
                continue
            names.append(
                self.chance.choice([f"c{position}", f"C{position}", f"Odd {position}", "day", "a"])
            )
            items.append(f'{self.expression(pairs)} as "{names[-1]}"')
        on = f" on {self.expression(pairs, 0)} = {self.expression(pairs, 0)}" if count > 1 else ""
        joined = self.chance.choice([" join ", " left join ", " full outer join "]).join(
            f"{source} {alias}" for alias, source in pairs
        )
        tail = self.chance.choice(
            ["", "", f" where {self.expression(pairs)}", f" group by {self.name(pairs)}"]
        )
        tail += self.chance.choice(["", "", "", f" having {self.expression(pairs)}"])
        return f"select {', '.join(items)} from {joined}{on}{tail}", names

    def query(self):
        ctes, parts = self.chance.choice([[], ["a"], ["a", "b"]]), []
        for number, name in enumerate(ctes):
            sql, self.known[name] = self.select(ctes[:number])
            parts.append(f"{name} as ({sql})")
        return f"{'with ' if parts else ''}{', '.join(parts)} {self.select(ctes)[0]}"


@pytest.mark.parametrize("sql", PLAIN + LEFT)
@pytest.mark.parametrize(
    "dialect", ["duckdb", "snowflake", "postgres", "spark", "bigquery", "clickhouse"]
)
def test_a_query_comes_out_as_sqlglot_resolves_it(sql, dialect, monkeypatch):
    _, here, there, _ = both(sql, dialect, monkeypatch)
    assert here == there


@pytest.mark.parametrize("seed", range(12))
def test_random_queries_come_out_as_sqlglot_resolves_them(seed, monkeypatch):
    queries, plain = Queries(seed), 0
    for _ in range(40):
        sql = queries.query()
        dialect = queries.chance.choice(["duckdb", "duckdb", "snowflake", "postgres"])
        is_plain, here, there, is_known = both(sql, dialect, monkeypatch)
        assert here == there, sql
        assert is_known or not is_plain, sql
        plain += is_plain
    assert plain > 5 or not hasattr(TypeAnnotator, "annotate_expression")


@pytest.mark.skipif(
    not hasattr(TypeAnnotator, "annotate_expression"),
    reason="this sqlglot types whole queries only",
)
@pytest.mark.parametrize("sql", PLAIN)
def test_a_plain_query_is_resolved_at_once(sql, monkeypatch):
    assert both(sql, "duckdb", monkeypatch)[0]


@pytest.mark.parametrize("sql", LEFT)
def test_what_is_not_plain_is_left_to_sqlglot(sql, monkeypatch):
    assert not both(sql, "duckdb", monkeypatch)[0]


def test_a_comment_that_spells_a_name_is_left_to_sqlglot(monkeypatch):
    sql = f"select Day /* sqlglot.meta case_sensitive */ as a from {E}"
    with monkeypatch.context() as patch:
        patch.setattr(parse, "resolve_plainly", lambda *_: pytest.fail("it was read here"))
        parse_query(request(sql), Places(request(sql)))
