"""Golden models: SQL files whose header says what the rules of the analysis allow, and how they are read.

A header is the file's leading `--` lines. Each is `key: value`; a line that starts with two more
spaces goes on with the one before.

    partition: COLUMN TYPE by GRAIN          TYPE as the warehouse has it; GRAIN `day`, `100`, `keys`;
                                             ` from sunday` for weeks, ` in ZONE` for instants
    input: NAME by COLUMN (COLUMN TYPE, …)   `raw.events` is a source, `events` a model, `this` itself
    input: NAME whole (COLUMN TYPE, …)       a table without partitions; behind either: ` unique COLUMN …`,
                                             of which no two rows share all
    read: NAME window COLUMN -6..0           offsets in the output's grain, both ends included
    read: NAME past COLUMN ..0 or null, CODE     and `future COLUMN 0..`; CODE is the reason
    read: NAME all, CODE                     also `unknown, CODE` and `unpartitioned`
    also: CODE …                             reasons of the verdict that belong to no read
    verdict: proven
    strategies: range chunk partition
    because: why the rules allow this and no less
    wider: CODE … (what is missing)          the analysis is sound here, but gives more for these reasons;
                                             NONE where it gives none
    run: no (why it is not executed)

A type may end in `~hint`, which says what values the executed databases hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts, Read
from sqlbackfill.query.kinds import kind_of_type
from sqlbackfill.template.templates import Templates
from sqlbackfill.template.types import (
    PartitionNames,
    Rendered,
    TemplateInput,
    TemplateSettings,
)
from sqlbackfill.warehouse.protocol import Relation

MODELS = Path(__file__).parent / "models"
_READ = re.compile(
    r"(?P<name>\S+) (?P<kind>window|past|future|all|unknown|unpartitioned)"
    r"(?: (?P<column>\w+) (?P<start>-?\d*)\.\.(?P<end>-?\d*))?(?P<nulls> or null)?"
    r"(?:, (?P<code>[A-Z_]+))?"
)
_INPUT = re.compile(
    r"(?P<name>\S+) (?:by (?P<by>\w+)|whole) \((?P<columns>.*)\)(?: unique (?P<unique>[\w ]+))?",
    re.DOTALL,
)
_PARTITION = re.compile(
    r"(?P<column>\w+) (?P<type>.+) by (?P<grain>\w+(?: \w+)??)"
    r"(?P<sunday> from sunday)?(?: in (?P<zone>\S+))?"
)
_NOTED = re.compile(r"(?P<codes>[A-Z_ ]+?) \((?P<note>.+)\)")
_COMMA = re.compile(r",\s*(?![^<(\[]*[>)\]])")


class Outcome(StrEnum):
    """How what the analysis says compares with what the rules allow."""

    EXACT = "exact"
    WIDER = "wider"
    UNSOUND = "unsound"
    OTHER_REASON = "other reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """`by` is None for a table without partitions."""

    name: str
    by: str | None
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A read; `start` and `end` are None where it is open."""

    name: str
    kind: str
    column: str | None = None
    start: int | None = None
    end: int | None = None
    nulls: bool = False
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenModel:
    """A model with what its header says."""

    dialect: str
    name: str
    sql: str
    partition: PartitionInfo
    inputs: dict[str, Input]
    reads: dict[str, Expected]
    codes: frozenset[str]
    verdict: str
    strategies: tuple[str, ...]
    because: str
    wider: frozenset[str]
    wider_note: str
    runs: bool

    @property
    def label(self) -> str:
        return f"{self.dialect}/{self.name}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, with a line for each difference."""

    outcome: Outcome
    differences: tuple[str, ...]


def golden_models() -> list[GoldenModel]:
    """All of them, in the order of their paths."""
    return [read_golden(path) for path in sorted(MODELS.glob("*/*.sql"))]


