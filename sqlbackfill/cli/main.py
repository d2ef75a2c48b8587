"""The entry point: reads the command line, runs the command, and turns what went wrong into words and an exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from sqlbackfill.cli import catalogue

_OBJECTS_BEFORE_COLLECTION = 100_000
_STATEMENTS = "sqlbackfill-statements"


def entry() -> NoReturn:
    """The command as a process: `main`, and then an end at once.

    Python would take modules and the engine to pieces first, a seventh of a short command's time, for
    a system that takes all of it back anyway. Whatever has to be closed or written is by then.
    """
    code = main()
    import atexit
    import threading

    if threading.active_count() == 1:
        atexit._run_exitfuncs()  # noqa: SLF001 - what the end of Python runs first
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments` (of the process, if None)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    run = _run_process if arguments is None else _run
    quick = _quick_answer(words)
    if quick is None or sys.stdout is None:
        return run(words)
    try:
        sys.stdout.write(f"{quick}\n")
        sys.stdout.flush()
    except OSError:
        return run(words)
    return 0


def _run_process(words: list[str]) -> int:
    """The exit code of the process's own command line; once all is said Ctrl-C cannot spoil its end.

    Nearly all that a command makes lives until it ends: to look for garbage among modules, facts
    and records over and over took up to a tenth of a short command's time.
    """
    import signal
    import threading

    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    try:
        code = _run(words)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if any(thread.name.startswith(_STATEMENTS) for thread in threading.enumerate()):
        from sqlbackfill.cli.output import flush_streams

        # The engine goes on with a statement that it was told to give up; Python would wait for it.
        flush_streams()
        os._exit(code)
    return code


def _quick_answer(words: Sequence[str]) -> str | None:
    """What `--help` and `--version` print, without importing anything."""
    if list(words) in (["--help"], ["-h"]):
        return catalogue.group_help()
    return catalogue.version_text() if list(words) == ["--version"] else None


def _run(words: list[str]) -> int:
    import click

    from sqlbackfill.cli.group import root
    from sqlbackfill.cli.output import flush_streams, settle_streams

    if "_SQLBACKFILL_COMPLETE" in os.environ:
        root.main(words, prog_name="sqlbackfill")
    settle_streams()
    values: dict[str, Any] = {}
    try:
        try:
            with root.make_context("sqlbackfill", list(words), obj=values) as ctx:
                code = root.invoke(ctx)
        finally:
            flush_streams()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (Exception, KeyboardInterrupt) as failure:  # noqa: BLE001 - the outermost net
        from sqlbackfill.cli.failure import report_failure

        return report_failure(failure, words, values)
    return int(code or 0)
