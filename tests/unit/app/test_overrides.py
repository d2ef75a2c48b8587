"""What an author's override makes of the facts of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sqlbackfill.app.overrides import with_overrides
from sqlbackfill.errors import Severity, SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.project.config import ModelConfig, OverrideKind, ReadOverride, SqlbackfillMeta
from sqlbackfill.project.model import Model, ModelKind
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import (
    AnalysisRequest,
    InputRef,
    PartitionInfo,
    QueryFacts,
    ReadKind,
    Verdict,
)
from sqlbackfill.template.source_map import Piece, SourceMap
from sqlbackfill.template.types import Occurrence, Rendered
from sqlbackfill.warehouse.protocol import Relation

SPAN = SourceSpan(file="models/schema.yml", line=7, column=5)
OWN = PartitionInfo(column="day", grain="day", column_type=BoundType.DATE)
COLUMNS = (("day", "DATE"), ("k", "INTEGER"), ("v", "INTEGER"))
LAG = "select day, k, lag(v) over (partition by k order by day) as v from {e} as e"
UNIQUE = (("day", "k"),)


def ref(relation: str, *, is_this: bool = False) -> InputRef:
    return InputRef(
        relation=relation, columns=COLUMNS, partition=OWN, is_this=is_this, unique_keys=UNIQUE
    )


def override(
    start: int = 0, end: int = 0, kind: OverrideKind = OverrideKind.WINDOW
) -> ReadOverride:
    return ReadOverride(
        kind=kind, reason="k rests one day", start_offset=start, end_offset=end, span=SPAN
    )


def overridden(
    sql: str, overrides: Mapping[str, ReadOverride], *, filtered: bool = True
) -> tuple[QueryFacts, QueryFacts]:
    """The facts of `sql` before and after; `{e}` is the model `events`, `{this}` the model's own."""
    markers = {"{e}": "ref:events", "{this}": "this"}
    found = sorted((sql.index(sign), sign) for sign in markers if sign in sql)
    occurrences, inputs = [], {}
    for index, (_, sign) in enumerate(found):
        target = markers[sign]
        sql = sql.replace(sign, f"__sb_occurrence_{index}__")
        inputs[target] = ref("m" if target == "this" else "events", is_this=target == "this")
        occurrences.append(
            Occurrence(index=index, target=target, relation=None, filtered=filtered, span=SPAN)
        )
    rendered = Rendered(
        sql=sql,
        source_map=SourceMap("m.sql", sql, sql, (Piece(0, 0, len(sql), True),)),
        occurrences=tuple(occurrences),
    )
    model = Model(
        name="m",
        file="models/m.sql",
        sql=sql,
        kind=ModelKind.SQL,
        folders=(),
        config=ModelConfig(event_time="day", sqlbackfill=SqlbackfillMeta(read=overrides)),
        relation=Relation("db", "main", "m"),
        dialect=None,
        description="",
        columns=(),
        span=SPAN,
    )
    marked = {
        f"__sb_occurrence_{o.index}__": replace(inputs[o.target], filtered=filtered)
        for o in occurrences
    }
    facts = analyse(AnalysisRequest(model="m", sql=sql, occurrences=marked, partition=OWN))
    return facts, with_overrides(facts, model, OWN, inputs, rendered)


def test_an_override_takes_the_place_of_the_read_window_and_of_what_is_injected() -> None:
    before, after = overridden(LAG, {"events": override(-1, 0)})

    assert before.reads[0].kind is ReadKind.PAST
    read = after.reads[0]
    assert (read.kind, read.start_offset, read.end_offset) == (ReadKind.WINDOW, -1, 0)
    assert read.because == "declared by the author (models/schema.yml:7): k rests one day"
    [injected] = after.occurrences[0].ranges
    assert injected.window == read.window
    assert injected.column == "day"


