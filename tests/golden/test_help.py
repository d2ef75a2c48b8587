"""What `--help` prints, word for word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sqlbackfill.cli.catalogue import COMMANDS
from sqlbackfill.cli.main import main


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_as_kept(
    command: str, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Examples:\n")
    assert max(map(len, text.splitlines())) <= 80
    golden(f"help/{command}.txt", text)


def test_the_help_of_the_whole_is_as_kept_and_fits_eighty_columns(
    golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    golden("help/sqlbackfill.txt", text)
