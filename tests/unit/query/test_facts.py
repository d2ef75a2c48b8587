import msgspec

from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.query.facts import (
    InjectedRange,
    OccurrenceRead,
    OutputColumn,
    QueryFacts,
    Read,
    ReadKind,
    Verdict,
)


def test_facts_survive_json() -> None:
    identity = ReadWindow.identity(BoundType.DATE)
    facts = QueryFacts(
        columns=(OutputColumn(name="d", type="DATE", sources=(("flights", "d"),)),),
        reads=(
            Read(
                relation="flights",
                column="d",
                kind=ReadKind.WINDOW,
                grain="day",
                start_offset=-6,
                end_offset=0,
                window=identity,
            ),
        ),
        occurrences=(
            OccurrenceRead(
                index=0,
                relation="flights",
                ranges=(InjectedRange(column="d", type=BoundType.DATE, window=identity),),
            ),
        ),
        verdict=Verdict.REFUTED,
        reasons=(
            Diagnostic(
                code="X", message="y", span=SourceSpan(file="a.sql", line=1), notes=(("a", "b"),)
            ),
        ),
    )
    assert msgspec.json.decode(msgspec.json.encode(facts), type=QueryFacts) == facts
