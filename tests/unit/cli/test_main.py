"""Global options, help and version; what a start may cost."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sqlbackfill import __version__
from sqlbackfill.cli import group
from sqlbackfill.cli.main import main


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[group.Invocation]:
    """The invocations of `ls`, which is made to do nothing else."""
    calls: list[group.Invocation] = []

    @group.command("ls", examples=())
    def remembering(call: group.Invocation) -> int:
        calls.append(call)
        return 0

    monkeypatch.setattr("sqlbackfill.cli.commands.ls.command", remembering)
    return calls


@pytest.mark.parametrize(
    "words",
    [
        ["--target", "prod", "--vars", "{a: 1}", "ls", "--as-of", "2014-01-01", "--quiet"],
        ["ls", "--target", "prod", "--vars", "{a: 1}", "--as-of", "2014-01-01", "--quiet"],
        ["--quiet", "--as-of", "2014-01-01T00:00Z", "--vars", "a: 1", "--target", "prod", "ls"],
    ],
)
def test_global_options_stand_before_or_after_the_command(
    words: list[str], seen: list[group.Invocation]
) -> None:
    assert main(words) == 0
    options = seen[0].options
    assert (options.target, options.vars) == ("prod", {"a": 1})
    assert options.as_of == datetime(2014, 1, 1, tzinfo=UTC)
    assert seen[0].output.quiet


def test_the_later_of_two_global_options_counts(seen: list[group.Invocation]) -> None:
    main(["--target", "dev", "--project-dir", "x", "ls", "--target", "prod"])
    assert seen[0].options.target == "prod"
    assert seen[0].options.project_dir == Path("x")


def test_an_instant_with_an_offset_is_that_instant(seen: list[group.Invocation]) -> None:
    main(["ls", "--as-of", "2014-01-01T01:00+01:00"])
    assert seen[0].options.as_of == datetime(2014, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("words", [["--version"], ["ls", "--version"], ["--debug", "--version"]])
def test_the_version_is_told_anywhere(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out == f"sqlbackfill {__version__}\n"


def test_the_help_is_the_same_with_and_without_a_start_of_click(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    quick = capsys.readouterr().out
    assert main(["--quiet", "--help"]) == 0
    assert capsys.readouterr().out == quick


def test_no_command_is_a_usage_error_that_shows_the_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Commands:" in said.err


def test_help_and_version_import_next_to_nothing() -> None:
    for word in ("--help", "--version"):
        loaded = modules_after(f"main(['{word}'])")
        assert not loaded & {"click", "rich", "json", "yaml", "duckdb", "jinja2", "sqlglot"}


def test_the_help_of_a_command_imports_no_library_but_click() -> None:
    loaded = modules_after("main(['run', '--help'])")
    assert "click" in loaded
    assert not loaded & {"rich", "json", "yaml", "duckdb", "jinja2", "sqlglot"}


def test_planning_a_run_loads_neither_what_parses_nor_what_renders_nor_what_writes() -> None:
    loaded = modules_after(
        "import sqlbackfill.app.run, sqlbackfill.app.status, sqlbackfill.cli.running"
    )
    assert "sqlbackfill.run.execute" in loaded
    assert not loaded & {
        "sqlglot", "jinja2", "rich", "duckdb", "concurrent.futures", "sqlbackfill.run.chunk"
    }  # fmt: skip


def test_python_runs_the_package_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sqlbackfill", "ls", "--no-such-option"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr


def test_a_process_writes_all_and_ends_by_its_exit_code_before_python_is_taken_to_pieces() -> None:
    script = (
        "import atexit, sys; from sqlbackfill.cli.main import entry; "
        "atexit.register(print, 'last words'); "
        "sys.keep = type('Kept', (), {'__del__': lambda self: print('taken to pieces')})(); "
        "sys.argv = ['sqlbackfill', 'run', *sys.argv[1:]]; entry()"
    )
    for words, code in (("--help", 0), ("--no-such-option", 2)):
        done = subprocess.run(
            [sys.executable, "-c", script, words], capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert done.stdout.endswith("last words\n")


def test_a_process_with_a_thread_under_way_waits_for_it() -> None:
    script = (
        "import sys, threading, time; from sqlbackfill.cli.main import entry; "
        "threading.Thread(target=lambda: (time.sleep(0.5), print('waited for'))).start(); "
        "sys.argv = ['sqlbackfill', 'run', '--help']; entry()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.endswith("waited for\n")


def test_ctrl_c_after_the_last_word_leaves_no_traceback() -> None:
    script = (
        "import os, signal, sys; from sqlbackfill.cli.main import main; "
        "sys.argv = ['sqlbackfill', 'run', '--help']; code = main(); "
        "os.kill(os.getpid(), signal.SIGINT); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def modules_after(statement: str) -> set[str]:
    script = (
        f"import sys; from sqlbackfill.cli.main import main; {statement}; "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())
