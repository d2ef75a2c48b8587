"""What a ledger tells of chunks that were built before, on every adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.past_chunks import MOST_CHUNKS, Past, read_past
from sqlbackfill.ledger.records import Action, BuildDetails, ChunkStatus, Island
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session
from tests.contract.ledger_values import chunk

Make = Callable[..., tuple[Island, BuildDetails]]


def took(seconds: float, **more: object) -> BuildDetails:
    return BuildDetails(strategy="range", seconds=seconds, **more)  # type: ignore[arg-type]


def past(ledger: Ledger, session: Session, relation: Relation) -> Past:
    return read_past(ledger, session, [relation])[relation]


def test_a_ledger_that_was_never_made_has_no_past(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    assert read_past(Ledger(adapter, adapter.database), session, [relation]) == {}


def test_chunks_come_newest_first_with_what_they_took(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(0, end=7, rows=70, details=took(0.5, scan_bytes=9))])
    ledger.append(session, [record(7, rows=5, chunk=1, details=took(0.25))])
    newest, oldest = past(ledger, session, relation).chunks
    assert (newest.partitions, newest.seconds, newest.rows, newest.scan_bytes) == (1, 0.25, 5, None)
    assert (oldest.partitions, oldest.seconds, oldest.rows, oldest.scan_bytes) == (7, 0.5, 70, 9)
    assert oldest.strategy == "range"
    assert oldest.fingerprint == record(0)[0].fingerprint


def test_the_keys_of_one_chunk_are_one_chunk(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    keys = [
        record(at, space="keys", end_key=key, rows=2, details=took(0.25))
        for at, key in enumerate(("eu", "us"))
    ]
    ledger.append(session, keys)
    (found,) = past(ledger, session, relation).chunks
    assert (found.partitions, found.seconds, found.rows) == (2, 0.5, 4)


def test_only_the_newest_are_read_of_each_table(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    other = replace(relation, identifier="other")
    many = [record(at, chunk=at, details=took(at)) for at in range(MOST_CHUNKS + 5)]
    ledger.append(session, [record(0, relation=other, details=took(99)), *many])
    found = read_past(ledger, session, [relation, other])
    assert [each.seconds for each in found[other].chunks] == [99]
    seconds = [each.seconds for each in found[relation].chunks]
    assert seconds == [MOST_CHUNKS + 4 - at for at in range(MOST_CHUNKS)]


def test_what_was_not_built_here_took_no_time(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(0, action=Action.ADOPTED), record(1, action=Action.FORGOTTEN)])
    assert read_past(ledger, session, [relation]) == {}


def test_a_chunk_that_ran_out_of_memory_is_too_large_until_one_as_large_is_built(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    died = chunk(relation, 0, 30, status=ChunkStatus.SPLIT, code="OUT_OF_MEMORY")
    ledger.save_chunk(session, replace(died, finished_at="2024-05-01T12:00:00+00:00"))
    ledger.save_chunk(session, chunk(relation, 0, 3, status=ChunkStatus.SPLIT, code="CAST_FAILED"))
    assert past(ledger, session, relation) == Past(too_large=30)
    ledger.append(session, [record(0, end=29, finished_at="2024-05-02T12:00:00+00:00")])
    assert past(ledger, session, relation).too_large == 30
    ledger.append(session, [record(0, end=30, finished_at="2024-05-02T12:00:00+00:00")])
    assert past(ledger, session, relation).too_large is None
