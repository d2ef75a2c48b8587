"""Every adapter that must pass the contract, and values for its ledger."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Action, BuildDetails, InputMark, Island
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session
from sqlbackfill.warehouse.snowflake import SnowflakeAdapter
from sqlbackfill.warehouse.snowflake_profile import read_snowflake_target
from tests.emulator.process import IS_LONG, Emulator, running

SNOWFLAKE = "snowflake-emulated"
LONG = frozenset(
    {"test_ledger", "test_ledger_damage", "test_ledger_runs", "test_ledger_schema", "test_leases"}
)
"""What takes minutes over HTTP; runs of whole projects against the emulator use all of it, too."""
ADAPTERS: dict[str, Callable[[Path], Adapter]] = {
    "duckdb": lambda directory: DuckDBAdapter(DuckDBTarget(path=directory / "house.duckdb")),
    "duckdb-in-memory": lambda _directory: DuckDBAdapter(DuckDBTarget(name="house")),
    "double": lambda _directory: DoubleAdapter(),
    "double-where-ddl-commits": lambda _directory: DoubleAdapter(transactional_ddl=False),
}


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator")) as found:
        yield found


def emulated(emulator: Emulator) -> Adapter:
    """Snowflake's adapter, with a database of its own on the emulator."""
    database = "C" + secrets.token_hex(4).upper()
    return SnowflakeAdapter(
        read_snowflake_target(emulator.fields("prod", database=database, connect_timeout=2))
    )


@pytest.fixture(params=[*ADAPTERS, SNOWFLAKE])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adapter]:
    if request.param == SNOWFLAKE:
        why = request.node.get_closest_marker("not_on_the_emulator")
        if why is not None:
            pytest.skip(why.args[0])
        if not IS_LONG and request.module.__name__.rpartition(".")[2] in LONG:
            pytest.skip("takes minutes there: make contract")
        made = emulated(request.getfixturevalue("emulator"))
    else:
        made = ADAPTERS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def session(adapter: Adapter) -> Session:
    return adapter.session()


@pytest.fixture
def relation(adapter: Adapter) -> Relation:
    return Relation(adapter.database, schema_of(adapter), "orders")


def schema_of(adapter: Adapter) -> str:
    """A schema that is there; DuckDB's `main` is the one name that the emulator does not store in upper case."""
    return "prod" if adapter.name == "snowflake" else "main"


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


Record = tuple[Island, BuildDetails]


@pytest.fixture
def record(relation: Relation) -> Callable[..., Record]:
    """A function from an ordinal, and what shall differ, to a record of `relation`.

    It covers one partition, or those up to `end`.
    """
    island = Island(
        relation=relation,
        identity="0123456789ab",
        space="day:UTC",
        start=0,
        end=1,
        start_key="0",
        end_key="0",
        model="orders",
        action=Action.BUILT,
        run_id="run-1",
        plan_id="plan-1",
        chunk=0,
        fingerprint="f1",
        inputs={"raw.orders": InputMark("v1"), "raw.añejo": InputMark('a "q"', "c", "w")},
        rows=3,
        finished_at="2024-05-01T12:00:00+00:00",
        analyser="1",
    )
    plain = BuildDetails(strategy="range", seconds=0.25, row_counts=(3,), scan_bytes=4096)

    def make(start: int, **changes: object) -> Record:
        end = changes.setdefault("end", start + 1)
        keys = {"start_key": str(start), "end_key": str(int(str(end)) - 1)}
        details = changes.pop("details", plain)
        assert isinstance(details, BuildDetails)
        return replace(island, **{"start": start, **keys, **changes}), details  # type: ignore[arg-type]

    return make
