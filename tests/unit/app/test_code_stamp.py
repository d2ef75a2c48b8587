"""The stamp under which facts are kept: of the code that computed them, whatever its version says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlbackfill.app import code_stamp as module
from sqlbackfill.app.code_stamp import code_stamp


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with one rule, in place of the real one."""
    (tmp_path / "query").mkdir()
    (tmp_path / "query" / "rules.py").write_text("WEEK = 7\n")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "app" / "code_stamp.py"))
    code_stamp.cache_clear()
    yield tmp_path
    code_stamp.cache_clear()


def test_a_mended_rule_has_another_stamp(installed: Path) -> None:
    before = code_stamp()
    (installed / "query" / "rules.py").write_text("WEEK = 6\n")
    code_stamp.cache_clear()

    assert code_stamp() != before


def test_another_parser_has_another_stamp(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_stamp()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    code_stamp.cache_clear()

    assert code_stamp() != before


def test_the_same_code_has_the_same_stamp_wherever_and_whenever_it_was_installed(
    installed: Path,
) -> None:
    before = code_stamp()
    (installed / "query" / "rules.py").write_text("WEEK = 7\n")
    code_stamp.cache_clear()

    assert code_stamp() == before
