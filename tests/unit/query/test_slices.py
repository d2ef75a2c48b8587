"""What a reader of some columns sees of an edit upstream: a table of cases, each with its answer."""

from __future__ import annotations

import pytest

from sqlbackfill.query import fingerprint as fingerprints
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts
from sqlbackfill.query.fingerprint import is_of_this_version, recomputed, with_fingerprints
from sqlbackfill.query.parse import Places, parse_query
from sqlbackfill.query.slices import restated, slice_fingerprint
from sqlbackfill.query.stored_code import StoredCode, stored_code

T = InputRef(
    relation="t",
    columns=(("d", "DATE"), ("a", "INTEGER"), ("b", "INTEGER"), ("c", "VARCHAR"), ("x", "DOUBLE")),
)
U = InputRef(relation="u", columns=(("d", "DATE"), ("a", "INTEGER"), ("w", "INTEGER")))
UNKNOWN = InputRef(relation="unknown")
THIS = InputRef(relation="m", is_this=True)
INPUTS = {"t": T, "u": U, "unknown": UNKNOWN, "this": THIS}


def request(sql: str, **inputs: InputRef) -> AnalysisRequest:
    """`sql` names its inputs as {t}, {u}, {unknown} and {this}."""
    refs = {**INPUTS, **inputs}
    markers = {name: f"__sb_occurrence_{i}__" for i, name in enumerate(refs)}
    text = sql.format(**markers)
    return AnalysisRequest(
        model="m",
        sql=text,
        occurrences={marker: refs[name] for name, marker in markers.items() if marker in text},
        partition=PartitionInfo(column="d", grain="day"),
    )


def facts(sql: str, **inputs: InputRef) -> QueryFacts:
    asked = request(sql, **inputs)
    return with_fingerprints(QueryFacts(), parse_query(asked, Places(asked)), asked)


# (what was done, before, after, whether a reader of d and a sees the same)
CASES = (
    ("a plain column is added", "select d, a from {t}", "select d, a, b from {t}", True),
    ("a plain column is taken away", "select d, a, b from {t}", "select d, a from {t}", True),
    ("the columns change places", "select d, a, b from {t}", "select b, a, d from {t}", True),
    ("an unused column's expression changes", "select d, a, b + 1 as z from {t}", "select d, a, b + 2 as z from {t}", True),
    ("an unused column is renamed", "select d, a, b as y from {t}", "select d, a, b as z from {t}", True),
    ("a used column's expression changes", "select d, a + 1 as a from {t}", "select d, a + 2 as a from {t}", False),
    ("a used column is another one", "select d, a from {t}", "select d, b as a from {t}", False),
    ("a condition on an unused column is added", "select d, a, b from {t}", "select d, a, b from {t} where b > 1", False),
    ("a condition changes", "select d, a from {t} where b > 1", "select d, a from {t} where b > 2", False),
    ("a column is added inside DISTINCT", "select distinct d, a from {t}", "select distinct d, a, b from {t}", False),
    ("DISTINCT is added", "select d, a from {t}", "select distinct d, a from {t}", False),
    ("a column is added inside UNION", "select d, a from {t} union select d, a from {u}", "select d, a, b from {t} union select d, a, w from {u}", False),
    ("a column is added inside EXCEPT ALL", "select d, a from {t} except all select d, a from {u}", "select d, a, b from {t} except all select d, a, w from {u}", False),
    ("a column is added inside UNION ALL", "select d, a from {t} union all select d, a from {u}", "select d, a, b from {t} union all select d, a, w from {u}", True),
    ("an arm is added to UNION ALL", "select d, a from {t}", "select d, a from {t} union all select d, a from {u}", False),
    ("a column is added inside GROUP BY ALL", "select d, a, sum(b) as s from {t} group by all", "select d, a, c, sum(b) as s from {t} group by all", False),
    ("a group key is added", "select d, a, sum(b) as s from {t} group by d, a", "select d, a, sum(b) as s from {t} group by d, a, c", False),
    ("an aggregate is added to a group", "select d, a, sum(b) as s from {t} group by d, a", "select d, a, sum(b) as s, max(x) as m from {t} group by d, a", True),
    ("an aggregate is added where there was none", "select current_date as d, 1 as a from {t}", "select current_date as d, 1 as a, sum(b) as s from {t}", False),
    ("a window over an unused column is added", "select d, a from {t}", "select d, a, row_number() over (partition by a order by b) as r from {t}", True),
    ("an unused window's order changes", "select d, a, row_number() over (order by b) as r from {t}", "select d, a, row_number() over (order by c) as r from {t}", True),
    ("QUALIFY on an unused window is added", "select d, a, row_number() over (order by b) as r from {t}", "select d, a, row_number() over (order by b) as r from {t} qualify r = 1", False),
    ("a LEFT JOIN for an unused column is added", "select t.d, t.a from {t} as t", "select t.d, t.a, u.w from {t} as t left join {u} as u on u.a = t.a", False),
    ("a joined table's unused column changes", "select t.d, t.a, u.w from {t} as t join {u} as u on u.a = t.a", "select t.d, t.a, u.w + 1 as w from {t} as t join {u} as u on u.a = t.a", True),
    ("the join's condition changes", "select t.d, t.a, u.w from {t} as t join {u} as u on u.a = t.a", "select t.d, t.a, u.w from {t} as t join {u} as u on u.a = t.b", False),
    ("an UNNEST is added", "select d, a from {t}", "select d, a, unnest([1, 2]) as z from {t}", False),
    ("LIMIT is added", "select d, a from {t}", "select d, a from {t} order by b limit 5", False),
    ("DISTINCT ON another column", "select distinct on (b) d, a from {t} order by b, c", "select distinct on (c) d, a from {t} order by c, b", False),
    ("a column of a common table expression that is not used changes", "with q as (select d, a, b + 1 as z from {t} where b > 0) select d, a, z from q", "with q as (select d, a, b + 2 as z from {t} where b > 0) select d, a, z from q", True),
    ("a condition on a common table expression's unused column is added", "with q as (select d, a, b from {t}) select d, a from q", "with q as (select d, a, b from {t} where b > 0) select d, a from q", False),
    ("the input is another table", "select d, a from {t}", "select d, a from {u}", False),
    ("what EXISTS selects changes", "select d, a from {t} as t where exists (select 1 from {u} as u where u.a = t.a)", "select d, a from {t} as t where exists (select u.w from {u} as u where u.a = t.a)", True),
)  # fmt: skip


