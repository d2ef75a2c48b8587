"""How much memory a warehouse may take, which bounds what one chunk may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Adapter, Session


def test_every_adapter_says_how_much_or_that_nobody_needs_to_know(
    adapter: Adapter, session: Session
) -> None:
    found = adapter.memory_bytes(session)
    assert found is None or found > 1 << 20


@pytest.mark.parametrize(
    ("setting", "megabytes"), [("512MiB", 512), ("3GiB", 3072), ("1.5GiB", 1536)]
)
def test_it_is_what_the_profile_allows(tmp_path: Path, setting: str, megabytes: int) -> None:
    target = DuckDBTarget(path=tmp_path / "w.duckdb", settings={"memory_limit": setting})
    adapter = DuckDBAdapter(target)
    assert adapter.memory_bytes(adapter.session()) == megabytes << 20
    adapter.close()
