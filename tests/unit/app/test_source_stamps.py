from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.app.source_stamps import MARGIN_NS, file_stamp, local_files
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Relation

WRITTEN_NS = 1_700_000_000_000_000_000


def _file(path: Path, text: str = "a,b\n") -> Path:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(WRITTEN_NS, WRITTEN_NS))
    return path


def _later() -> int:
    return WRITTEN_NS + MARGIN_NS


@pytest.mark.parametrize(
    "sql",
    [
        "'{}/a.csv'",
        "read_csv('{}/a.csv')",
        "read_csv('{}/a.csv', header = true)",
        "READ_PARQUET(['{0}/a.csv', '{0}/b.csv'])",
        "'{}/*.csv'",
    ],
)
def test_the_files_behind_a_path_a_glob_and_a_call_are_found(tmp_path: Path, sql: str) -> None:
    both = (_file(tmp_path / "a.csv"), _file(tmp_path / "b.csv"))
    found = local_files(ExternalRelation(sql.format(tmp_path), "a"))
    assert found == (both if "*" in sql or "[" in sql else both[:1])


@pytest.mark.parametrize(
    "sql",
    [
        "'s3://bucket/a.parquet'",
        "read_csv('https://x.example/a.csv')",
        "my_function('a.csv')",
        "read_csv(getenv('FILE'))",
        "'/nowhere/at/all/*.csv'",
    ],
)
def test_what_is_no_local_file_has_none(sql: str) -> None:
    assert local_files(ExternalRelation(sql, "a")) is None


def test_a_table_has_no_files() -> None:
    assert local_files(Relation("d", "s", "t")) is None


def test_a_quote_in_a_path_is_read_as_sql_reads_it(tmp_path: Path) -> None:
    _file(tmp_path / "it's.csv")
    quoted = str(tmp_path / "it's.csv").replace("'", "''")
    assert local_files(ExternalRelation(f"'{quoted}'", "a")) == (tmp_path / "it's.csv",)


def test_size_time_and_the_list_of_files_make_the_stamp(tmp_path: Path) -> None:
    one, other = _file(tmp_path / "a.csv"), _file(tmp_path / "b.csv")
    stamps = {file_stamp(files, _later) for files in ((one,), (one, other), (other,))}
    os.utime(one, ns=(WRITTEN_NS - 1, WRITTEN_NS - 1))
    stamps.add(file_stamp((one,), _later))
    _file(one, "longer than it was\n")
    stamps.add(file_stamp((one,), _later))
    assert len(stamps) == 5
    assert "" not in stamps


def test_a_file_that_is_as_it_was_has_the_stamp_that_it_had(tmp_path: Path) -> None:
    one = _file(tmp_path / "a.csv")
    assert file_stamp((one,), _later) == file_stamp((one,), _later)


def test_a_file_that_was_written_again_has_another_whatever_time_it_was_given(
    tmp_path: Path,
) -> None:
    one = _file(tmp_path / "a.csv")
    before = file_stamp((one,), _later)
    time.sleep(0.02)  # the clock of entries goes in steps of some milliseconds
    _file(one)
    assert file_stamp((one,), _later) not in ("", before)


def test_a_file_written_a_moment_ago_proves_nothing(tmp_path: Path) -> None:
    one = _file(tmp_path / "a.csv")
    assert file_stamp((one,), lambda: WRITTEN_NS + MARGIN_NS - 1) == ""


def test_a_file_that_is_gone_proves_nothing(tmp_path: Path) -> None:
    assert file_stamp((tmp_path / "gone.csv",), _later) == ""


def test_a_glob_takes_in_hidden_files_as_duckdb_does(tmp_path: Path) -> None:
    (tmp_path / ".d").mkdir()
    hidden = {_file(tmp_path / ".a.csv"), _file(tmp_path / ".d/b.csv")}
    assert set(local_files(ExternalRelation(f"'{tmp_path}/**/*.csv'", "a")) or ()) == hidden
    rows = duckdb.execute(f"select file from glob('{tmp_path}/**/*.csv')").fetchall()
    assert {Path(file) for (file,) in rows} == hidden
