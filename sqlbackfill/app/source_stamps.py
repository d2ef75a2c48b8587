"""Cheap versions of sources: what the file system says of local files. Opens none of them."""

from __future__ import annotations

import functools
import glob
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Relation

MARGIN_NS = 2_000_000_000
"""How old a file's time must be before an equal time proves an equal file: file systems keep times
in steps of up to two seconds (FAT), and two writes may fall into one step."""

_HAS_SCHEME = re.compile(r"^\w[\w+.-]*://")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_READER = re.compile(
    r"^\s*(?:read_parquet|parquet_scan|read_csv(?:_auto)?|read_json(?:_auto)?|read_ndjson)\s*\("
    r"\s*(?P<files>'(?:[^']|'')*'|\[(?:\s*'(?:[^']|'')*'\s*,?)*\s*\])\s*(?:,|\))",
    re.IGNORECASE,
)


def local_files(relation: Relation | ExternalRelation) -> tuple[Path, ...] | None:
    """The files that `relation` reads, sorted; None where it reads something else, or none is there.

    A quoted path or glob, or a call of a reading function with such.
    """
    if isinstance(relation, Relation):
        return None
    patterns = _patterns(relation.sql)
    if not patterns:
        return None
    if len(patterns) == 1 and isinstance(patterns[0], Path):
        return (patterns[0],)
    found: set[Path] = set()
    for pattern in patterns:
        if isinstance(pattern, Path):
            found.add(pattern)
            continue
        # Not Path.glob, which takes no absolute pattern.
        matches = glob.glob(pattern, recursive=True, include_hidden=True)  # noqa: PTH207
        if not matches:
            return None
        found.update(map(Path, matches))
    return tuple(sorted(found))


@functools.lru_cache(maxsize=256)
def _patterns(sql: str) -> tuple[Path | str, ...]:
    """The local files that `sql` reads, and the globs among them as texts; nothing where it reads others."""
    call = _READER.match(sql)
    listed = call["files"] if call else sql.strip()
    if not call and not _TEXT.fullmatch(listed):
        return ()
    texts = [text.replace("''", "'") for text in _TEXT.findall(listed)]
    if any(_HAS_SCHEME.match(text) for text in texts):
        return ()
    return tuple(text if glob.has_magic(text) else Path(text) for text in texts)


def file_stamp(files: tuple[Path, ...], now_ns: Callable[[], int]) -> str:
    """Path, size and times of every file, as one hash; empty where that cannot prove them unchanged.

    The time of the file's entry too, which nobody can set back as a copy or an archive sets back that
    of the rows. Empty is what it is where a file is gone, or was written less than `MARGIN_NS` before `now_ns()`, which
    counts nanoseconds since 1970.
    """
    now, stamp = now_ns(), hashlib.sha256()
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            return ""
        if now - stat.st_mtime_ns < MARGIN_NS:
            return ""
        stamp.update(
            f"{file}\x1f{stat.st_size}\x1f{stat.st_mtime_ns}\x1f{stat.st_ctime_ns}\x1e".encode()
        )
    return f"files:{stamp.hexdigest()[:24]}"


def raw_stamp(files: tuple[Path, ...]) -> str:
    """The same whatever the age: two that differ prove a change, two that are equal prove nothing
    of writes within one step of the file system's clock.
    """
    found = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            return "gone"
        found.append(f"{file}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}")
    return ",".join(found)