@pytest.mark.parametrize(("said", "before", "after", "is_same"), CASES, ids=[c[0] for c in CASES])
def test_a_reader_of_two_columns_sees_an_edit_exactly_where_it_changes_them(
    said: str, before: str, after: str, is_same: bool
) -> None:
    one, two = facts(before), facts(after)
    assert one.row_fingerprint
    assert two.row_fingerprint
    assert (slice_fingerprint(one, ("d", "a")) == slice_fingerprint(two, ("a", "d"))) is is_same
    assert one.fingerprint != two.fingerprint or said.startswith("what EXISTS selects")


USES = (
    ("select count(*) as n from {t}", {"t": ()}),
    ("select d, a from {t}", {"t": ("a", "d")}),
    ("select t.d from {t} as t join {u} as u on u.a = t.b where u.w > 1", {"t": ("b", "d"), "u": ("a", "w")}),
    ("select d from {t} order by a", {"t": ("d",)}),
    ("select d from {t} order by a limit 3", {"t": ("a", "d")}),
    ("select d, row_number() over (partition by a order by b) as r from {t}", {"t": ("a", "b", "d")}),
    ("select d from (select d, row_number() over (order by b) as r from {t})", {"t": ("d",)}),
    ("select distinct d from (select d, a from {t})", {"t": ("d",)}),
    ("select d from (select distinct d, a from {t})", {"t": ("a", "d")}),
    ("select t.d from {t} as t join {u} as u using (a)", {"t": ("a", "d"), "u": ("a",)}),
    ("select t.w as z, t.d from {t} as s natural join {u} as t", {"t": ("a", "d"), "u": ("a", "d", "w")}),
    ("select t.d from {t} as t where exists (select * from {u} as u where u.a = t.a)", {"t": ("a", "d"), "u": ("a",)}),
    ("select d from {t} where a in (select w from {u})", {"t": ("a", "d"), "u": ("w",)}),
    ("select * from {t}", {"t": ("a", "b", "c", "d", "x")}),
    ("select t from {t} as t", {"t": None}),
    ("select count(t.*) as n from {t} as t", {"t": None}),
    ("select * from {unknown}", {"unknown": None}),
    ("select d, k from {unknown} where e > 1", {"unknown": ("d", "e", "k")}),
    ("select t.d, unknown.k, z from {t} as t join {unknown} as unknown on unknown.a = t.a", {"t": None, "unknown": None}),
    ("select d, columns('a|b') from {t}", {"t": None}),
    ("select d, a from {t} union all select d, s from {this}", {"t": ("a", "d"), "m": ("d", "s")}),
    ("select d from raw.events where kind = 1", {"raw.events": ("d", "kind")}),
    ("with recursive r as (select d, a from {t} union all select d, a - 1 from r where a > 0) select d from r", {"t": None}),
    ("select d, my_function(a) as z from {t}", {"t": None}),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "used"), USES, ids=[sql for sql, _ in USES])
