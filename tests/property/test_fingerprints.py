"""The claim of every fingerprint, on random edits of random queries: in common, so are the rows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from sqlbackfill.query import canonical, canonical_sets, canonical_text
from sqlbackfill.query.blocks import Block
from tests.property.fingerprint_harness import (
    Tally,
    Variant,
    World,
    check,
    facts_of,
    run,
)
from tests.property.near_queries import COLUMNS, TABLES, connected, near_queries, on_tables
from tests.property.query_edits import HARMLESS, aliases, commuted, edited, layout
from tests.property.random_queries import random_query

SEED = 20130405
QUERIES = 320
MARKERS = ("__sb_occurrence_0__", "__sb_occurrence_1__")
SIMPLE = (
    "select t1.d as p, t1.k as k, t1.v as v from {0} as t1 where t1.k in (0, 1, 2)",
    "select t1.d as p, t1.k as k, t1.k + t1.v as v from {0} as t1 where t1.v > 1 or t1.k = 1",
    "select t1.d as p, t1.k as k, sum(t1.v) as v from {0} as t1 where t1.k in (0, 1) group by t1.d, t1.k having count(*) > 1",
    "select t1.d as p, t1.k + 1 as k, t2.v as v from {0} as t1 left join {1} as t2 on t1.k = t2.k and t1.d = t2.d where t1.k in (2, 1)",
    "with c1 as (select d, k, v from {0} as t1 where t1.k in (1, 2)) select c1.d as p, c1.k as k, c1.v + 1 as v from c1 where c1.v > 0 and c1.k < 2",
    "select d as p, k, v from {0} as t1 where k in (1, 2) union all select e as p, k, k + v as v from {1} as t2",
    "select d as p, k, rank() over (partition by k order by d) as v from {0} as t1 where k in (1, 0)",
    "select x1.p, x1.k, x1.v from (select d as p, k, max(v) as v from {0} as t1 where 1 + v > 0 and k in (0, 2) group by d, k) as x1 where x1.v > 0",
    "select distinct d as p, k, v from {0} as t1 where k in (1, 2) and v + 1 > k",
    "select t1.d as p, t1.k as k, 1 + t1.v as v from {0} as t1 where exists (select 1 from {1} as t2 where t2.k = t1.k and t2.v in (1, 2))",
)  # fmt: skip


@pytest.mark.slow
def test_queries_with_a_fingerprint_or_a_slice_in_common_give_the_same_rows() -> None:
    tally = run(SEED, range(QUERIES))
    assert not tally.wrong, "\n\n".join(tally.wrong[:3])
    assert tally.pairs >= 3_000
    assert tally.equal > tally.pairs // 5
    assert tally.equal_slices > tally.pairs // 12
    assert tally.compared > tally.pairs
    assert tally.resolved > 0.8 * tally.variants
    assert tally.by_chance < tally.compared // 20


def test_queries_that_differ_in_one_thing_share_no_fingerprint_unless_they_share_their_rows() -> (
    None
):
    connection = connected(SEED)
    alike: dict[str, list[tuple[str, object]]] = {}
    for query in near_queries():
        facts = facts_of(on_tables(query, *MARKERS), TABLES, COLUMNS)
        if facts is None:
            continue
        try:
            found = connection.execute(f"select * from ({on_tables(query, *TABLES)}) z")
            rows = Counter(map(repr, found.fetchall()))
        except duckdb.Error:  # another release's grammar, or no value for these rows
            continue
        columns = [(name, str(kind)) for name, kind, *_ in found.description]
        alike.setdefault(facts.fingerprint, []).append((query, (columns, rows)))
    groups = [group for group in alike.values() if len(group) > 1]
    assert sum(map(len, alike.values())) > 1_700
    assert len(groups) > 90
    for (first, rows), *others in groups:
        for other, of_other in others:
            assert rows == of_other, f"{first}\n{other}"


def _tables(sql: str) -> str:
    return sql.format("__sb_occurrence_0__", "__sb_occurrence_1__")


@pytest.mark.parametrize("name", ["layout", "aliases", "AND and OR", *HARMLESS])
def test_every_harmless_edit_of_a_simple_query_keeps_its_fingerprint(name: str) -> None:
    rng, tried = random.Random(1), 0
    for sql in map(_tables, SIMPLE):
        for _ in range(4):
            if name == "layout":
                changed: str | None = layout(sql)
            elif name == "aliases":
                changed = aliases(sql.replace("t1", "x1").replace("t2", "x2"))
            else:
                changed = edited(sql, commuted if name.startswith("AND") else HARMLESS[name], rng)
            if changed is None:
                continue
            before, after = facts_of(sql, ("ta", "tb")), facts_of(changed, ("ta", "tb"))
            assert before is not None
            assert after is not None
            tried += 1
            assert before.row_fingerprint
            assert before.fingerprint == after.fingerprint, f"{sql}\n{changed}"
            assert before.input_columns == after.input_columns, f"{sql}\n{changed}"
    assert tried >= 4


def test_harmless_edits_of_random_queries_nearly_all_keep_their_fingerprint() -> None:
    kept = tried = 0
    for number in range(60):
        query, rng = random_query(SEED, number), random.Random(number)
        before = facts_of(query.sql, query.tables)
        for edit in HARMLESS.values():
            changed = edited(query.sql, edit, rng)
            after = facts_of(changed, query.tables) if changed else None
            if before is not None and after is not None and before.row_fingerprint:
                tried += 1
                kept += before.fingerprint == after.fingerprint
    assert tried > 120
    assert kept > 0.95 * tried


@dataclass(frozen=True)
class Mutant:
    """A rewrite that is unsound, and a pair of queries that it takes for one; `column` for a slice."""

    name: str
    patch: Callable[[pytest.MonkeyPatch], None]
    pair: tuple[str, str]


def _wrapped(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, change: Callable) -> None:  # type: ignore[type-arg]
    monkeypatch.setattr(owner, name, change(getattr(owner, name)))


def _fold_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlglot.optimizer.simplify import simplify

    def change(text: Callable) -> Callable:  # type: ignore[type-arg]
        def folding(self, node, place):  # type: ignore[no-untyped-def]
            if type(node) is exp.EQ:
                node = simplify(node.copy(), dialect="duckdb")
            return text(self, node, place)

        return folding

    _wrapped(monkeypatch, canonical_text.CanonicalText, "text", change)


def _any_sum_commutes(monkeypatch: pytest.MonkeyPatch) -> None:
    doubles = canonical_text._INTEGERS | {exp.DType.DOUBLE, exp.DType.DECIMAL}
    monkeypatch.setattr(canonical_text, "_INTEGERS", doubles)
    monkeypatch.setattr(canonical_text, "_EXACT", doubles)


def _tables_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(table_block: Callable) -> Callable:  # type: ignore[type-arg]
        def nameless(*arguments):  # type: ignore[no-untyped-def]
            block = table_block(*arguments)
            return Block("table", block.names, block.by_position, block.by_name)

        return nameless

    _wrapped(monkeypatch, canonical, "table_block", change)


def _without(word: str) -> Callable[[pytest.MonkeyPatch], None]:
    """Leaves out the parts of a SELECT that begin with `word`."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        def change(parts: Callable) -> Callable:  # type: ignore[type-arg]
            return lambda *a: (part for part in parts(*a) if not part.startswith(word))

        _wrapped(monkeypatch, canonical.Canonical, "_parts", change)

    return patch


