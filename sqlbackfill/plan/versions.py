"""The versions of what partitions read: digests over ledger records, additive over partitions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import accumulate

from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.reads import Reads

_MODULUS = 1 << 64


class VersionIndex:
    """The versions of one relation's partitions, answering for any set of them in O(log n) a range.

    A digest is the count and the sum (modulo 2**64) of a hash of every recorded partition's key
    and version: a sum, since an exclusive or would let equal changes cancel (analysis.md, 6). A
    partition without a record adds nothing to the count, so *missing* differs from *empty*.
    """

    def __init__(self, versions: Mapping[int, str]) -> None:
        self._hashes = {ordinal: _hash(ordinal, text) for ordinal, text in versions.items()}
        self._ordinals: list[int] = []
        self._sums: list[int] = []
        self._is_dirty = True

    def put(self, ordinal: int, version: str) -> None:
        """Records that `ordinal` now has `version`; appending in ascending order is O(1)."""
        value = _hash(ordinal, version)
        is_last = not self._is_dirty and (not self._ordinals or ordinal > self._ordinals[-1])
        self._hashes[ordinal] = value
        if is_last:
            self._ordinals.append(ordinal)
            self._sums.append(self._sums[-1] + value)
        else:
            self._is_dirty = True

    def digest(self, partitions: PartitionSet) -> str:
        """The version of all of `partitions` together, as text."""
        if self._is_dirty:
            self._ordinals = sorted(self._hashes)
            self._sums = list(accumulate((self._hashes[o] for o in self._ordinals), initial=0))
            self._is_dirty = False
        count = total = 0
        for start, end in partitions.ranges:
            first = bisect_left(self._ordinals, start)
            last = bisect_left(self._ordinals, end)
            count += last - first
            total += self._sums[last] - self._sums[first]
        return f"{count}:{total % _MODULUS:016x}"


class InputVersions:
    """What each partition's inputs are now, by the ledger: a run keeps it current as it commits."""

    def __init__(self, reads: Reads, indexes: Mapping[str, VersionIndex]) -> None:
        self._reads = reads
        self._indexes = indexes

    def inputs_of(self, model: str, ordinal: int) -> dict[str, str]:
        """The version of each upstream over the read window of one partition, by upstream name."""
        windows = self._reads.upstream(model, PartitionSet.single(ordinal))
        return {
            upstream: self._indexes[upstream].digest(window)
            for upstream, window in sorted(windows.items())
        }

    def built(self, model: str, versions: Iterable[tuple[int, str]]) -> None:
        """Takes note of partitions that were just committed, as (ordinal, version)."""
        index = self._indexes[model]
        for ordinal, version in versions:
            index.put(ordinal, version)


def _hash(ordinal: int, version: str) -> int:
    digest = blake2b(f"{ordinal}\x00{version}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