def read_golden(path: Path) -> GoldenModel:
    """The model of a file. Raises ValueError for a header that is not understood."""
    text = path.read_text(encoding="utf-8")
    dialect = path.parent.name
    found: dict[str, list[str]] = {}
    for key, value in _header(text):
        found.setdefault(key, []).append(value)
    unknown = found.keys() - set(_KEYS)
    if unknown:
        raise ValueError(f"{path}: unknown {sorted(unknown)}")
    partition = _match(_PARTITION, found["partition"][0], path)
    inputs = [_input(_match(_INPUT, value, path)) for value in found.get("input", ())]
    reads = [_expected(_match(_READ, value, path)) for value in found.get("read", ())]
    wider = found.get("wider")
    noted = _match(_NOTED, wider[0], path) if wider else None
    codes = {read.code for read in reads if read.code} | set(
        " ".join(found.get("also", ())).split()
    )
    return GoldenModel(
        dialect=dialect,
        name=path.stem,
        sql=text,
        partition=PartitionInfo(
            column=partition["column"],
            grain=partition["grain"],
            column_type=_kind(partition["type"], dialect),
            week_start=6 if partition["sunday"] else 0,
            timezone=partition["zone"] or "UTC",
        ),
        inputs={one.name: one for one in inputs},
        reads={one.name: one for one in reads},
        codes=frozenset(codes),
        verdict=found["verdict"][0],
        strategies=tuple(found["strategies"][0].split()),
        because=found["because"][0],
        wider=frozenset(noted["codes"].split()) if noted else frozenset(),
        wider_note=noted["note"] if noted else "",
        runs="run" not in found,
    )


_KEYS = (
    "partition", "input", "read", "also", "verdict", "strategies", "because", "wider", "run",
)  # fmt: skip


def _header(text: str) -> Iterator[tuple[str, str]]:
    key, value = "", ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if line.startswith("--   "):
            value += " " + line[5:].strip()
            continue
        if key:
            yield key, value
        key, _, value = line[2:].strip().partition(": ")
    if key:
        yield key, value


def _match(pattern: re.Pattern[str], value: str, path: Path) -> dict[str, str]:
    found = pattern.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"{path}: not understood: {value}")
    return found.groupdict()


def _input(found: dict[str, str]) -> Input:
    columns = []
    for part in _COMMA.split(found["columns"]):
        name, _, type_ = part.strip().partition(" ")
        plain, _, hint = type_.partition("~")
        columns.append(Column(name=name, type=plain, hint=hint))
    unique = tuple((found["unique"] or "").split())
    return Input(name=found["name"], by=found["by"], columns=tuple(columns), unique=unique)


def _expected(found: dict[str, str]) -> Expected:
    return Expected(
        name=found["name"],
        kind=found["kind"],
        column=found["column"],
        start=int(found["start"]) if found["start"] else None,
        end=int(found["end"]) if found["end"] else None,
        nulls=bool(found["nulls"]),
        code=found["code"],
    )


def _kind(type_: str, dialect: str) -> BoundType | None:
    return kind_of_type(exp.DataType.build(type_, dialect=dialect), dialect)


class _Relations:
    """Every name is a relation of its own."""

    def ref(self, name: str, package: str | None) -> Relation:
        return Relation("db", "analytics", name)

    def source(self, source: str, table: str) -> Relation:
        return Relation("db", source, table)


_TEMPLATES = Templates(
    TemplateSettings(project="golden", run_started_at=datetime(2024, 6, 1, tzinfo=UTC)),
    (),
    quote=lambda relation: f"{relation.schema}.{relation.identifier}",
    quote_name=str,
)


def rendered(model: GoldenModel) -> Rendered:
    """The analysis render, by the real templates."""
    return _TEMPLATES.analyse(
        TemplateInput(
            name=model.name,
            file=f"models/{model.name}.sql",
            sql=model.sql,
            relation=Relation("db", "analytics", model.name),
            partition=PartitionNames(
                column=model.partition.column,
                grain=model.partition.grain,
                type=model.partition.column_type,
            ),
        ),
        _Relations(),
    )


def name_of(target: str) -> str:
    """The name in the header of an occurrence's target."""
    return target.partition(":")[2] or target


