"""Streams that are closed, full, narrow or not terminals."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from sqlbackfill.cli.output import Look, json_text, look_of

PRINTS_MUCH = (
    "import sys\n"
    "from sqlbackfill.cli.output import Output, flush_streams, settle_streams\n"
    "settle_streams()\n"
    "for n in range(50_000): Output().data(f'row {n} …')\n"
    "flush_streams()\n"
    "sys.exit(7)\n"
)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_reader_that_goes_away_changes_neither_the_exit_code_nor_says_anything() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PRINTS_MUCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 7
    assert said == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_under_stdout_is_one_message_and_exit_2() -> None:
    script = "import sys; from sqlbackfill.cli.main import main; sys.exit(main(['nope', '--json']))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error[UNKNOWN_COMMAND]")
    assert b"Traceback" not in done.stderr


def test_signs_that_the_encoding_lacks_do_not_end_the_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINTS_MUCH.replace("50_000", "1")],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 7
    assert done.stdout == b"row 0 ?\n"


def test_colours_are_for_terminals_that_do_not_refuse_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert look_of(Terminal(), no_color=False).colour
    assert not look_of(Terminal(), no_color=True).colour
    assert not look_of(io.StringIO(), no_color=False).colour
    monkeypatch.setenv("NO_COLOR", "1")
    assert not look_of(Terminal(), no_color=False).colour
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not look_of(Terminal(), no_color=False).colour


def test_what_is_not_a_terminal_has_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert look_of(Terminal(), no_color=False).width == 50
    assert look_of(io.StringIO(), no_color=False).width is None
    assert look_of(None, no_color=False) == Look(unicode=False)


def test_equal_documents_give_equal_text_without_nan() -> None:
    assert json_text({"b": 1, "a": "…"}) == '{\n  "b": 1,\n  "a": "…"\n}'
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text({"a": float("nan")})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"]])
def test_help_on_a_full_disk_is_one_message_and_exit_2(words: list[str]) -> None:
    script = f"import sys; from sqlbackfill.cli.main import main; sys.exit(main({words}))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error[OUTPUT_FAILED]: cannot write to stdout: No space")
    assert b"Exception" not in done.stderr
