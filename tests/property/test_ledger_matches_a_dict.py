"""The ledger against dictionaries, under random appends, rollbacks, failures and new processes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Action, ChunkRecord, ChunkStatus, PartitionRecord
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Relation

RELATIONS = (
    Relation("memory", "main", "orders"),
    Relation("memory", "dev", "orders"),
    Relation("memory", "main", "daily"),
)
SPACES = ("day:UTC", "month:UTC")
PLANS = ("plan-1", "plan-2")
ORDINALS = range(6)

Key = tuple[Relation, str, int]


def record(key: Key, action: Action, plan: str, number: int) -> PartitionRecord:
    relation, space, ordinal = key
    return PartitionRecord(
        relation=relation,
        identity="0123456789ab",
        space=space,
        key=f"key {ordinal}",
        ordinal=ordinal,
        model=relation.identifier,
        action=action,
        run_id=f"run of {plan}",
        plan_id=plan,
        chunk=number % 3,
        fingerprint=f"f{number}",
        inputs={"raw": str(number)},
        rows=number,
        strategy="range",
        seconds=number / 7,
        finished_at="2024-05-01T12:00:00+00:00",
        analyser="1",
    )


keys = st.tuples(st.sampled_from(RELATIONS), st.sampled_from(SPACES), st.sampled_from(ORDINALS))
batches = st.lists(
    st.tuples(keys, st.sampled_from((*[Action.BUILT] * 3, Action.ADOPTED, Action.FORGOTTEN))),
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
        self.history: list[PartitionRecord] = []
        self.failed: dict[Key, str] = {}
        self.numbers = 0

    def teardown(self) -> None:
        self.adapter.close()

    def made(self, batch: list[tuple[Key, Action]], plan: str) -> list[PartitionRecord]:
        self.numbers += 1
        return [record(key, action, plan, self.numbers) for key, action in batch]

    @rule(batch=batches, plan=st.sampled_from(PLANS))
    def append_and_commit(self, batch: list[tuple[Key, Action]], plan: str) -> None:
        records = self.made(batch, plan)
        self.session.begin()
        self.ledger.append(self.session, records)
        self.session.commit()
        self.history += records
        for each in records:
            self.failed.pop((each.relation, each.space, each.ordinal), None)

    @rule(batch=batches, plan=st.sampled_from(PLANS))
    def append_and_roll_back(self, batch: list[tuple[Key, Action]], plan: str) -> None:
        self.session.begin()
        self.ledger.append(self.session, self.made(batch, plan))
        self.session.rollback()

    @rule(key=keys, length=st.integers(1, 4))
    def a_chunk_fails(self, key: Key, length: int) -> None:
        relation, space, start = key
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

    def expected(self, without: str | None = None) -> dict[Relation, list[PartitionRecord]]:
        last: dict[Key, tuple[int, PartitionRecord]] = {}
        for at, each in enumerate(self.history):
            if each.plan_id != without:
                last[each.relation, each.space, each.ordinal] = (at, each)
        standing = {k: v for k, v in last.items() if v[1].action is not Action.FORGOTTEN}
        found: dict[Relation, list[PartitionRecord]] = {}
        for key in sorted(standing):
            at, each = standing[key]
            others = (v[0] for k, v in standing.items() if k[0] == key[0] and k[1] != key[1])
            if at > max(others, default=-1):
                found.setdefault(key[0], []).append(each)
        return found

    @invariant()
    def the_latest_records_are_those_of_the_dict(self) -> None:
        assert self.ledger.latest(self.session, RELATIONS) == self.expected()

    @invariant()
    def a_plan_s_records_can_be_taken_away(self) -> None:
        found = self.ledger.latest(self.session, RELATIONS, ignoring_plan="plan-2")
        assert found == self.expected(without="plan-2")

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
        expected: dict[str, set[tuple[Relation, str, int]]] = {}
        for records in self.expected().values():
            for each in records:
                if each.plan_id == "plan-1" and each.action is Action.BUILT:
                    key = (each.relation, each.space, each.ordinal)
                    expected.setdefault(each.model, set()).add(key)
        found = {
            model: {(each.relation, each.space, each.ordinal) for each in records}
            for model, records in self.ledger.committed(self.session, "plan-1").items()
        }
        assert found == expected


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
