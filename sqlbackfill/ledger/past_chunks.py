"""What chunks of a table cost when they were built, and how large those were that failed for their size.

Reads partition_log and run_chunk; what is made of it is `plan`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlbackfill.dataclass import dataclass
from sqlbackfill.ledger.damage import readable
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Action, ChunkStatus
from sqlbackfill.ledger.schema import RELATION_COLUMNS
from sqlbackfill.warehouse.protocol import Relation, Session

MOST_CHUNKS = 64
"""So many of a table are looked at: the newest."""
TOO_LARGE = ("OUT_OF_MEMORY", "STATEMENT_TIMEOUT")
"""The codes of failures that a smaller chunk may be spared."""

_MOST_NAMES = 500
_MOST_ROWS = 20_000
_KEY = ", ".join(RELATION_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastChunk:
    """One chunk that was built: its partitions, what it took and what it wrote.

    `scan_bytes` is None where the engine did not say.
    """

    partitions: int
    seconds: float
    rows: int
    scan_bytes: int | None
    strategy: str
    fingerprint: str
    finished_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The newest chunks of one table, newest first; `too_large` is the size, in partitions, of the
    smallest chunk that ran out of memory or time and that none as large was built after. None: there
    is no such chunk.
    """

    chunks: tuple[PastChunk, ...] = ()
    too_large: int | None = None


def read_past(
    ledger: Ledger, session: Session, relations: Sequence[Relation]
) -> dict[Relation, Past]:
    """The past of each of `relations`; those without any left out.

    Costs two queries for any number of relations. Of many thousands of newer records of other
    tables a table's own may be left unseen.
    """
    if not relations or not ledger.exists(session):
        return {}
    asked = frozenset(relations)
    wanted, names = _named(asked)
    limit = min(_MOST_ROWS, MOST_CHUNKS * len(asked))
    log, attempts = ledger.place.sql("partition_log"), ledger.place.sql("run_chunk")
    built = session.execute(
        f"SELECT {_KEY}, run_id, chunk, end_ordinal - start_ordinal, seconds, row_count, scan_bytes, "
        "strategy, fingerprint, finished_at FROM ("
        f"SELECT *, row_number() OVER (PARTITION BY {_KEY} ORDER BY seq DESC) AS nth FROM {log} "
        f"WHERE action = ? AND {wanted}) AS ranked WHERE nth <= ? ORDER BY seq DESC LIMIT ?",
        (Action.BUILT.value, *names, MOST_CHUNKS, limit),
    )
    failed = session.execute(
        f"SELECT {_KEY}, end_ordinal - start_ordinal, finished_at FROM {attempts} "
        f"WHERE status IN (?, ?) AND code IN ({', '.join('?' * len(TOO_LARGE))}) AND {wanted}",
        (ChunkStatus.SPLIT.value, ChunkStatus.FAILED.value, *TOO_LARGE, *names),
    )
    with readable(ledger.place, "partition_log"):
        chunks = _chunks(built, limit)
    sizes: dict[Relation, list[tuple[int, str]]] = {}
    for *key, partitions, finished_at in failed:
        sizes.setdefault(Relation(*key), []).append((int(partitions), finished_at))
    return {
        relation: Past(
            chunks=tuple(chunks.get(relation, ())),
            too_large=_too_large(sizes.get(relation, ()), chunks.get(relation, ())),
        )
        for relation in asked
        if relation in chunks or relation in sizes
    }


def _chunks(rows: Sequence[tuple[Any, ...]], limit: int) -> dict[Relation, list[PastChunk]]:
    """Chunks by relation, in the order of `rows`; the keys of a list, recorded one by one, are summed.

    The oldest chunk of a table is left out where some of its keys may have been cut off.
    """
    together: dict[Relation, dict[tuple[str, int], list[tuple[Any, ...]]]] = {}
    for database, schema, table, run_id, chunk, *values in rows:
        of_table = together.setdefault(Relation(database, schema, table), {})
        of_table.setdefault((run_id, chunk), []).append(tuple(values))
    found: dict[Relation, list[PastChunk]] = {}
    for relation, chunks in together.items():
        taken = [_chunk(pieces) for pieces in chunks.values()]
        is_cut = len(rows) == limit or sum(map(len, chunks.values())) == MOST_CHUNKS
        is_keyed = len(taken) < sum(map(len, chunks.values()))
        found[relation] = taken[:-1] if is_cut and is_keyed and len(taken) > 1 else taken
    return found


def _chunk(pieces: Sequence[tuple[Any, ...]]) -> PastChunk:
    partitions, seconds, rows, scanned, strategy, fingerprint, finished = zip(*pieces, strict=True)
    return PastChunk(
        partitions=sum(partitions),
        seconds=sum(seconds),
        rows=sum(rows),
        scan_bytes=None if None in scanned else sum(scanned),
        strategy=strategy[0],
        fingerprint=fingerprint[0],
        finished_at=finished[0],
    )


def _too_large(failed: Iterable[tuple[int, str]], chunks: Iterable[PastChunk]) -> int | None:
    built = [(chunk.partitions, chunk.finished_at) for chunk in chunks]
    standing = (
        size
        for size, failed_at in sorted(failed)
        if not any(partitions >= size and at > failed_at for partitions, at in built)
    )
    return next(standing, None)


def _named(relations: Iterable[Relation]) -> tuple[str, list[str]]:
    """A condition that holds for all of `relations`, and for few others, with its parameters."""
    tables = sorted({relation.identifier for relation in relations})
    if len(tables) > _MOST_NAMES:
        return "1 = 1", []
    return f"table_name IN ({', '.join('?' * len(tables))})", tables
