"""What the end-to-end tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import make_shop


@pytest.fixture
def shop(tmp_path: Path) -> ProjectDir:
    """A good project that has not run yet, the test's own to break."""
    return make_shop(tmp_path / "shop")
