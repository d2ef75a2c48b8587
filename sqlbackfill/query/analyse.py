"""What a query means for backfilling it: one pure function from a request to facts."""

from __future__ import annotations

from difflib import get_close_matches

from sqlglot import exp

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.query.conditions import ConditionReader
from sqlbackfill.query.declared import with_declared
from sqlbackfill.query.demands import Demand, PassResult
from sqlbackfill.query.doubts import null_doubt, zone_doubts
from sqlbackfill.query.edges import EdgeRules
from sqlbackfill.query.facts import AnalysisRequest, QueryFacts, Verdict
from sqlbackfill.query.fingerprint import fingerprints_of, with_fingerprints
from sqlbackfill.query.kinds import Kind, is_text_kind, same_axis, stored_kind
from sqlbackfill.query.lineage import Lineage
from sqlbackfill.query.own_columns import agrees, knowing_itself
from sqlbackfill.query.parse import ParsedQuery, Places, parse_query
from sqlbackfill.query.read_window import ReadWindowPass
from sqlbackfill.query.reasons import Reason
from sqlbackfill.query.scopes import Scopes
from sqlbackfill.query.separability import Judgement, judge
from sqlbackfill.query.substituting import with_substitution
from sqlbackfill.query.terms import OWN_PARTITION, Terms
from sqlbackfill.query.uniqueness import output_keys
from sqlbackfill.query.values import Constants, count_markers, may_hold_marker


def analyse(request: AnalysisRequest) -> QueryFacts:
    """The facts of a query. Nothing is raised: what stops the model is in `errors`.

    A query that cannot be understood is never called safe: its inputs are read whole, and it may run
    in the one way that is right whatever it does.
    """
    if any(ref.relations for ref in request.occurrences.values()):
        return with_declared(request, _analyse)
    return _analyse(request)


def _analyse(request: AnalysisRequest) -> QueryFacts:
    return with_substitution(request, _analyse_as_written(request), _analyse_as_written)


def _analyse_as_written(request: AnalysisRequest) -> QueryFacts:
    facts = _analyse_as_known(request)
    again = knowing_itself(request, facts)
    if again is None:
        return facts
    known = _analyse_as_known(again)
    return known if agrees(known, facts) else facts


def _analyse_as_known(request: AnalysisRequest) -> QueryFacts:
    places = Places(request)
    try:
        parsed = parse_query(request, places)
    except ProjectError as error:
        facts = QueryFacts(errors=error.diagnostics, columns_known=False)
        return with_fingerprints(facts, None, request)
    except RecursionError:
        facts = QueryFacts(errors=(_too_deep(request),), columns_known=False)
        return with_fingerprints(facts, None, request)
    return _facts(parsed, request, places)


def _facts(parsed: ParsedQuery, request: AnalysisRequest, places: Places) -> QueryFacts:
    scopes = Scopes(request.occurrences, request.dialect)
    columns, complete = Lineage(scopes).columns(parsed.tree, request.dialect)
    kind = _partition_kind(parsed, request, scopes)
    declared = request.partition.column_type if request.partition is not None else None
    partition_type = stored_kind(kind) or declared
    result, judged_bounds = _passes(parsed, scopes, request, (partition_type, kind))
    facts = judge(
        Judgement(
            request=request,
            parsed=parsed,
            places=places,
            result=result,
            author_bounds=judged_bounds,
            output_kind=kind,
            partition_type=partition_type,
        )
    )
    found = fingerprints_of(parsed, request, scopes)
    facts = replace(
        facts,
        columns=columns,
        columns_known=complete and parsed.is_qualified,
        unique_keys=_table_keys(parsed, request, scopes),
        partition_type=partition_type,
        hard_coded=parsed.hard_coded,
        warnings=(*parsed.warnings, *facts.warnings),
        doubts=_doubts(parsed, request, places, scopes),
        fingerprint=found.whole,
        row_fingerprint=found.rows,
        column_fingerprints=found.columns,
        input_columns=found.input_columns,
    )
    missing = _missing_column(facts, request, places, parsed)
    if missing is None:
        return facts
    return replace(facts, errors=(missing,), verdict=Verdict.UNPROVEN, strategies=())


def _doubts(
    parsed: ParsedQuery, request: AnalysisRequest, places: Places, scopes: Scopes
) -> tuple[Diagnostic, ...]:
    if request.partition is None or not parsed.is_qualified:
        return ()
    name = _output_name(parsed, request.partition.column)
    doubt = None if name is None else null_doubt(parsed, request, places, scopes, name)
    zones = zone_doubts(parsed, request, places)
    return (doubt, *zones) if doubt is not None else zones


