"""A ledger that was edited by hand is refused by name: its records are never guessed at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sqlbackfill.errors import WarehouseError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import BuildDetails, Island
from sqlbackfill.warehouse.protocol import Relation, Session


@pytest.mark.parametrize(
    "edit", ["inputs = '{oops'", "action = 'frobbed'", "plan_id = NULL", "end_ordinal = 0"]
)
def test_a_record_that_cannot_be_read_is_no_internal_error(
    ledger: Ledger,
    session: Session,
    relation: Relation,
    record: Callable[..., tuple[Island, BuildDetails]],
    edit: str,
) -> None:
    ledger.append(session, [record(1)])
    session.execute_count(f"UPDATE {ledger.place.sql('partition_log')} SET {edit}")
    with pytest.raises(WarehouseError) as refused:
        ledger.logs(session, [relation])
    [found] = refused.value.diagnostics
    assert (found.code, "partition_log" in found.message) == ("LEDGER_DAMAGED", True)


def test_a_run_that_cannot_be_read_is_no_internal_error(ledger: Ledger, session: Session) -> None:
    session.execute_count(
        f"INSERT INTO {ledger.place.sql('run')} (seq, run_id, status) VALUES (1, 'r', 'frobbed')"
    )
    with pytest.raises(WarehouseError) as refused:
        ledger.runs(session)
    assert refused.value.diagnostics[0].code == "LEDGER_DAMAGED"
