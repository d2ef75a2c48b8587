"""The way of a demand through one SELECT, in the reverse order of evaluation (analysis, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.partitions.paths import on_days
from sqlbackfill.query.asof import nearest_by
from sqlbackfill.query.conditions import Condition, Membership, conjuncts
from sqlbackfill.query.demands import Demand, LeafNeed, follows
from sqlbackfill.query.determinism import choosers
from sqlbackfill.query.grouping import Grouping, grouping_of
from sqlbackfill.query.join_tree import Join, Leaf, Tree, row_edges
from sqlbackfill.query.joins import JoinPass, Need
from sqlbackfill.query.kinds import InnerKind, same_axis
from sqlbackfill.query.reasons import Reason
from sqlbackfill.query.row_sources import exploded
from sqlbackfill.query.scopes import Scope, Scopes, output_names, projection
from sqlbackfill.query.shown import outermost_queries, own_nodes
from sqlbackfill.query.sources import (
    CteSource,
    PivotSource,
    QuerySource,
    RowSource,
    Source,
    TableSource,
    has_column_aliases,
)
from sqlbackfill.query.terms import Edge, Owner, Range, Term, Terms, hulled, met
from sqlbackfill.query.ties import is_felt_elsewhere, shows_only_keys
from sqlbackfill.query.uniqueness import tells_rows_apart, tells_source_rows_apart
from sqlbackfill.query.values import count_markers
from sqlbackfill.query.windows import (
    WindowCall,
    depends_on_ties,
    need_of,
    window_call,
    windows_in,
)

if TYPE_CHECKING:
    from sqlbackfill.query.read_window import ReadWindowPass


# What is evaluated after an aggregation, beside the SELECT list.
_AFTER: Final = ("qualify", "order")
_CLAUSES: Final = ("where", "group", "having", "qualify", "distinct", "order", "limit", "offset")


@dataclass(slots=True)
class SelectPass:
    """The pass through one SELECT; `tree` is None only where there is no FROM."""

    outer_pass: ReadWindowPass
    scope: Scope
    tree: Tree | None
    demand: Demand
    why: tuple[Reason, ...] = ()

    def run(self) -> None:
        """Pushes the demand through the SELECT, its sources and its subqueries."""
        select = self.scope.select
        self.demand = self.outer_pass.below_cut(select, self.demand)
        self.why = self.demand.why
        where = self._read("where")
        grouping = grouping_of(self.scope, self._terms)
        rows = [*where.edges, *(row_edges(self.tree) if self.tree is not None else [])]
        edges = rows if grouping is None else _key_edges(rows, grouping)
        store = self._above_windows(self._projected(), edges, grouping)
        store = self._below_windows(store, edges, grouping)
        if grouping is not None:
            store = self._below_grouping(store, grouping)
        bounds = met(store, where.bounds, self.demand.facts)
        saturated = self._terms.saturate(bounds, rows)
        self._check(where, saturated)
        self._subqueries(where, saturated)
        if self.tree is not None:
            outer = self._outer_owners()
            push = JoinPass(self._terms, outer, self._deliver, self._check, self._choose_nearest)
            push.push(self.tree, Need(bounds, where.edges, where.rejects, self.why))

    @property
    def _terms(self) -> Terms:
        return self.outer_pass.terms

    @property
    def _scopes(self) -> Scopes:
        return self.outer_pass.scopes

    def _read(self, key: str) -> Condition:
        clause = self.scope.select.args.get(key)
        nodes = [] if clause is None else conjuncts(clause.this)
        if key == "qualify":
            nodes = [n for n in nodes if not windows_in([n])]
        return self.outer_pass.reader.read(nodes, self.scope)

    def _projected(self) -> dict[Term, Range]:
        """The demand on the expressions that the SELECT shows."""
        store: dict[Term, Range] = {}
        for name, range_ in self.demand.columns.items():
            node = projection(self.scope, name)
            if node is not None:
                store = met(store, {self._terms.of(node, self.scope): range_})
                if range_.follows and exploded(node) is not None:
                    self.why = (*self.why, Reason("P_FROM_UNNEST", node))
        if follows(self.demand.columns) and not follows(store):
            self.why = (*self.why, Reason("P_OPAQUE", self.scope.select))
        return store

    def _above_windows(
        self, store: dict[Term, Range], edges: list[Edge], grouping: Grouping | None
    ) -> dict[Term, Range]:
        """D0, the bounds of the rows whose results are wanted, after DISTINCT ON and QUALIFY."""
        qualify = self._read("qualify")
        wanted = self._saturated(met(store, qualify.bounds), [*edges, *qualify.edges], grouping)
        self._check(qualify, wanted)
        distinct = self.scope.select.args.get("distinct")
        on = distinct.args.get("on") if distinct is not None else None
        if on is None:
            return wanted
        nodes = on.expressions if isinstance(on, exp.Tuple) else [on]
        keys = {self._terms.of(self._distinct_key(node), self.scope) for node in nodes}
        kept = {t: r for t, r in wanted.items() if t in keys}
        self._choose(kept, Reason("TIES", on, "distinct on"))
        self._lose(wanted, kept, Reason("DEDUP_ACROSS_P", on))
        return self._saturated(met(kept, qualify.bounds), [*edges, *qualify.edges], grouping)

    def _distinct_key(self, node: exp.Expr) -> exp.Expr:
        """A bare name in DISTINCT ON as the column that the SELECT shows under that very name."""
        if isinstance(node, exp.Column) and not node.args.get("table"):
            shown = projection(self.scope, node.name)
            inner = shown.unalias() if shown is not None else None
            if isinstance(inner, exp.Column) and inner.name == node.name:
                return inner
        return node

    def _saturated(
        self, bounds: dict[Term, Range], edges: list[Edge], grouping: Grouping | None
    ) -> dict[Term, Range]:
        if grouping is not None and grouping.is_super and self._compares_groups():
            # A key that ROLLUP leaves out is NULL in a group whose other keys still say where its rows lie.
            return met(bounds, self.demand.facts)
        result = self._terms.saturate(met(bounds, self.demand.facts), edges)
        if grouping is None or grouping.is_super:
            return result
        # min(x) is one of the group's x, so it lies where the group's keys say that x does.
        for term, range_ in list(result.items()):
            argument = self._terms.info[term].extremum_of
            if argument is not None and not range_.nulls:
                spread = self._terms.spread({argument: replace(range_, settles=False)})
                result = met(result, {t: r for t, r in spread.items() if t in grouping.keys})
        return result

    def _compares_groups(self) -> bool:
        """Whether rows are compared with one another after the aggregation."""
        select = self.scope.select
        distinct = select.args.get("distinct")
        shown = [
            *self.scope.shown.computed,
            *(select.args[k] for k in _AFTER if select.args.get(k)),
        ]
        return bool(windows_in(shown)) or (distinct is not None and bool(distinct.args.get("on")))

    def _below_windows(
        self, wanted: dict[Term, Range], edges: list[Edge], grouping: Grouping | None
    ) -> dict[Term, Range]:
        select = self.scope.select
        clauses = [select.args[k] for k in ("qualify", "order") if select.args.get(k)]
        shown = [node for node in self.scope.shown.calls if isinstance(node, exp.Window)]
        calls = [window_call(w, select) for w in (*shown, *windows_in(clauses))]
        if not calls:
            return wanted
        needs = [wanted]
        for call in calls:
            need = self._saturated(need_of(call, self.scope, self._terms, wanted), edges, grouping)
            needs.append(need)
            self._lose_to_window(wanted, need, call)
            nodes = (*call.partition_by, *(o.this for o in call.order))
            if not (
                not depends_on_ties(call)
                or tells_rows_apart(self._scopes, self.scope, nodes)
                or (shows_only_keys(call, select) and not self._may_differ(nodes))
            ):
                confining = call.partition_by if is_felt_elsewhere(call) else nodes
                terms = {self._terms.of(node, self.scope) for node in confining}
                equal = {t: r for t, r in wanted.items() if t in terms}
                self._choose(equal, Reason("TIES", call.function, _name(call)))
        return hulled(needs)

    def _may_differ(self, nodes: Sequence[exp.Expr]) -> bool:
        """Whether equal values of `nodes` may show different dates, each at an offset of its own."""
        return any(self._scopes.kind(node, self.scope) is InnerKind.OWN_OFFSET for node in nodes)

    def _choose(self, equal: Mapping[Term, Range], reason: Reason) -> None:
        """Notes a choice between rows that agree in the terms of `equal`: harmless across
        partitions only if these determine the partition.
        """
        if any(range_.settles for range_ in equal.values()):
            self.outer_pass.result.confined_choices = True
        else:
            self.outer_pass.result.chances.append(reason)

    def _choose_nearest(self, join: Join, bounds: Mapping[Term, Range]) -> None:
        """Notes that an ASOF join chooses between equally near rows, for rows that lie in `bounds`."""
        right = join.right
        if isinstance(right, Leaf) and isinstance(join.node, exp.Join):
            names = nearest_by(join.node, right.source.alias)
            if tells_source_rows_apart(self._scopes, self.scope, right.source, names):
                return
        self._choose(bounds, Reason("TIES", join.node, "asof join"))

    def _lose_to_window(
        self, wanted: dict[Term, Range], need: dict[Term, Range], call: WindowCall
    ) -> None:
        own = self._own(need)
        if any(r.is_bounded for r in self._own(wanted).values()) and not any(
            r.is_bounded for r in own.values()
        ):
            self.why = (*self.why, Reason("WINDOW_OMITS_P", call.function, _name(call)))

    def _below_grouping(self, store: dict[Term, Range], grouping: Grouping) -> dict[Term, Range]:
        having = self._read("having")
        kept = {t: r for t, r in store.items() if grouping.kept(t, r, self._terms)}
        self._check(having, self._terms.saturate(met(kept, self.demand.facts)))
        for node in choosers(self.scope.shown.calls):
            self._choose(kept, Reason("TIES", node, node.sql()))
        self._lose(store, kept, Reason("GROUP_OMITS_P", grouping.node))
        on_keys = {t: r for t, r in having.bounds.items() if grouping.kept(t, r, self._terms)}
        return met(kept, on_keys)

    def _lose(self, before: dict[Term, Range], after: dict[Term, Range], reason: Reason) -> None:
        if follows(self._own(before)) and not follows(self._own(after)):
            self.why = (*self.why, reason)

    def _own(self, store: dict[Term, Range]) -> dict[Term, Range]:
        outer = self._outer_owners()
        return {t: r for t, r in store.items() if not self._terms.info[t].owners <= outer}

    def _outer_owners(self) -> frozenset[Owner]:
        owners: set[Owner] = set()
        around = self.scope.parent
        while around is not None:
            owners |= {(around.number, alias) for alias in around.sources}
            around = around.parent
        return frozenset(owners)

    def _plain(self, range_: Range) -> Range:
        if not self.outer_pass.reader.is_cut_at_midnights:
            return replace(range_, settles=False)
        lower, upper = on_days(range_.lower), on_days(range_.upper)
        return replace(range_, lower=lower, upper=upper, settles=False)

    def _check(self, condition: Condition, bounds: dict[Term, Range]) -> None:
        """Compares the author's own bounds with what is needed of the rows that they filter."""
        self.outer_pass.result.checked_nodes += condition.idle
        self.outer_pass.result.checked_markers += sum(map(count_markers, condition.idle))
        for bound in condition.author_bounds:
            self.outer_pass.result.checked_markers += bound.markers
            self.outer_pass.result.checked_nodes.append(bound.node)
            need = bounds.get(bound.term)
            inside = need is not None and self._plain(need).is_within(self._plain(bound.range))
            if not inside:
                self.outer_pass.result.too_narrow.append((bound, need))

    def _subqueries(self, where: Condition, bounds: dict[Term, Range]) -> None:
        """Queries in expressions; in ON conditions nothing is known of the rows around them."""
        select = self.scope.select
        facts = {t: r for t, r in bounds.items() if not r.nulls}
        members = {id(m.query): m for m in where.memberships}
        clauses = [select.args[key] for key in _CLAUSES if select.args.get(key)]
        clauses += select.args.get("windows") or []
        below = (query for clause in clauses for query in outermost_queries(clause))
        for query in (*self.scope.shown.queries, *below):
            columns = self._membership(members.get(id(query)), bounds)
            is_list = isinstance(query.parent, exp.In) and id(query) not in members
            reason = Reason("NOT_IN_NULL" if is_list else "GLOBAL_SCALAR", query)
            self.outer_pass.query(
                query, Demand(columns, facts, (*self.why, reason)), self.scope.env, self.scope
            )
        for join in select.args.get("joins") or ():
            self._join_queries(join)
        for source in self.scope.sources.values():
            if isinstance(source, RowSource):
                reason = Reason("P_FROM_UNNEST", source.node)
                self.outer_pass.everything(source.made_of, self.scope.env, (*self.why, reason))

    def _join_queries(self, join: exp.Join) -> None:
        nested = (
            list(join.this.find_all(exp.Join))
            if isinstance(join.this, exp.Subquery) and isinstance(join.this.this, exp.Table)
            else []
        )
        for node in (join, *nested):
            on = node.args.get("on")
            for query in outermost_queries(on) if on is not None else ():
                why = (*self.why, Reason("GLOBAL_SCALAR", query))
                demand = Demand({}, self.demand.facts, why)
                self.outer_pass.query(query, demand, self.scope.env, self.scope)

    def _membership(self, member: Membership | None, bounds: dict[Term, Range]) -> dict[str, Range]:
        if member is None or member.term not in bounds or bounds[member.term].nulls:
            return {}
        names = output_names(member.query)
        if names is None or len(names) != 1:
            return {}
        kind = self.outer_pass.scopes.output_kind(
            member.query, names[0], self.scope.env, self.scope
        )
        if not same_axis(member.kind, kind):
            return {}
        return {names[0]: replace(bounds[member.term], settles=False)}

    def _deliver(self, leaf: Leaf, need: Need) -> None:
        source = leaf.source
        columns = {
            info.column: range_
            for term, range_ in need.bounds.items()
            if (info := self._terms.info[term]).column is not None
            and info.owners == leaf.owners
            and not term.endswith("~")
        }
        self._deliver_to(source, columns, need)

    def _deliver_to(self, source: Source, columns: Mapping[str, Range], need: Need) -> None:
        match source:
            case TableSource():
                ranges = {} if has_column_aliases(source.node) else columns
                self.outer_pass.result.leaves.append(
                    LeafNeed(source, source.node, ranges, need.why)
                )
            case CteSource():
                renames = source.cte.renames or has_column_aliases(source.node)
                self.outer_pass.ask(source.cte, Demand({} if renames else columns, {}, need.why))
            case QuerySource():
                facts = met(self.demand.facts, need.lateral if source.is_lateral else {})
                wanted = Demand({} if source.renames else columns, facts, need.why)
                around = self.scope if source.is_lateral else self.scope.parent
                self.outer_pass.query(source.query, wanted, source.env, around)
            case PivotSource():
                self._deliver_to_pivoted(source, columns, need)
            case RowSource():
                pass

    def _deliver_to_pivoted(
        self, source: PivotSource, columns: Mapping[str, Range], need: Need
    ) -> None:
        """Bounds on what the rows are grouped by, or on what UNPIVOT leaves as it is."""
        kept = {source.keys[name]: r for name, r in columns.items() if name in source.keys}
        for node in choosers(own_nodes(source.node)):
            self._choose(kept, Reason("TIES", node, node.sql()))
        if follows(columns) and not follows(kept):
            need = replace(need, why=(*need.why, Reason("PIVOT_ON_P", source.node)))
        self._deliver_to(source.inner, kept, need)


def _key_edges(edges: list[Edge], grouping: Grouping) -> list[Edge]:
    if grouping.is_super:
        return []
    return [e for e in edges if e.x in grouping.keys and e.y in grouping.keys]


def _name(call: WindowCall) -> str:
    return call.function.sql_name().lower() if isinstance(call.function, exp.Func) else ""