def _partition_kind(parsed: ParsedQuery, request: AnalysisRequest, scopes: Scopes) -> Kind:
    if request.partition is None or not parsed.is_qualified:
        return None
    name = _output_name(parsed, request.partition.column)
    return scopes.output_kind(parsed.tree, name, {}, None) if name is not None else None


def _table_keys(
    parsed: ParsedQuery, request: AnalysisRequest, scopes: Scopes
) -> tuple[tuple[str, ...], ...]:
    """The keys of the table that the query fills: each of its partitions comes from one query."""
    if not parsed.is_qualified:
        return ()
    own = _output_name(parsed, request.partition.column) if request.partition else None
    if own is None and request.partition is not None:
        return ()
    extra = frozenset([own] if own is not None else [])
    return tuple(tuple(sorted(key | extra)) for key in output_keys(scopes, parsed.tree, {}))


def _output_name(parsed: ParsedQuery, wanted: str) -> str | None:
    """How the query itself spells the output column `wanted`."""
    if wanted not in parsed.spellings:
        parsed.spellings[wanted] = _spelling(parsed.tree, wanted)
    return parsed.spellings[wanted]


def _spelling(tree: exp.Query, wanted: str) -> str | None:
    names = [node.alias_or_name for node in tree.selects if not node.is_star]
    if wanted in names:
        return wanted
    folded = [name for name in names if name.lower() == wanted.lower()]
    if folded:
        return folded[0] if len(folded) == 1 else None
    return wanted if any(node.is_star for node in tree.selects) else None


def _passes(
    parsed: ParsedQuery, scopes: Scopes, request: AnalysisRequest, kinds: tuple[Kind, Kind]
) -> tuple[PassResult, PassResult | None]:
    """The pass that gives the windows, and the one without the author's bounds that judges them."""
    holds_marker = may_hold_marker(request.sql) and count_markers(parsed.tree) > 0
    bounds_written = holds_marker or request.bounds_in_control_flow
    judged = (
        _pass(parsed, scopes, request, kinds, with_author_bounds=False) if bounds_written else None
    )
    return _pass(parsed, scopes, request, kinds, with_author_bounds=True), judged


def _pass(
    parsed: ParsedQuery,
    scopes: Scopes,
    request: AnalysisRequest,
    kinds: tuple[Kind, Kind],
    *,
    with_author_bounds: bool,
) -> PassResult:
    partition_type, kind = kinds
    rules = EdgeRules(request.session_timezone, request.dialect)
    terms = Terms(scopes, rules)
    constants = Constants(rules, partition_type)
    reader = ConditionReader(terms, constants, with_author_bounds=with_author_bounds)
    window_pass = ReadWindowPass(scopes, terms, reader)
    if not parsed.is_qualified:
        unresolved = Reason("NAMES_UNRESOLVED", parsed.tree)
        window_pass.everything(parsed.tree, {}, (unresolved,))
        return window_pass.result
    demand = Demand()
    if request.partition is not None and _can_demand(kind, request):
        name = _output_name(parsed, request.partition.column)
        if name is not None:
            demand = Demand({name: OWN_PARTITION})
    window_pass.query(parsed.tree, demand, {}, None)
    return window_pass.result


def _can_demand(kind: Kind, request: AnalysisRequest) -> bool:
    """Whether the guard compares the column as what it is, not as text that is read as a date."""
    declared = request.partition.column_type if request.partition is not None else None
    if request.partition is not None and request.partition.grain == "keys":
        return kind is None or is_text_kind(kind)
    if is_text_kind(kind):
        return False
    return kind is None or declared is None or same_axis(stored_kind(kind), declared)


def _missing_column(
    facts: QueryFacts, request: AnalysisRequest, places: Places, parsed: ParsedQuery
) -> Diagnostic | None:
    if request.partition is None or _output_name(parsed, request.partition.column) is not None:
        return None
    wanted = request.partition.column
    names = [column.name for column in facts.columns]
    near = get_close_matches(wanted.lower(), [name.lower() for name in names], n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return Diagnostic(
        code="PARTITION_COLUMN_MISSING",
        message=f"the query has no column `{wanted}` to partition by{hint}",
        span=places.of(parsed.tree.selects[0]) if parsed.tree.selects else places.at(1, 1),
        fix=f"select a column `{wanted}`, or set `event_time` to one of the query's columns",
        model=request.model,
        notes=(("available", ", ".join(names)),),
    )


def _too_deep(request: AnalysisRequest) -> Diagnostic:
    return Diagnostic(
        code="SQL_SYNTAX",
        message="the SQL is nested too deeply to be read",
        fix="split the model",
        model=request.model,
    )