def test_the_verdict_becomes_what_the_override_claims() -> None:
    before, after = overridden(LAG, {"events": override(-1, 0)})

    assert (before.verdict, after.verdict) == (Verdict.REFUTED, Verdict.PROVEN)
    assert after.strategies == ("range", "chunk", "partition")
    assert "WINDOW_OMITS_P" in {reason.code for reason in before.reasons}
    assert "WINDOW_OMITS_P" not in {reason.code for reason in after.reasons}
    assert (
        overridden(LAG, {"events": override(kind=OverrideKind.ALL)})[1].verdict is Verdict.REFUTED
    )


def test_every_plan_hears_of_it_with_what_the_analysis_said() -> None:
    before, after = overridden(LAG, {"events": override(-1, 0)})

    [note] = [w for w in after.warnings if w.code == "READ_OVERRIDE"]
    assert (note.severity, note.span) == (Severity.NOTE, SPAN)
    assert note.notes == (("the analysis says", before.reads[0].because),)


def test_the_fingerprint_follows_the_claim_and_not_its_reason() -> None:
    before, after = overridden(LAG, {"events": override(-1, 0)})
    other = overridden(LAG, {"events": override(-2, 0)})[1]
    reworded = overridden(LAG, {"events": replace(override(-1, 0), reason="said otherwise")})[1]

    assert len({before.fingerprint, after.fingerprint, other.fingerprint}) == 3
    assert reworded.fingerprint == after.fingerprint


def test_an_input_that_is_read_whole_by_claim_gets_no_predicate() -> None:
    before, after = overridden(
        "select day, k from {e} as e", {"events": override(kind=OverrideKind.UNPARTITIONED)}
    )

    assert before.occurrences[0].ranges
    assert after.occurrences[0].ranges == ()
    assert after.reads[0].window is None
    assert after.verdict is Verdict.PROVEN


def test_what_the_author_left_unfiltered_stays_so() -> None:
    after = overridden(LAG, {"events": override(-1, 0)}, filtered=False)[1]

    assert after.occurrences[0].ranges == ()
    assert after.reads[0].kind is ReadKind.WINDOW


def test_ties_stay_a_choice_between_partitions_unless_only_one_is_read() -> None:
    sql = "select day, k, row_number() over (partition by k order by v) as n from {e} as e"
    wide = overridden(sql, {"events": override(-1, 0)})[1]
    narrow = overridden(sql, {"events": override()})[1]

    assert wide.strategies == ("range",)
    assert wide.is_volatile
    assert narrow.strategies == ("range", "chunk", "partition")
    assert narrow.has_confined_choices
    assert not narrow.is_volatile


SELF = """
select e.day, e.k, e.v + coalesce(t.v, 0) as v from {e} as e
left join {this} as t on t.k = e.k and t.day < e.day
"""


def test_a_model_that_reads_itself_still_runs_a_partition_at_a_time() -> None:
    after = overridden(SELF, {"events": override(), "m": override(-1, -1)})[1]

    assert after.strategies == ("partition",)
    assert after.verdict is Verdict.REFUTED
    own = next(read for read in after.reads if read.is_this)
    assert (own.start_offset, own.end_offset) == (-1, -1)


@pytest.mark.parametrize("claim", [override(-1, 0), override(kind=OverrideKind.ALL)])
def test_no_claim_lets_a_model_read_its_own_present(claim: ReadOverride) -> None:
    [error] = overridden(SELF, {"m": claim})[1].errors

    assert error.code == "READ_OVERRIDE_INVALID"
    assert "past of its own table" in error.message


def test_an_unknown_input_is_ignored_with_a_warning_that_suggests_the_near_one() -> None:
    before, after = overridden(LAG, {"event": override(-1, 0)})

    [warning] = [w for w in after.warnings if w.code == "READ_OVERRIDE_UNUSED"]
    assert warning.fix == "did you mean `events`?"
    assert replace(after, warnings=before.warnings) == before


def test_a_column_that_is_not_the_upstreams_partition_column_is_refused() -> None:
    wrong = replace(override(), column="v")
    missing = replace(override(), column="dya")

    assert "partitioned by `day`" in overridden(LAG, {"events": wrong})[1].errors[0].message
    assert overridden(LAG, {"events": missing})[1].errors[0].fix == "did you mean `day`?"