def _distinct_by_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(parts: Callable) -> Callable:  # type: ignore[type-arg]
        return lambda *a: ("distinctly" if p == "distinct" else p for p in parts(*a))

    _wrapped(monkeypatch, canonical.Canonical, "_parts", change)


def _unions_by_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_operation(query, arm, *, order_shows):  # type: ignore[no-untyped-def]
        arms = [arm(query.this), arm(query.expression)]
        rows = f"{query.key} {arms[0].rows} {arms[1].rows}"
        return Block(rows, arms[0].names, lambda i: " ".join(one.column_at(i) for one in arms))

    monkeypatch.setattr(canonical, "set_operation", set_operation)


def _arms_sorted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(union_all: Callable) -> Callable:  # type: ignore[type-arg]
        def sorting(*arguments, **options):  # type: ignore[no-untyped-def]
            block = union_all(*arguments, **options)
            arms = canonical_sets._chain(arguments[0])
            texts = [
                [arguments[1](one).column_at(i) for one in arms] for i in range(len(block.names))
            ]
            return Block(block.rows, block.names, lambda i: " ".join(sorted(texts[i])))

        return sorting

    _wrapped(monkeypatch, canonical_sets, "_union_all", change)


def _sides_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(join: Callable) -> Callable:  # type: ignore[type-arg]
        def inner(self, node, scope):  # type: ignore[no-untyped-def]
            return join(self, node, scope).replace("LEFT", "").replace("RIGHT", "")

        return inner

    _wrapped(monkeypatch, canonical.Canonical, "_join", change)


