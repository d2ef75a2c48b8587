"""Freshness by marks and ranges, against a partition by partition memory of what each build read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sqlbackfill.ledger.checkpoints import merged
from sqlbackfill.ledger.history import History
from sqlbackfill.ledger.islands import RelationLog, standing
from sqlbackfill.ledger.records import Action, InputMark, Island, Mark
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.advance import advanced
from sqlbackfill.plan.freshness import Freshness
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.versions import Changes, InputEdge, InputVersions
from tests.unit.plan.world import World, daily, island, weekly, window

FIRST = daily().universe[0] or 0
DAYS = 9
WINDOWS = (window(0, 0), window(-2, 0), window(None, 0), window(1, 2), None)
OTHER_SPACE = "month"


@dataclass(frozen=True)
class Version:
    """What a partition of an upstream is: the record that built it, and its content if digested."""

    seq: int
    digest: str | None

    def equals(self, other: Version | None) -> bool:
        if other is None:
            return False
        return self.seq == other.seq or (self.digest is not None and self.digest == other.digest)


@dataclass
class Warehouse:
    """Three models with their logs; `now` and `read` are the memory that needs no log."""

    reads: Reads
    inputs: dict[str, tuple[InputEdge, ...]]
    logs: dict[str, list[Island]] = field(default_factory=dict)
    digests: dict[tuple[str, int], tuple[str | None, ...]] = field(default_factory=dict)
    checkpoints: dict[str, tuple[int, RelationLog]] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)
    now: dict[tuple[str, int], Version] = field(default_factory=dict)
    read: dict[tuple[str, int], dict[tuple[str, int], Version | None]] = field(default_factory=dict)
    numbers: int = 0
    disturbed: bool = False

    @classmethod
    def of(cls, at: int, own: int, *, weeks: bool) -> Warehouse:
        down = {"up": WINDOWS[at]}
        own_window = (window(None, -1), window(-1, -1))[own]
        world = World(
            {"up": {}, "down": down, "own": {"up": window(-1, 0), "own": own_window}},
            partitionings={"down": weekly()} if weeks else {},
        )
        inputs = {
            model: tuple(InputEdge(edge.upstream, "c") for edge in edges)
            for model, edges in world.reads.edges.items()
        }
        return cls(world.reads, inputs, identity=dict.fromkeys(world.reads_of, "t0"))

    def space(self, model: str) -> str:
        return self.reads.partitionings[model].space

    def log(self, model: str) -> RelationLog:
        covered, before = self.checkpoints.get(model, (0, None))
        newer = [each for each in self.logs.get(model, []) if each.seq > covered]
        return standing(newer, before)

    def head(self, model: str) -> Mark:
        return Mark(self.log(model).high_water, self.identity[model], self.space(model))

    def append(self, model: str, partitions: PartitionSet, **changes: object) -> Island:
        self.numbers += 1
        values = {"identity": self.identity[model], "space": self.space(model)}
        values |= {"seq": self.numbers, "run_id": str(self.numbers), **changes}
        record = island(model, partitions, **values)
        self.logs.setdefault(model, []).append(record)
        return record

    def build(self, model: str, partitions: PartitionSet, contents: str | None) -> None:
        if model == "own":
            for ordinal in partitions.ordinals():
                self._build(model, PartitionSet.single(ordinal), contents)
        else:
            self._build(model, partitions, contents)

    def _build(self, model: str, partitions: PartitionSet, contents: str | None) -> None:
        heads = {name: self.head(name) for name in self.reads.edges}
        marks = InputVersions(self.inputs, heads).inputs_of(model, partitions)
        for ordinal in partitions.ordinals():
            windows = self.reads.upstream(model, PartitionSet.single(ordinal))
            self.read[model, ordinal] = {
                (up, each): self.now.get((up, each))
                for up, read in windows.items()
                for each in read.ordinals()
            }
        record = self.append(model, partitions, inputs=marks)
        if contents is not None:
            digests = tuple(contents[o % len(contents)] for o in partitions.ordinals())
            self.digests[model, record.seq] = digests
        for at, ordinal in enumerate(partitions.ordinals()):
            digest = None if contents is None else self.digests[model, record.seq][at]
            self.now[model, ordinal] = Version(record.seq, digest)

    def forget(self, model: str, partitions: PartitionSet) -> None:
        self.append(model, partitions, action=Action.FORGOTTEN)
        for ordinal in partitions.ordinals():
            self.now.pop((model, ordinal), None)

    def replace_table(self, model: str, identity: str) -> None:
        """Another tool makes the table anew, or puts an older one back: records follow the table."""
        self.identity[model] = identity
        for key in [key for key in self.now if key[0] == model]:
            del self.now[key]
        for each in self.log_of_all(model):
            if each.identity == identity:
                for ordinal in range(each.start, each.end):
                    digests = self.digests.get((model, each.seq))
                    start = next(r.start for r in self.logs[model] if r.seq == each.seq)
                    digest = digests[ordinal - start] if digests else None
                    self.now[model, ordinal] = Version(each.seq, digest)

    def log_of_all(self, model: str) -> tuple[Island, ...]:
        return standing(self.logs.get(model, [])).counting

    def cut_otherwise(self, model: str) -> None:
        """Records of another key space: what was recorded before does not count."""
        self.append(model, PartitionSet.span(0, 3), space=OTHER_SPACE)
        self.disturbed = True
        for key in [key for key in self.now if key[0] == model]:
            del self.now[key]

    def freshness(self) -> Freshness:
        def exact(model: str, mark: Mark, columns: str, within: PartitionSet) -> object:
            history = History(
                self.logs.get(model, []),
                self.space(model),
                digests=lambda seq: (
                    {"c": self.digests[model, seq]} if (model, seq) in self.digests else {}
                ),
            )
            return history.moved(mark, self.head(model), columns, within)

        return Freshness(
            reads=self.reads,
            inputs=self.inputs,
            changes={name: Changes(self.head(name), self.log(name)) for name in self.reads.edges},
            exact=exact,  # type: ignore[arg-type]
        )

    def records(self, model: str) -> list[Island]:
        return [
            each
            for each in self.log(model).counting
            if each.identity == self.identity[model] and each.space == self.space(model)
        ]

    def keep(self, model: str) -> None:
        """A checkpoint, with the marks of what is fresh moved up, as at the end of a run."""
        log = self.log(model)
        records = self.records(model)
        causes = self.freshness().causes(model, records, "f")
        heads = {name: self.head(name) for name in self.reads.edges}
        marks = [
            mark.seq
            for reader in self.reads.edges
            for each in self.log(reader).islands
            for name, read in each.inputs.items()
            if name == model and (mark := Mark.read(read.mark)) is not None
        ]
        moved = advanced(log, records, causes, self.inputs[model], heads)
        kept = merged(moved, min(marks, default=log.high_water))
        self.checkpoints[model] = (log.high_water, kept)

    def check(self) -> None:
        freshness = self.freshness()
        for model in self.reads.edges:
            records = self.records(model)
            expected = {
                ordinal
                for each in records
                for ordinal in range(each.start, each.end)
                if not all(
                    self.now.get(key) is None if then is None else then.equals(self.now.get(key))
                    for key, then in self.read[model, ordinal].items()
                )
            }
            causes = freshness.causes(model, records, "f")
            stale = {o for cause in causes for o in cause.partitions.ordinals()}
            if self.disturbed:
                assert stale >= expected, model
            else:
                assert stale == expected, model
            assert sum(len(cause.partitions) for cause in causes) == len(stale)


spans = st.tuples(st.integers(0, DAYS - 1), st.integers(1, 4))
names = st.sampled_from(("up", "up", "down", "down", "own"))
contents = st.sampled_from((None, "a", "b", "ab", "aab"))
events = st.one_of(
    st.tuples(st.just("build"), names, spans, contents),
    st.tuples(st.just("build"), names, spans, contents),
    st.tuples(st.just("build"), names, spans, contents),
    st.tuples(st.just("forget"), st.sampled_from(("up", "own")), spans),
    st.tuples(st.just("keep"), names),
    st.tuples(st.just("keep"), names),
    st.tuples(st.just("replace"), st.just("up"), st.sampled_from(("t0", "t1", ""))),
)


def partitions_of(warehouse: Warehouse, model: str, span: tuple[int, int]) -> PartitionSet:
    first = warehouse.reads.horizons[model].start
    size = 7 if warehouse.reads.partitionings[model] == weekly() else 1
    start = first + span[0] // size
    return PartitionSet.span(start, start + max(1, span[1] // size))


def play(warehouse: Warehouse, events: list[tuple[object, ...]]) -> None:
    for what, model, *rest in events:
        assert isinstance(model, str)
        match what, rest:
            case "build", [span, content]:
                warehouse.build(model, partitions_of(warehouse, model, span), content)  # type: ignore[arg-type]
            case "forget", [span]:
                warehouse.forget(model, partitions_of(warehouse, model, span))  # type: ignore[arg-type]
            case "replace", [identity]:
                warehouse.replace_table(model, str(identity))
            case "cut", []:
                warehouse.cut_otherwise(model)
            case _:
                warehouse.keep(model)
        warehouse.check()


@settings(max_examples=200)
@given(
    st.integers(0, len(WINDOWS) - 1),
    st.integers(0, 1),
    st.booleans(),
    st.lists(events, min_size=2, max_size=14),
)
def test_a_partition_is_stale_iff_something_in_its_read_windows_is_not_what_it_read(
    at, own, weeks, events
):
    play(Warehouse.of(at, own, weeks=weeks), events)


@settings(max_examples=60)
@given(
    st.integers(0, len(WINDOWS) - 1),
    st.lists(st.one_of(events, st.tuples(st.just("cut"), st.just("up"))), min_size=3, max_size=12),
)
def test_where_partitions_were_once_cut_otherwise_nothing_stale_is_called_fresh(at, events):
    play(Warehouse.of(at, 0, weeks=False), events)


def test_an_upstream_that_went_back_to_what_was_read_leaves_its_reader_fresh():
    warehouse = Warehouse.of(0, 0, weeks=False)
    play(
        warehouse,
        [
            ("build", "up", (0, 4), "a"),
            ("build", "down", (0, 4), None),
            ("build", "up", (1, 2), "b"),
            ("build", "up", (2, 1), "a"),
        ],
    )
    [cause] = warehouse.freshness().causes("down", warehouse.records("down"), "f")
    assert cause.partitions == PartitionSet.single(FIRST + 1)
    assert (cause.changed, cause.runs) == (PartitionSet.single(FIRST + 1), ("3",))


def test_a_record_that_does_not_say_what_it_read_is_stale():
    warehouse = Warehouse.of(0, 0, weeks=False)
    partitions = PartitionSet.single(FIRST)
    for marks in ({}, {"up": InputMark("")}, {"up": InputMark("1")}):
        record = island("down", partitions, inputs=marks)
        [cause] = warehouse.freshness().causes("down", [record], "f")
        assert (cause.partitions, cause.input) == (partitions, "up")
    known = replace(record, inputs={"up": InputMark("0|t0|day", "c", "narrow")})
    narrow = replace(warehouse.freshness(), inputs={"down": (InputEdge("up", "c", "wide"),)})
    [cause] = narrow.causes("down", [known], "f")
    assert cause.code == "READ_WINDOW_WIDENED"
    assert not warehouse.freshness().causes(
        "down", [replace(known, inputs={"up": InputMark("0|t0|day")})], "f"
    )
