"""What a command that did not succeed says, on stderr or as JSON, and the code that it exits with."""

from __future__ import annotations

import contextlib
import itertools
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sqlbackfill import __version__
from sqlbackfill.cli.options import read_output
from sqlbackfill.cli.output import Output
from sqlbackfill.cli.show.diagnostics import every_error, lines_below
from sqlbackfill.cli.usage import from_click
from sqlbackfill.errors import CancelledError, Diagnostic, SqlbackfillError

_LIBRARIES = ("click", "duckdb", "jinja2", "sqlglot")


def report_failure(failure: BaseException, words: Sequence[str], values: Mapping[str, Any]) -> int:
    """Says what happened and returns the exit code. `values` are the global options read so far."""
    output = read_output({"no_color": "--no-color" in words, **values})
    error = as_ours(failure, words)
    if "--debug" in words:
        output.message("".join(traceback.format_exception(failure)).rstrip())
    if wants_json(words):
        _as_document(error, output)
    root = Path(str(values.get("project_dir", ".")))
    output.message(every_error(error.diagnostics, output.err, lines_below(root)))
    return error.exit_code


def as_ours(failure: BaseException, words: Sequence[str] = ()) -> SqlbackfillError:
    """`failure` as one of our errors; what is not expected becomes INTERNAL_ERROR."""
    if isinstance(failure, SqlbackfillError):
        return failure
    if isinstance(failure, click.ClickException):
        return from_click(failure, words)
    if isinstance(failure, (KeyboardInterrupt, click.Abort)):
        return CancelledError(
            Diagnostic(code="INTERRUPTED", message="interrupted; what was committed stays")
        )
    return SqlbackfillError(_internal(failure))


def wants_json(words: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, even where the rest of it cannot be read."""
    before = words[: words.index("--")] if "--" in words else words
    pairs = itertools.pairwise(before)
    return "--json" in before or "--format=json" in before or ("--format", "json") in pairs


def _as_document(error: SqlbackfillError, output: Output) -> None:
    errors = [diagnostic.as_json() for diagnostic in error.diagnostics]
    with contextlib.suppress(SqlbackfillError):  # stdout itself may be what failed
        output.document({"schema_version": 1, "error": errors[0], "errors": errors})


def _internal(failure: BaseException) -> Diagnostic:
    """Names the kind of error and the place, not its text: that could quote a secret."""
    return Diagnostic(
        code="INTERNAL_ERROR",
        message=f"internal error: {type(failure).__name__} {_origin(failure)}({_versions()})",
        fix="rerun with --debug and report what it prints; nothing was lost: a chunk is either "
        "committed with its record or not at all",
    )


def _origin(failure: BaseException) -> str:
    package = Path(__file__).parent.parent
    places = [
        (Path(frame.filename).relative_to(package), frame.lineno)
        for frame in traceback.extract_tb(failure.__traceback__)
        if Path(frame.filename).is_relative_to(package)
    ]
    return f"at {places[-1][0].as_posix()}:{places[-1][1]} " if places else ""


def _versions() -> str:
    from importlib.metadata import PackageNotFoundError, version

    found = [f"sqlbackfill {__version__}", f"Python {sys.version.split()[0]}"]
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)