def test_the_columns_that_a_query_uses_of_its_inputs(
    sql: str, used: dict[str, tuple[str, ...] | None]
) -> None:
    assert dict(facts(sql).input_columns) == used


def test_a_slice_with_an_unknown_column_or_of_an_unresolved_query_is_the_whole() -> None:
    known, unknown = facts("select d, a from {t}"), facts("select * from {unknown}")
    assert slice_fingerprint(known, ("d", "zz")) == known.fingerprint
    assert slice_fingerprint(known, None) == known.fingerprint
    assert slice_fingerprint(unknown, ("d",)) == unknown.fingerprint
    assert slice_fingerprint(known, ()) not in ("", known.fingerprint)


def test_two_volatile_values_are_not_taken_for_one() -> None:
    once = facts("select r as a, r as b, d from (select random() as r, d from {t})")
    twice = facts("select random() as a, random() as b, d from {t}")
    assert once.fingerprint != twice.fingerprint


def test_a_common_table_expression_that_chooses_once_is_not_one_that_chooses_twice() -> None:
    once = facts("with q as (select d, a from {t} limit 1) select x.d, y.a from q x, q y")
    twice = facts(
        "select x.d, y.a from (select d, a from {t} limit 1) x, (select d, a from {t} limit 1) y"
    )
    assert once.row_fingerprint
    assert once.fingerprint != twice.fingerprint


def test_what_is_covered_besides_the_query_is_part_of_the_fingerprint() -> None:
    asked = request("select d, a from {t}")
    plain = facts("select d, a from {t}")
    parsed = parse_query(asked, Places(asked))
    for other in (
        {"covered": ("unique_key a",)},
        {"session_timezone": "Europe/Berlin"},
        {"partition": PartitionInfo(column="d", grain="week")},
        {"bounds_in_control_flow": True},
    ):
        changed = AnalysisRequest(
            **{  # type: ignore[arg-type]
                **{name: getattr(asked, name) for name in AnalysisRequest.__slots__},
                **other,
            }
        )
        found = with_fingerprints(QueryFacts(), parsed, changed)
        assert found.fingerprint != plain.fingerprint
        assert slice_fingerprint(found, ("a",)) != slice_fingerprint(plain, ("a",))


def test_text_that_does_not_parse_is_its_own_fingerprint() -> None:
    asked = request("select d from from {t} where")
    found = with_fingerprints(QueryFacts(), None, asked)
    assert found.fingerprint.startswith("text")
    other = request("select d from from {t} where -- x")
    assert with_fingerprints(QueryFacts(), None, other).fingerprint != found.fingerprint


def test_an_old_fingerprint_is_made_again_after_the_parser_was_upgraded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = request("select d, a from {t} where b in (1, 2)")
    with monkeypatch.context() as older:
        older.setattr(fingerprints, "_SQLGLOT", "29.0.0")
        old = with_fingerprints(QueryFacts(), parse_query(asked, Places(asked)), asked)
        kept = stored_code(asked, old.fingerprint).text()
    now = facts("with q as (select * from {t}) select d, a from q where b in (2, 1)")
    edited = facts("select d, a from {t} where b in (1, 3)")
    assert not is_of_this_version(old.fingerprint)
    assert is_of_this_version(now.fingerprint)
    assert old.fingerprint != now.fingerprint
    again = recomputed(StoredCode.of_text(kept))
    assert again.whole == now.fingerprint
    assert again.whole != edited.fingerprint
    assert again.rows == now.row_fingerprint
    assert again.columns == now.column_fingerprints


def test_the_authors_overrides_are_made_again_too() -> None:
    asked = request("select d, a from {t}")
    plain = facts("select d, a from {t}")
    stated = restated(plain.fingerprint, ("reads one day",))
    assert stated != plain.fingerprint
    assert is_of_this_version(stated)
    kept = stored_code(asked, stated, (("reads one day",),))
    assert recomputed(kept).whole == stated