def facts_of(model: GoldenModel, render: Rendered) -> QueryFacts:
    """The analysis of a rendered model. Raises KeyError for an input that the header does not have."""
    return analyse(
        AnalysisRequest(
            model=model.name,
            sql=render.sql,
            dialect=model.dialect,
            locate=render.source_map.locate,
            occurrences={
                f"__sb_occurrence_{found.index}__": _ref(
                    model, name_of(found.target), found.filtered
                )
                for found in render.occurrences
            },
            partition=model.partition,
            bounds_in_control_flow=render.bounds_in_control_flow or render.bounds_as_value,
        )
    )


def _ref(model: GoldenModel, name: str, filtered: bool) -> InputRef:
    one = model.inputs[name]
    partition = None
    if one.by is not None:
        own = next(column for column in one.columns if column.name == one.by)
        kind = _kind(own.type, model.dialect)
        partition = PartitionInfo(column=one.by, grain="day", column_type=kind)
    return InputRef(
        relation=model.name if name == "this" else name,
        columns=tuple((column.name, column.type) for column in one.columns),
        partition=partition,
        unpartitioned=one.by is None,
        unique_keys=(one.unique,) if one.unique else (),
        identifier=model.name if name == "this" else name.rsplit(".", 1)[-1],
        filtered=filtered,
        is_this=name == "this",
    )


def compare(model: GoldenModel, facts: QueryFacts) -> Verdict:
    """The outcome of `facts` against the header."""
    reads = {"this" if read.is_this else read.relation: read for read in facts.reads}
    narrow, wide, reasons = [], [], []
    for name in sorted(reads.keys() | model.reads.keys()):
        if name not in reads or name not in model.reads:
            reasons.append(f"{name} is read in one of the two only")
            continue
        _compare_read(model.reads[name], reads[name], narrow, wide)
    if facts.errors:
        reasons.append(f"errors {[error.code for error in facts.errors]}")
    if set(facts.strategies) - set(model.strategies) or (
        facts.verdict == "proven" and model.verdict != "proven"
    ):
        narrow.append(
            f"{facts.verdict}, {facts.strategies}, not {model.verdict}, {model.strategies}"
        )
    elif (facts.verdict, facts.strategies) != (model.verdict, model.strategies):
        wide.append(f"{facts.verdict}, {facts.strategies}, not {model.verdict}, {model.strategies}")
    codes = {reason.code for reason in facts.reasons}
    if codes != model.codes:
        wide.append(f"reasons {sorted(codes)}, not {sorted(model.codes)}")
    if narrow:
        return Verdict(Outcome.UNSOUND, tuple(narrow + wide))
    if not reasons and not wide:
        return Verdict(Outcome.EXACT, ())
    is_said = bool(codes & model.wider) or "NONE" in model.wider
    is_said = is_said and codes <= model.codes | model.wider
    outcome = Outcome.WIDER if is_said and not reasons else Outcome.OTHER_REASON
    return Verdict(outcome, tuple(reasons + wide))


def _compare_read(want: Expected, read: Read, narrow: list[str], wide: list[str]) -> None:
    is_open = read.start_offset is None and read.end_offset is None
    nulls = read.window is not None and read.window.nulls
    shown = f"{read.relation} {read.kind} {read.column} {read.start_offset}..{read.end_offset}"
    shown += " or null" if nulls else ""
    is_narrower = want.kind != "unpartitioned" and (
        (read.start_offset is not None and (want.start is None or read.start_offset > want.start))
        or (read.end_offset is not None and (want.end is None or read.end_offset < want.end))
        or (not is_open and want.nulls and not nulls)
        or (not is_open and (read.column or "").lower() != (want.column or "").lower())
    )
    if is_narrower:
        narrow.append(f"{shown}, not {want}")
    elif (read.kind, read.start_offset, read.end_offset, nulls) != (
        want.kind, want.start, want.end, want.nulls,
    ):  # fmt: skip
        wide.append(f"{shown}, not {want}")
