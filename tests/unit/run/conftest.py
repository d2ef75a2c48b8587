"""A warehouse in memory with the chain's source in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain


@pytest.fixture
def warehouse() -> Iterator[DoubleAdapter]:
    adapter = DoubleAdapter()
    session = adapter.session()
    chain.make_source(session)
    session.close()
    yield adapter
    adapter.close()
