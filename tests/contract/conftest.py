"""Every adapter that must pass the contract, and values for its ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Action, PartitionRecord
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

ADAPTERS: dict[str, Callable[[Path], Adapter]] = {
    "duckdb": lambda directory: DuckDBAdapter(DuckDBTarget(path=directory / "house.duckdb")),
    "duckdb-in-memory": lambda _directory: DuckDBAdapter(DuckDBTarget(name="house")),
    "double": lambda _directory: DoubleAdapter(),
    "double-where-ddl-commits": lambda _directory: DoubleAdapter(transactional_ddl=False),
}


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adapter]:
    made = ADAPTERS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def session(adapter: Adapter) -> Session:
    return adapter.session()


@pytest.fixture
def relation(adapter: Adapter) -> Relation:
    return Relation(adapter.database, "main", "orders")


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2024, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(adapter: Adapter, session: Session, clock: Clock) -> Ledger:
    made = Ledger(adapter, adapter.database, clock=clock)
    made.prepare(session)
    return made


@pytest.fixture
def record(relation: Relation) -> Callable[..., PartitionRecord]:
    """A function from an ordinal, and what shall differ, to a record of `relation`."""
    plain = PartitionRecord(
        relation=relation,
        identity="0123456789ab",
        space="day:UTC",
        key="0",
        ordinal=0,
        model="orders",
        action=Action.BUILT,
        run_id="run-1",
        plan_id="plan-1",
        chunk=0,
        fingerprint="f1",
        inputs={"raw.orders": "v1", "raw.añejo": 'a "quoted" one'},
        output_digest="d1",
        rows=3,
        strategy="range",
        query_id=None,
        seconds=0.25,
        scan_bytes=4096,
        finished_at="2024-05-01T12:00:00+00:00",
        analyser="1",
    )

    def make(ordinal: int, **changes: object) -> PartitionRecord:
        return replace(plain, **{"ordinal": ordinal, "key": str(ordinal), **changes})

    return make
