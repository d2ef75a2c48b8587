"""A DuckDB file in every state that a user may meet it in: each one clear error, nothing changed."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.errors import Diagnostic, SqlbackfillError, WarehouseError
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.duckdb_profile import Attachment
from sqlbackfill.warehouse.protocol import Relation

Open = Callable[..., DuckDBAdapter]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "house.duckdb"


@pytest.fixture
def open_target() -> Iterator[Open]:
    made: list[DuckDBAdapter] = []

    def make(path: Path | None, **fields: object) -> DuckDBAdapter:
        made.append(DuckDBAdapter(DuckDBTarget(path=path, **fields)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for adapter in made:
        adapter.close()


def failure(act: Callable[[], object]) -> Diagnostic:
    with pytest.raises(SqlbackfillError) as failed:
        act()
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.fix
    assert "\n" not in diagnostic.message
    return diagnostic


def in_another_process(code: str, file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "open"
    return process


HOLD = (
    "import sys,duckdb; c=duckdb.connect(sys.argv[1]); print('open',flush=True); sys.stdin.read()"
)


def test_a_file_that_is_not_there_is_made_for_writing_only(file: Path, open_target: Open) -> None:
    adapter = open_target(file)
    assert not adapter.exists
    session = adapter.session(read_only=True)
    assert session.execute("SELECT 1") == [(1,)]
    assert session.tables((Relation("house", "main", "t"),)) == {}
    assert not file.exists()
    adapter.session()
    assert file.exists()
    assert adapter.exists


def test_files_can_be_read_where_there_is_no_warehouse(
    file: Path, tmp_path: Path, open_target: Open
) -> None:
    duckdb.sql("SELECT 1 AS n").write_parquet(str(tmp_path / "rows.parquet"))
    session = open_target(file).session(read_only=True)
    (column,) = session.describe(f"SELECT * FROM '{tmp_path}/rows.parquet'")
    assert (column.name, column.type) == ("n", "INTEGER")


def test_a_session_that_reads_follows_when_the_file_is_opened_for_writing(
    file: Path, open_target: Open
) -> None:
    duckdb.connect(str(file)).execute("CREATE TABLE t AS SELECT 1 AS n").close()
    adapter = open_target(file)
    reader = adapter.session(read_only=True)
    assert reader.execute("SELECT n FROM t") == [(1,)]
    adapter.session().execute("INSERT INTO t VALUES (2)")
    assert reader.execute("SELECT count(*) FROM t") == [(2,)]
    adapter.session(read_only=True).execute("SELECT n FROM t")


def test_a_session_that_found_no_file_sees_the_one_made_since(
    file: Path, open_target: Open
) -> None:
    adapter = open_target(file)
    reader = adapter.session(read_only=True)
    reader.execute("SELECT 1")
    adapter.session().execute("CREATE TABLE t AS SELECT 1 AS n")
    assert reader.execute("SELECT n FROM house.main.t") == [(1,)]


def test_a_reading_transaction_is_not_cut_off_by_opening_for_writing(
    file: Path, open_target: Open
) -> None:
    duckdb.connect(str(file)).close()
    adapter = open_target(file)
    reader = adapter.session(read_only=True)
    reader.begin()
    assert failure(adapter.session).code == "SESSION_BUSY"
    reader.rollback()
    adapter.session().execute("CREATE TABLE t (n INTEGER)")


def test_a_closed_adapter_lets_others_in_and_opens_again(file: Path, open_target: Open) -> None:
    adapter = open_target(file)
    adapter.session().execute("CREATE TABLE t AS SELECT 1 AS n")
    adapter.close()
    duckdb.connect(str(file)).execute("INSERT INTO t VALUES (2)").close()
    assert adapter.session(read_only=True).execute("SELECT count(*) FROM t") == [(2,)]


def test_two_processes_may_read_at_once(file: Path, open_target: Open) -> None:
    duckdb.connect(str(file)).close()
    reading = HOLD.replace("(sys.argv[1])", "(sys.argv[1],read_only=True)")
    with in_another_process(reading, file) as other:
        assert open_target(file).session(read_only=True).execute("SELECT 1") == [(1,)]
        other.communicate("")


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_another_process_writes_is_locked_by_that_process(
    file: Path, open_target: Open, read_only: bool
) -> None:
    with in_another_process(HOLD, file) as other:
        diagnostic = failure(lambda: open_target(file).session(read_only=read_only))
        assert diagnostic.code == "DATABASE_LOCKED"
        assert f"PID {other.pid} " in diagnostic.message
        assert ("pid", str(other.pid)) in diagnostic.notes
        other.communicate("")
    assert open_target(file).session(read_only=read_only).execute("SELECT 1") == [(1,)]


def test_a_file_held_open_in_this_process_is_locked(file: Path, open_target: Open) -> None:
    with duckdb.connect(str(file)):
        diagnostic = failure(lambda: open_target(file).session(read_only=True))
    assert diagnostic.code == "DATABASE_LOCKED"


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("content", [b"", b"hi", b"hello, world\n" * 1000])
def test_a_file_of_another_kind_is_no_database(
    file: Path, open_target: Open, content: bytes, read_only: bool
) -> None:
    file.write_bytes(content)
    assert failure(lambda: open_target(file).session(read_only=read_only)).code == "NOT_A_DATABASE"
    assert file.read_bytes() == content


def test_a_sqlite_file_is_no_duckdb_database(file: Path, open_target: Open) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (n)")
    connection.close()
    assert failure(open_target(file).session).code == "NOT_A_DATABASE"


def test_a_damaged_file_says_so(file: Path, open_target: Open) -> None:
    duckdb.connect(str(file)).execute("CREATE TABLE t AS FROM range(100000)").close()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert failure(lambda: open_target(file).session(read_only=True)).code == "DATABASE_DAMAGED"
    file.write_bytes(whole[:100] + b"x" * 4000 + whole[4100:])
    assert failure(lambda: open_target(file).session(read_only=True)).code == "DATABASE_DAMAGED"


@pytest.mark.parametrize("read_only", [True, False])
def test_a_directory_is_no_database(tmp_path: Path, open_target: Open, read_only: bool) -> None:
    diagnostic = failure(lambda: open_target(tmp_path).session(read_only=read_only))
    assert diagnostic.code == "DATABASE_IS_DIRECTORY"


def test_a_file_in_no_directory_cannot_be_made(tmp_path: Path, open_target: Open) -> None:
    adapter = open_target(tmp_path / "nowhere" / "house.duckdb")
    assert not adapter.exists
    assert adapter.session(read_only=True).execute("SELECT 1") == [(1,)]
    assert failure(adapter.session).code == "DIRECTORY_MISSING"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anything")
def test_a_file_that_may_not_be_written_says_so(file: Path, open_target: Open) -> None:
    duckdb.connect(str(file)).close()
    file.chmod(0o444)
    assert failure(open_target(file).session).code in {"PERMISSION_DENIED", "DATABASE_READ_ONLY"}


def test_writing_through_a_session_for_reading_is_refused(file: Path, open_target: Open) -> None:
    duckdb.connect(str(file)).close()
    session = open_target(file).session(read_only=True)
    diagnostic = failure(lambda: session.execute("CREATE TABLE t (n INTEGER)"))
    assert diagnostic.code == "DATABASE_READ_ONLY"


def test_a_full_disk_says_so_and_keeps_what_was_committed(file: Path, open_target: Open) -> None:
    adapter = open_target(file)
    session = adapter.session()
    session.execute("CREATE TABLE t AS SELECT 1 AS n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        diagnostic = failure(
            lambda: session.execute("CREATE TABLE big AS SELECT random() AS x FROM range(2000000)")
        )
        adapter.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert diagnostic.code == "DISK_FULL"
    again = open_target(file).session()
    assert again.execute("SELECT n FROM t") == [(1,)]
    assert again.table(Relation("house", "main", "big")) is None


def test_too_little_memory_says_so(file: Path, open_target: Open) -> None:
    adapter = open_target(file, settings={"memory_limit": "20MB", "max_temp_directory_size": "1MB"})
    diagnostic = failure(
        lambda: adapter.session().execute(
            "SELECT md5(range::VARCHAR) AS m, random() AS r FROM range(3000000) ORDER BY r"
        )
    )
    assert diagnostic.code == "OUT_OF_MEMORY"
    assert "chunk" in str(diagnostic.fix)


def test_a_source_file_that_is_missing_is_named(tmp_path: Path, open_target: Open) -> None:
    session = open_target(None).session()
    diagnostic = failure(lambda: session.describe(f"FROM read_parquet('{tmp_path}/no.parquet')"))
    assert diagnostic.code == "SOURCE_MISSING"
    assert diagnostic.message == f"no file matches {tmp_path}/no.parquet"


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_source_file_cut_short_is_unreadable(
    tmp_path: Path, open_target: Open, kept: float
) -> None:
    source = tmp_path / "rows.parquet"
    duckdb.sql("SELECT range AS n, md5(range::VARCHAR) AS m FROM range(20000)").write_parquet(
        str(source)
    )
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * kept)])
    session = open_target(None).session()
    diagnostic = failure(lambda: session.execute(f"SELECT max(m) FROM '{source}'"))
    assert diagnostic.code == "SOURCE_UNREADABLE"
    assert "rows.parquet" in diagnostic.message


@pytest.mark.parametrize("place", [6, 0.5])
def test_a_source_file_with_wrong_bytes_is_unreadable(
    tmp_path: Path, open_target: Open, place: float
) -> None:
    source = tmp_path / "rows.parquet"
    duckdb.sql("SELECT range AS n FROM range(20000)").write_parquet(str(source))
    content = bytearray(source.read_bytes())
    at = int(place * len(content)) if place < 1 else int(place)
    content[at : at + 8] = b"\xff" * 8
    source.write_bytes(bytes(content))
    session = open_target(None).session()
    assert failure(lambda: session.execute(f"SELECT sum(n) FROM '{source}'")).code == (
        "SOURCE_UNREADABLE"
    )


def test_rows_changed_by_two_transactions_at_once_conflict(file: Path, open_target: Open) -> None:
    adapter = open_target(file)
    one, two = adapter.session(), adapter.session()
    one.execute("CREATE TABLE t AS SELECT 1 AS n")
    one.begin()
    two.begin()
    one.execute("UPDATE t SET n = 2")
    assert failure(lambda: two.execute("UPDATE t SET n = 3")).code == "WRITE_CONFLICT"
    two.rollback()
    one.commit()
    assert two.execute("SELECT n FROM t") == [(2,)]


def test_an_extension_that_is_not_installed_is_named_and_not_downloaded(
    open_target: Open,
) -> None:
    diagnostic = failure(
        lambda: open_target(None, extensions=("no_such",)).session().execute("SELECT 1")
    )
    assert diagnostic.code == "EXTENSION_MISSING"
    assert "no_such" in diagnostic.message


def test_a_setting_that_duckdb_does_not_know_is_named(open_target: Open) -> None:
    session = open_target(None, settings={"memory_limmit": "1GB"}).session()
    diagnostic = failure(lambda: session.execute("SELECT 1"))
    assert diagnostic.code == "INVALID_SETTING"
    assert "memory_limmit" in diagnostic.message
    opening = open_target(None, config_options={"threds": "2"})
    assert failure(opening.session).code == "INVALID_SETTING"


def test_a_setting_holds_in_every_session(open_target: Open) -> None:
    adapter = open_target(None, settings={"default_null_order": "nulls_first", "threads": "1"})
    for session in (adapter.session(), adapter.session()):
        assert adapter.result_settings(session)["default_null_order"] == "nulls_first"
        assert session.execute("SELECT current_setting('threads')") == [(1,)]


def test_other_files_can_be_attached(tmp_path: Path, open_target: Open) -> None:
    other = tmp_path / "raw.duckdb"
    duckdb.connect(str(other)).execute("CREATE TABLE t AS SELECT 5 AS n").close()
    attached = Attachment(str(other), "raw", read_only=True)
    adapter = open_target(tmp_path / "house.duckdb", attach=(attached,))
    for session in (adapter.session(), adapter.session()):
        assert session.execute("SELECT n FROM raw.main.t") == [(5,)]


def test_no_message_and_no_cause_shows_a_secret(open_target: Open) -> None:
    secret = "hunter2" * 2
    target = {"settings": {"s3_secret_access_key": secret, "TimeZone": "UTC"}}
    diagnostic = failure(lambda: open_target(None, **target).session().execute("SELECT 1"))
    assert secret not in str(diagnostic)
    session = open_target(None).session()
    with pytest.raises(WarehouseError) as failed:
        session.execute(f"SELECT error('url?token={secret}&x=1')")
    assert secret not in str(failed.value)
    assert "token=***" in str(failed.value)
    assert failed.value.__cause__ is None


def test_an_adapter_reports_its_database_before_it_is_made(tmp_path: Path) -> None:
    for name in ("house.duckdb", "a-b.c.duckdb", "temp.duckdb", "main.db", ".hidden", "1x.db"):
        adapter = DuckDBAdapter(DuckDBTarget(path=tmp_path / name))
        promised = adapter.database
        for read_only in (True, False):
            found = adapter.session(read_only=read_only).execute("SELECT current_database()")
            assert found == [(promised,)]
        adapter.close()


def test_a_relation_has_the_same_name_before_and_after_the_file_is_made(
    file: Path, open_target: Open
) -> None:
    adapter = open_target(file)
    before = adapter.result_settings(adapter.session(read_only=True))
    assert adapter.result_settings(adapter.session()) == before


def test_a_parquet_file_that_is_written_again_is_read_again(
    tmp_path: Path, open_target: Open
) -> None:
    file = tmp_path / "rows.parquet"
    session = open_target(None).session()
    for age_s in (0, 3_600):  # as old as it is, and as one whose footer is kept
        for rows in (10, 300_000, 20):
            duckdb.sql(f"SELECT range AS n, 'x' || range AS t FROM range({rows})").write_parquet(
                str(file)
            )
            os.utime(file, (0, file.stat().st_mtime - age_s - rows / 1000))
            for _ in range(2):
                assert session.execute(f"SELECT count(*), max(n) FROM '{file}'") == [
                    (rows, rows - 1)
                ]


def test_the_footers_of_parquet_files_are_kept_unless_the_profile_says_no(
    open_target: Open,
) -> None:
    asked = "SELECT current_setting('parquet_metadata_cache')"
    assert open_target(None).session().execute(asked) == [(True,)]
    other = open_target(None, settings={"parquet_metadata_cache": "false"})
    assert other.session().execute(asked) == [(False,)]
