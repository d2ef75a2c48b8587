"""What neighbouring chunks read of a file is digested at once, as long as the file is what it was."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.run import source_reads
from sqlbackfill.run.source_cover import Span
from tests.e2e.world import DAYS, SOURCE, World

ROWS = "select date '2024-03-01' + i::int as day, {} + i as v from range(10) as r(i)"


class Files(World):
    """`raw.rows` is a Parquet file. `scans` are the spans that runs digested of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.scans: list[Span] = []
        self.file = root / "rows.parquet"
        (root / "models/sources.yml").write_text(
            "sources: [{name: raw, tables: [{name: rows, config: {event_time: day, meta:"
            f" {{external_location: \"read_parquet('{self.file}')\"}}}}}}]}}]\n"
        )

    def load(self, first: int, *, hours_ago: int) -> None:
        duckdb.execute(f"copy ({ROWS.format(first)}) to '{self.file}'")
        then = self.file.stat().st_mtime_ns - hours_ago * 3_600_000_000_000
        os.utime(self.file, ns=(then, then))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    files = Files(tmp_path)
    original = source_reads.scan

    def scan(wanted: object, session: object, dialect: str, span: Span) -> object:
        files.scans.append(span)
        return original(wanted, session, dialect, span)  # type: ignore[arg-type]

    monkeypatch.setattr(source_reads, "scan", scan)
    files.model("seen", f"select day, v from {SOURCE}", max_chunk=1)
    return files


def test_days_that_are_built_one_by_one_are_digested_together(files: Files) -> None:
    files.load(0, hours_ago=2)
    files.run()
    # One calendar block ends within these days, so two queries; alone, each day would have one.
    assert 1 <= len(files.scans) <= 2
    assert files.stale() == {}
    files.load(0, hours_ago=1)
    assert files.stale() == {}, "each day's digest is its own"
    files.load(1, hours_ago=1)
    assert files.stale() == {"seen": DAYS}


def test_nothing_is_read_beyond_what_a_run_is_to_build(files: Files) -> None:
    files.load(0, hours_ago=2)
    files.run("2024-03-02,2024-03-04")
    days = sum((span.end or 0) - (span.start or 0) for span in files.scans)
    assert days <= 3
    files.scans.clear()
    files.run("2024-03-07")
    assert [(span.end or 0) - (span.start or 0) for span in files.scans] == [1]


def test_a_file_too_new_to_be_trusted_is_digested_for_each_day(files: Files) -> None:
    files.load(0, hours_ago=0)
    files.run()
    assert len(files.scans) == len(DAYS)


def test_a_file_that_changes_between_two_days_is_digested_anew(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.load(0, hours_ago=2)
    begun: list[object] = []
    original = source_reads.SourceReading.__init__

    def begin(*arguments: object) -> None:
        begun.append(arguments)
        if len(begun) == 5:
            files.load(100, hours_ago=1)
        original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(source_reads.SourceReading, "__init__", begin)
    files.run()
    assert len(begun) == len(DAYS)
    assert files.stale() == {"seen": DAYS[:4]}
