"""A model that is renamed or deleted: its records are kept and told of, and can be gone on with."""

from __future__ import annotations

from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN


def rename(shop: ProjectDir, *, to: str) -> None:
    sql = (shop.root / "models/totals.sql").read_text()
    (shop.root / "models/totals.sql").unlink()
    shop.write(f"models/{to}.sql", sql)


def test_a_deleted_model_is_told_of_until_its_table_is_dropped(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    (shop.root / "models/totals.sql").unlink()
    status = shop.command("status", "--json")
    assert status.exit_code == 0
    assert "NO_MODEL_BUILDS" in status.stderr
    assert status.document["unclaimed"] == [
        {
            "model": "totals",
            "relation": "warehouse.main.totals",
            "partitions": 31,
            "renamed_to": None,
        }
    ]
    for command in ("plan", "check"):
        told = shop.command(command)
        assert "NO_MODEL_BUILDS" in told.stdout + told.stderr, told
        assert told.exit_code == 0
    shop.execute("drop table totals")
    assert "NO_MODEL_BUILDS" not in shop.command("status").stderr


def test_a_renamed_model_is_recognised_and_an_alias_goes_on_with_its_records(
    shop: ProjectDir,
) -> None:
    assert shop.command(*RUN).exit_code == 0
    rename(shop, to="daily_amounts")
    status = shop.command("status", "--json")
    [found] = status.document["unclaimed"]
    assert (found["model"], found["renamed_to"]) == ("totals", "daily_amounts")
    assert "alias: totals" in shop.command("status").stderr
    sql = (shop.root / "models/daily_amounts.sql").read_text()
    shop.write("models/daily_amounts.sql", sql.replace("config(", "config(alias='totals', "))
    status = shop.command("status", "--json")
    assert "unclaimed" not in status.document
    assert [(m["model"], m["built"]) for m in status.document["models"]] == [
        ("events", 31),
        ("daily_amounts", 31),
    ]


def test_tables_in_schemas_of_others_are_none_of_ours(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    shop.execute("update sqlbackfill.partition_log set schema_name = 'prod' where model = 'totals'")
    (shop.root / "models/totals.sql").unlink()
    assert "NO_MODEL_BUILDS" not in shop.command("status").stderr
