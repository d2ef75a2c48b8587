"""A query as another dialect has it, with the way back from each place in it: values only, no parser."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from sqlbackfill.dataclass import dataclass

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Mark:
    """That what ends at `offset` of the written text came from `word`, at `origin` of the given."""

    offset: int
    origin: int
    word: str


@dataclass(frozen=True, slots=True)
class Transpiled:
    """A query as the other dialect has it, its scans put in, and `given` as it was."""

    sql: str
    given: str
    marks: tuple[_Mark, ...]

    def origin(self, line: int, column: int) -> tuple[int, int] | None:
        """The place (both from 1) in the query as it was given; None where nothing tells.

        Exact for names and functions that came over as they were, else what stands next behind.
        """
        offset = _offset(self.sql, line, column)
        behind = self.marks[bisect_right(self.marks, offset, key=lambda mark: mark.offset) :]
        if not behind:
            return None
        found = _WORD.match(self.sql, offset)
        word = found.group().lower() if found else ""
        mark = next((mark for mark in behind if mark.word == word), behind[0])
        before = self.given[: mark.origin]
        return before.count("\n") + 1, mark.origin - (before.rfind("\n") + 1) + 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A query as the other dialect has it, before anything is put in for its `__sb_scan_N__`."""

    text: str
    given: str
    tag: str

    def reading(self, scans: Mapping[int, str]) -> Transpiled:
        """The query with `scans[N]` in the place of `__sb_scan_N__`."""
        return _assembled(self.text, self.given, self.tag, scans)


def _assembled(text: str, given: str, tag: str, scans: Mapping[int, str]) -> Transpiled:
    """The text with its scans put in and its marks taken out."""
    parts: list[str] = []
    marks: list[_Mark] = []
    length = at = 0
    pieces = re.compile(rf"__sb_scan_(\d+)__| ?/\* {tag}:(\d+)\.(\d+) \*/")
    for found in pieces.finditer(text):
        parts.append(text[at : found.start()])
        length += found.start() - at
        at = found.end()
        scan, start, end = found.groups()
        if scan is not None:
            parts.append(scans.get(int(scan), found.group()))
            length += len(parts[-1])
        else:
            word = given[int(start) : int(end) + 1].strip('"`[]').lower()
            marks.append(_Mark(length, int(start), word))
    parts.append(text[at:])
    return Transpiled("".join(parts), given, tuple(marks))


def _offset(sql: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        found = sql.find("\n", start)
        if found < 0:
            break
        start = found + 1
    return min(start + column - 1, len(sql))
