"""The code behind a fingerprint is kept, so that another version of the parser makes nothing stale."""

from __future__ import annotations

import subprocess
import sys

from sqlbackfill.query.fingerprint import recomputed
from sqlbackfill.query.stored_code import StoredCode
from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN

_OLDER = "replace({}, 'query2-', 'query1-')"


def built(shop: ProjectDir) -> list[int]:
    return [model["built"] for model in shop.command("status", "--json").document["models"]]


def make_older(shop: ProjectDir) -> None:
    """As if an older version had written all fingerprints."""
    for table, column in (
        ("partition_log", "fingerprint"),
        ("partition_state", "islands"),
        ("code", "fingerprint"),
    ):
        shop.execute(f"update sqlbackfill.{table} set {column} = {_OLDER.format(column)}")


def test_each_fingerprint_is_kept_once_with_what_makes_it_again(shop: ProjectDir) -> None:
    for words in (RUN, ("run", "-p", "2024-01-03", "--yes")):
        assert shop.command(*words).exit_code == 0
    kept = shop.rows("select fingerprint, code from sqlbackfill.code")
    recorded = shop.rows("select distinct fingerprint from sqlbackfill.partition_log")
    assert sorted(kept and [row[0] for row in kept]) == sorted(row[0] for row in recorded)
    for fingerprint, code in kept:
        assert recomputed(StoredCode.of_text(code)).whole == fingerprint


def test_a_first_run_with_its_facts_in_the_cache_loads_no_parser(shop: ProjectDir) -> None:
    assert shop.command("plan").exit_code == 0
    run = [sys.executable, "-X", "importtime", "-m", "sqlbackfill", *RUN]
    done = subprocess.run(
        run, cwd=shop.root, env=shop.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "sqlbackfill.run.chunk" in loaded
    assert "sqlglot" not in loaded
    assert shop.rows("select count(*) from sqlbackfill.code") == [(2,)]


def test_what_another_version_of_the_parser_recorded_stays_fresh(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    make_older(shop)
    assert built(shop) == [31, 31]
    assert built(shop) == [31, 31], "also by what the first command found out"
    sql = (shop.root / "models/totals.sql").read_text()
    shop.write("models/totals.sql", sql.replace("sum(amount)", "max(amount)"))
    assert built(shop) == [31, 0]


def test_without_the_kept_code_it_is_stale(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    make_older(shop)
    shop.execute("update sqlbackfill.code set code = '{'")
    assert built(shop) == [0, 0]
    shop.execute("delete from sqlbackfill.code")
    assert built(shop) == [0, 0]