def _comparisons_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(text: Callable) -> Callable:  # type: ignore[type-arg]
        def turning(self, node, place):  # type: ignore[no-untyped-def]
            said = text(self, node, place)
            return said.replace("lte(", "lt(")

        return turning

    _wrapped(monkeypatch, canonical_text.CanonicalText, "text", change)


def _positions_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(column: Callable) -> Callable:  # type: ignore[type-arg]
        def flat(self, node, place):  # type: ignore[no-untyped-def]
            level, _, rest = column(self, node, place).split(",", 2)
            return f"{level},{rest}"

        return flat

    _wrapped(monkeypatch, canonical.Canonical, "column", change)


def _order_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "takes_chances", lambda tree: False)


def _everything_is_rowwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "select_item", lambda node: (True, False))


_T = "select d as p, k, v from {0} as t1"
MUTANTS = (
    Mutant("simplify folds doubles", _fold_doubles, (
        "select d as p, k, (f + 0.1 = 0.3) as v from {0} as t1",
        "select d as p, k, (f = 0.3 - 0.1) as v from {0} as t1")),
    Mutant("sums of doubles commute", _any_sum_commutes, (
        "select d as p, k, (f + 1e16::double) + cast(-1e16 as double) as v from {0} as t1",
        "select d as p, k, f + (1e16::double + cast(-1e16 as double)) as v from {0} as t1")),
    Mutant("table names are no part", _tables_forgotten, (_T, _T.replace("{0}", "{1}"))),
    Mutant("WHERE on an unused column is dropped", _without("where"), (_T + " where e > d", _T)),
    Mutant("GROUP BY is dropped", _without("group"), (
        "select max(d) as p, k, max(v) as v from {0} as t1 group by k",
        "select max(d) as p, k, max(v) as v from {0} as t1 group by k, e")),
    Mutant("QUALIFY is dropped", _without("qualify"), (
        _T + " qualify row_number() over (partition by k order by id) = 1", _T)),
    Mutant("LIMIT is dropped", _without("limit"), (
        _T + " order by id limit 2", _T + " order by id limit 1")),
    Mutant("ORDER BY before LIMIT is dropped", _without("order"), (
        _T + " order by id limit 2", _T + " order by id desc limit 2")),
    Mutant("HAVING is dropped", _without("having"), (
        "select d as p, k, max(v) as v from {0} as t1 group by d, k having count(*) > 1",
        "select d as p, k, max(v) as v from {0} as t1 group by d, k having count(*) = 1")),
    Mutant("an unused fold makes no group", _everything_is_rowwise, (
        "select 1 as p, 2 as k, 3 as v, sum(v) as s from {0} as t1",
        "select 1 as p, 2 as k, 3 as v, v as s from {0} as t1")),
    Mutant("an unused UNNEST makes no rows", _everything_is_rowwise, (
        "select d as p, k, v, unnest([1, 2]) as s from {0} as t1",
        "select d as p, k, v, [1, 2] as s from {0} as t1")),
    Mutant("DISTINCT is dropped", _without("distinct"), (
        _T.replace("select", "select distinct").replace("v from", "0 as v from"),
        _T.replace("v from", "0 as v from"))),
    Mutant("DISTINCT of a slice is that of its columns", _distinct_by_its_keys, (
        "select distinct k as p, k, 0 as v from {0} as t1",
        "select distinct k as p, k, 0 as v, id from {0} as t1")),
    Mutant("UNION of a slice is that of its columns", _unions_by_their_rows, (
        "select k as p, k, 0 as v, 1 as w from {0} as t1 union select k, k, 0, 1 from {0} as t2",
        "select k as p, k, 0 as v, id as w from {0} as t1 union select k, k, 0, id from {0} as t2")),
    Mutant("arms are sorted column by column", _arms_sorted_apart, (
        "select d as p, k, v from {0} as t1 where k > 0 union all select e, v, k from {0} as t2 where k > 0",
        "select d as p, v as k, v from {0} as t1 where k > 0 union all select e, k, k from {0} as t2 where k > 0")),
    Mutant("the sides of joins are dropped", _sides_forgotten, (
        "select t1.d as p, t1.k as k, t2.v as v from {0} as t1 left join {1} as t2 on t1.id = t2.id and t2.k = 1",
        "select t1.d as p, t1.k as k, t2.v as v from {0} as t1 join {1} as t2 on t1.id = t2.id and t2.k = 1")),
    Mutant("< is <=", _comparisons_turned, (_T + " where k < 1", _T + " where k <= 1")),
    Mutant("columns are not told apart by their table", _positions_forgotten, (
        "select t1.d as p, t1.k as k, t1.v as v from {0} as t1 left join {1} as t2 on t1.id = t2.id",
        "select t1.d as p, t2.k as k, t1.v as v from {0} as t1 left join {1} as t2 on t1.id = t2.id")),
    Mutant("order never shows", _order_never_shows, (
        "select max(p) as p, 1 as k, list(v) as v from (select d as p, v from {0} as t1 order by id) as x1",
        "select max(p) as p, 1 as k, list(v) as v from (select d as p, v from {0} as t1 order by id desc) as x1")),
)  # fmt: skip


