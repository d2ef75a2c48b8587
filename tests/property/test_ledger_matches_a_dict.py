"""The ledger against dictionaries, under random appends, rollbacks, failures and new processes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sqlbackfill.ledger.checkpoints import merged
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import (
    Action,
    BuildDetails,
    ChunkRecord,
    ChunkStatus,
    InputMark,
    Island,
)
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Relation

RELATIONS = (
    Relation("memory", "main", "orders"),
    Relation("memory", "dev", "orders"),
    Relation("memory", "main", "daily"),
)
SPACES = ("day:UTC", "day:UTC", "month:UTC", KEY_SPACE)
PLANS = ("plan-1", "plan-2")
ORDINALS = range(6)

Key = tuple[Relation, str, int]
Span = tuple[Relation, str, int, int]
"""Partitions of a relation: space, first, and how many."""


def record(span: Span, action: Action, plan: str, number: int) -> tuple[Island, BuildDetails]:
    relation, space, start, length = span
    island = Island(
        relation=relation,
        identity="0123456789ab",
        space=space,
        start=start,
        end=start + length,
        start_key=f"key {start}",
        end_key=f"key {start + length - 1}",
        model=relation.identifier,
        action=action,
        run_id=f"run of {plan}",
        plan_id=plan,
        chunk=number % 3,
        fingerprint=f"f{number % 2}",
        inputs={"raw": InputMark(str(number % 2))},
        rows=number,
        finished_at="2024-05-01T12:00:00+00:00",
        analyser="1",
    )
    return island, BuildDetails(strategy="range", seconds=number / 7)


spans = st.tuples(
    st.sampled_from(RELATIONS),
    st.sampled_from(SPACES),
    st.sampled_from(ORDINALS),
    st.integers(1, 4),
).map(lambda span: (*span[:3], 1) if span[1] == KEY_SPACE else span)
batches = st.lists(
    st.tuples(spans, st.sampled_from((*[Action.BUILT] * 3, Action.ADOPTED, Action.FORGOTTEN))),
    min_size=1,
    max_size=8,
)


class LedgerMachine(RuleBasedStateMachine):
    """`history` is every committed record in order; what the ledger should say follows from it."""

    def __init__(self) -> None:
        super().__init__()
        self.adapter = DuckDBAdapter(DuckDBTarget())
        self.session = self.adapter.session()
        self.ledger = Ledger(self.adapter, "memory")
        self.ledger.prepare(self.session)
        self.history: list[Island] = []
        self.failed: dict[Key, str] = {}
        self.numbers = 0
        self.is_merged = False

    def teardown(self) -> None:
        self.adapter.close()

    def made(
        self, batch: list[tuple[Span, Action]], plan: str
    ) -> list[tuple[Island, BuildDetails]]:
        self.numbers += 1
        return [record(span, action, plan, self.numbers) for span, action in batch]

    @rule(batch=batches, plan=st.sampled_from(PLANS))
    def append_and_commit(self, batch: list[tuple[Span, Action]], plan: str) -> None:
        records = self.made(batch, plan)
        self.session.begin()
        written = self.ledger.append(self.session, records)
        self.session.commit()
        self.history += written
        for each in written:
            for ordinal in range(each.start, each.end):
                self.failed.pop((each.relation, each.space, ordinal), None)

    @rule(batch=batches, plan=st.sampled_from(PLANS))
    def append_and_roll_back(self, batch: list[tuple[Span, Action]], plan: str) -> None:
        self.session.begin()
        self.ledger.append(self.session, self.made(batch, plan))
        self.session.rollback()

    @rule(span=spans)
    def a_chunk_fails(self, span: Span) -> None:
        relation, space, start, length = span
        self.numbers += 1
        message = f"failure {self.numbers}"
        self.ledger.save_chunk(
            self.session,
            ChunkRecord(
                run_id=message,
                model=relation.identifier,
                relation=relation,
                chunk=0,
                space=space,
                start=start,
                end=start + length,
                start_key="",
                end_key="",
                status=ChunkStatus.FAILED,
                code="QUERY_FAILED",
                message=message,
                finished_at="2024-05-01T12:00:00+00:00",
            ),
        )
        for ordinal in range(start, start + length):
            self.failed[relation, space, ordinal] = message

    @rule()
    @precondition(lambda self: self.history)
    def another_process_goes_on(self) -> None:
        self.ledger = Ledger(self.adapter, "memory")

    @rule(settled=st.booleans())
    @precondition(lambda self: self.history)
    def what_stands_is_kept_as_a_checkpoint(self, settled: bool) -> None:
        for relation, log in self.ledger.logs(self.session, RELATIONS).items():
            kept = merged(log, log.high_water if settled else 0)
            self.ledger.save_checkpoint(self.session, relation, kept, "now")
        self.is_merged = self.is_merged or settled

    def expected(self) -> dict[Relation, dict[tuple[str, int], Island]]:
        last: dict[Key, Island] = {}
        for each in self.history:
            for ordinal in range(each.start, each.end):
                last[each.relation, each.space, ordinal] = each
        standing = {k: v for k, v in last.items() if v.action is not Action.FORGOTTEN}
        found: dict[Relation, dict[tuple[str, int], Island]] = {}
        for key, each in standing.items():
            others = (v.seq for k, v in standing.items() if k[0] == key[0] and k[1] != key[1])
            if each.seq > max(others, default=-1):
                found.setdefault(key[0], {})[key[1], key[2]] = each
        return found

    @invariant()
    def what_stands_is_what_the_dict_holds(self) -> None:
        found: dict[Relation, dict[tuple[str, int], Island]] = {}
        for relation, log in self.ledger.logs(self.session, RELATIONS).items():
            for island in log.counting:
                for ordinal in range(island.start, island.end):
                    assert (island.space, ordinal) not in found.setdefault(relation, {})
                    found[relation][island.space, ordinal] = island
        expected = self.expected()
        assert {r: by.keys() for r, by in found.items()} == {
            r: by.keys() for r, by in expected.items()
        }
        for relation, by_place in expected.items():
            for place, each in by_place.items():
                self.check(found[relation][place], each)

    def check(self, island: Island, expected: Island) -> None:
        """A merged island says of its partitions all that matters of each."""
        told = (island.action, island.fingerprint, island.inputs, island.identity)
        assert told == (
            expected.action,
            expected.fingerprint,
            expected.inputs,
            expected.identity,
        )
        if self.is_merged:
            assert island.seq >= expected.seq
        else:
            assert (island.seq, island.run_id) == (expected.seq, expected.run_id)

    @invariant()
    def the_highest_number_is_known(self) -> None:
        newest: dict[Relation, int] = {}
        for each in self.history:
            newest[each.relation] = max(newest.get(each.relation, 0), each.seq)
        logs = self.ledger.logs(self.session, RELATIONS)
        assert {relation: log.high_water for relation, log in logs.items()} == newest

    @invariant()
    def what_was_written_since_any_mark_is_the_rest_of_the_history(self) -> None:
        marks = {each.relation: each.seq for each in self.history[: len(self.history) // 2]}
        found = self.ledger.changed_since(self.session, marks, ignoring_plan="plan-2")
        expected: dict[Relation, list[Island]] = {}
        for each in self.history:
            if each.plan_id != "plan-2" and each.seq > marks.get(each.relation, 1 << 62):
                expected.setdefault(each.relation, []).append(each)
        assert found == expected

    @invariant()
    def the_failures_are_those_of_the_dict(self) -> None:
        found = {
            (relation, failure.space, ordinal): failure.message
            for relation, failures in self.ledger.failures(self.session, RELATIONS).items()
            for failure in failures
            for ordinal in range(failure.start, failure.end)
        }
        assert found == self.failed

    @invariant()
    def what_a_plan_committed_is_what_stands_of_it(self) -> None:
        expected: dict[str, set[Key]] = {}
        for relation, by_place in self.expected().items():
            for (space, ordinal), each in by_place.items():
                if each.plan_id == "plan-1" and each.action is Action.BUILT:
                    expected.setdefault(each.model, set()).add((relation, space, ordinal))
        found = {
            model: {
                (each.relation, each.space, ordinal)
                for each in records
                for ordinal in range(each.start, each.end)
            }
            for model, records in self.ledger.committed(self.session, "plan-1").items()
        }
        assert found == expected


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=25, stateful_step_count=15)
