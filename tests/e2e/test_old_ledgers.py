"""A ledger of an older release is migrated by the next run, which goes on with its records."""

from __future__ import annotations

from pathlib import Path

from sqlbackfill.ledger import schema
from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN


def test_a_run_migrates_the_ledger_of_the_release_before_and_its_records_stand(
    shop: ProjectDir, tmp_path: Path
) -> None:
    assert shop.command(*RUN).exit_code == 0
    dropped = [name for name, _ in schema.RUN[schema.WITHOUT_COSTS :]]
    shop.execute(
        ";".join(f"alter table sqlbackfill.run drop column {name}" for name in dropped)
        + "; update sqlbackfill.meta set version = 2"
    )
    refused = shop.command("status")
    assert (refused.exit_code, "LEDGER_TOO_OLD" in refused.stderr) == (2, True)
    unasked = shop.command("run")
    assert (unasked.exit_code, "run --yes" in unasked.stderr) == (2, True)
    again = shop.command("run", "--yes", "--json")
    assert again.exit_code == 0, again
    assert "version 2 to 3" in again.stderr
    assert again.document["models"] == [], "what was built before the migration is built"
    assert shop.command("status").exit_code == 0
