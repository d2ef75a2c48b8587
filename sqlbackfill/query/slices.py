"""What a reader sees of a model's code: the fingerprint of the columns that it uses. No SQL parser here."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from sqlbackfill.query.facts import QueryFacts


def slice_fingerprint(facts: QueryFacts, columns: Iterable[str] | None) -> str:
    """The fingerprint of a model's query restricted to `columns`, in any order.

    Two queries that have it in common give the same rows where only these columns are looked at. That
    of the whole query where one of the columns is not known by name.
    """
    if columns is None or not facts.row_fingerprint:
        return facts.fingerprint
    known: dict[str, str] = {}
    for name, text in facts.column_fingerprints:
        if name.lower() in known:  # two columns that differ in case alone
            return facts.fingerprint
        known[name.lower()] = text
    wanted = sorted({column.lower() for column in columns})
    if any(column not in known for column in wanted):
        return facts.fingerprint
    said = [part for column in wanted for part in (column, known[column])]
    return restated(facts.row_fingerprint, said)


def restated(fingerprint: str, said: Iterable[str]) -> str:
    """The fingerprint with something added to what it covers, still telling how it was made.

    Nothing changes where nothing is said, or where there is no fingerprint.
    """
    parts = tuple(said)
    if not parts or not fingerprint:
        return fingerprint
    made, _, _ = fingerprint.rpartition("-")
    return f"{made}-{_digest(fingerprint, *parts)}"


def _digest(*parts: str) -> str:
    coded = [part.encode() for part in parts]
    told_apart = b"".join(piece for data in coded for piece in (len(data).to_bytes(8, "big"), data))
    return blake2b(told_apart, digest_size=16).hexdigest()