def _checked(pair: tuple[str, str]) -> Tally:
    tally = Tally()
    found = []
    for sql in pair:
        text = sql.format(*(f"__sb_occurrence_{i}__" for i in range(2)))
        facts = facts_of(text, ("ta", "tb"))
        assert facts is not None
        assert facts.row_fingerprint, text
        sqlglot.parse_one(text, dialect="duckdb")
        found.append(Variant(text, "", ("ta", "tb"), facts))
    check(found, World(3, 4), tally)
    return tally


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_harness_catches_an_unsound_rewrite(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not _checked(mutant.pair).wrong
    mutant.patch(monkeypatch)
    tally = _checked(mutant.pair)
    assert tally.wrong


@pytest.mark.parametrize("name", ["table names are no part", "HAVING is dropped"])
def test_random_edits_alone_catch_an_unsound_rewrite(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mutant,) = (one for one in MUTANTS if one.name == name)
    mutant.patch(monkeypatch)
    assert run(SEED, range(300), stop=True).wrong


def test_unused_columns_of_a_table_may_come_and_go_and_change_their_type() -> None:
    sql = "select d as p, k, v from __sb_occurrence_0__ as t1 where e is not null"
    used = (("d", "DATE"), ("e", "DATE"), ("k", "INTEGER"), ("v", "INTEGER"))
    plain = facts_of(sql, ("ta",), used)
    wider = facts_of(sql, ("ta",), (*used, ("w", "DOUBLE")))
    other = facts_of(sql, ("ta",), (*used[:3], ("v", "BIGINT")))
    assert plain is not None
    assert wider is not None
    assert other is not None
    assert plain.fingerprint == wider.fingerprint
    assert plain.fingerprint != other.fingerprint
    assert plain.input_columns == wider.input_columns == (("ta", ("d", "e", "k", "v")),)
