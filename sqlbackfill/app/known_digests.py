"""Digests of tables and files, kept between commands for as long as something proves the tables unchanged.

That is an engine's own account of them, or the file that they lie in. A database file's path, size
and time, and those of its log, prove that nothing was written since if they are older than the steps
of file systems. They are taken while the file is open, which keeps other processes from writing to it.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Callable
from pathlib import Path

from sqlbackfill.app.cache import FactCache, digest
from sqlbackfill.app.source_stamps import file_stamp, local_files
from sqlbackfill.dataclass import dataclass
from sqlbackfill.ledger.digests import Digest
from sqlbackfill.run.source_cover import Cover, Span
from sqlbackfill.run.source_digests import SourceDigests
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

AnyRelation = Relation | ExternalRelation
_MOST_PARTITIONS = 100_000


@dataclass(frozen=True, slots=True)
class _Kept:
    ranges: tuple[tuple[int | None, int | None], ...]
    includes_unplaced: bool
    tag: str
    digests: tuple[tuple[int, str], ...]
    outside: tuple[str, str, str]


class KnownDigests:
    """What was digested of tables, by what proves them unchanged; `save` keeps it."""

    def __init__(self, adapter: Adapter, session: Session, root: Path) -> None:
        self._adapter = adapter
        self._session = session
        self._cache = FactCache(root / ".sqlbackfill" / "cache", "digests")
        self._files: dict[Relation, Path | None] = {}

    def find(
        self, relation: AnyRelation, asked: tuple[str, ...]
    ) -> tuple[Cover, SourceDigests] | None:
        """What was kept under `asked` when the table was as it is now, and what it covers."""
        stamp = self.stamp(relation)
        if not stamp:
            return None
        kept = self._cache.find(digest(stamp, str(relation), *asked), _Kept)
        return None if kept is None else _read(kept)

    def keep(
        self,
        relation: AnyRelation,
        asked: tuple[str, ...],
        before: str,
        cover: Cover,
        digests: SourceDigests,
    ) -> None:
        """Keeps `digests`, which were read after the table's stamp was `before`, if it is still that."""
        is_small = len(digests.by_ordinal) <= _MOST_PARTITIONS
        if is_small and before and self.stamp(relation) == before:
            key = digest(before, str(relation), *asked)
            self._cache.put(key, _written(cover, digests))

    def save(self) -> None:
        """Keeps what this command used; says nothing where the disk does not allow it."""
        self._cache.save()

    def stamp(self, relation: AnyRelation) -> str:
        """What proves it unchanged: its engine's word, or the state of the file that holds it.

        Empty where there is neither, or it is too new.
        """
        if isinstance(relation, ExternalRelation):
            files = local_files(relation)
            return file_stamp(files, time.time_ns) if files else ""
        version = self._adapter.table_versions(self._session, [relation]).get(relation)
        if version is not None:
            return version.text if version.is_settled else ""
        if relation not in self._files:
            self._files[relation] = self._adapter.table_file(self._session, relation)
        file = self._files[relation]
        return "" if file is None else database_stamp(file, time.time_ns)


def database_stamp(file: Path, now_ns: Callable[[], int]) -> str:
    """Path, size and time of a database file and of its log, as one hash; empty if they prove nothing."""
    logs = sorted(file.parent.glob(f"{glob.escape(file.name)}.wal*"))
    return file_stamp((file, *logs), now_ns)


def _written(cover: Cover, digests: SourceDigests) -> _Kept:
    return _Kept(
        ranges=tuple((span.start, span.end) for span in cover.ranges),
        includes_unplaced=cover.unplaced,
        tag=digests.tag,
        digests=tuple((at, str(one)) for at, one in sorted(digests.by_ordinal.items())),
        outside=(str(digests.nowhere), str(digests.below), str(digests.above)),
    )


def _read(kept: _Kept) -> tuple[Cover, SourceDigests]:
    nowhere, below, above = map(Digest.read, kept.outside)
    cover = Cover(tuple(Span(*span) for span in kept.ranges), kept.includes_unplaced)
    return cover, SourceDigests(
        tag=kept.tag,
        by_ordinal={at: Digest.read(text) for at, text in kept.digests},
        nowhere=nowhere,
        below=below,
        above=above,
    )
