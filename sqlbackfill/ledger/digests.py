"""Content digests as values: how they are written, compared and added up. Takes none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from sqlbackfill.dataclass import dataclass
from sqlbackfill.warehouse.protocol import DigestSql


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows there are, and two salted sums of their hashes, under the tag of how.

    Sums, since an exclusive or would let equal rows cancel (analysis.md, 6). No rows and no record
    differ: a digest of no rows is still a digest.
    """

    tag: str
    count: int
    first: int
    second: int

    def __add__(self, other: Digest) -> Digest:
        """The digest of both, which share no rows. Raises ValueError for another tag."""
        if self.tag != other.tag:
            raise ValueError(f"digests of other kinds do not add up: {self.tag}, {other.tag}")
        return Digest(
            self.tag, self.count + other.count, self.first + other.first, self.second + other.second
        )

    def __str__(self) -> str:
        return f"{self.tag}|{self.count}|{self.first:x}|{self.second:x}"

    @classmethod
    def read(cls, text: str) -> Digest:
        """The digest that printed as `text`. Raises ValueError.

        >>> str(Digest.read("0a1b|2|ff|10"))
        '0a1b|2|ff|10'
        """
        tag, count, first, second = text.split("|")
        return cls(tag, int(count), int(first, 16), int(second, 16))

    @classmethod
    def empty(cls, tag: str) -> Digest:
        """That of no rows."""
        return cls(tag, 0, 0, 0)


def digest_of(sql: DigestSql, count: int, first_sum: str, second_sum: str) -> Digest:
    """The digest that the aggregates of `sql` came to."""
    return Digest(sql.tag, int(count), int(first_sum), int(second_sum))


EVERY_COLUMN = "*"


def column_set_id(columns: Iterable[str] | None) -> str:
    """A short name for a set of columns, the same for any order and case; None is all of them.

    >>> column_set_id(["Day", "carrier"]) == column_set_id(["CARRIER", "day"])
    True
    """
    return EVERY_COLUMN if columns is None else _set_id(tuple(columns))


@lru_cache(maxsize=4096)
def _set_id(columns: tuple[str, ...]) -> str:
    names = "\x1f".join(sorted({name.lower() for name in columns}))
    return hashlib.sha256(names.encode()).hexdigest()[:12]
