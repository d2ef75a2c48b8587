"""Digests of read windows as a ledger of version 1 recorded them: to judge what it built, once more."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from hashlib import blake2b
from itertools import accumulate

from sqlbackfill.partitions.partition_set import PartitionSet

_MODULUS = 1 << 64


class OldDigests:
    """The digests of any partitions of one model, of which each has a version or none.

    A digest is the count and the sum (modulo 2**64) of a hash of every recorded partition's
    ordinal and version.
    """

    def __init__(self, versions: Mapping[int, str]) -> None:
        self._ordinals = sorted(versions)
        hashes = (_hash(ordinal, versions[ordinal]) for ordinal in self._ordinals)
        self._sums = list(accumulate(hashes, initial=0))

    def digest(self, partitions: PartitionSet) -> str:
        """The version of all of `partitions` together, as text."""
        count = total = 0
        for start, end in partitions.ranges:
            first, last = bisect_left(self._ordinals, start), bisect_left(self._ordinals, end)
            count += last - first
            total += self._sums[last] - self._sums[first]
        return f"{count}:{total % _MODULUS:016x}"


def _hash(ordinal: int, version: str) -> int:
    digest = blake2b(f"{ordinal}\x00{version}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
