"""Texts that are kept word for word: compared on every run, rewritten by `pytest tests/golden --write-golden`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden", action="store_true", help="write what is printed now as what is expected"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """A check that a text equals the file of that name beside the test."""
    directory = Path(request.path).parent

    def check(name: str, text: str) -> None:
        file = directory / name
        if request.config.getoption("--write-golden", default=False):
            assert not os.environ.get("CI"), "expected texts are not written in CI"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"no {name}: run `make golden` and read what it wrote"
        assert text == file.read_text(encoding="utf-8")

    return check
