"""The two streams: data on stdout, messages on stderr. Colours, widths and closed pipes are settled here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a stream can show. `width` is in columns; None where nobody folds lines (a file, a pipe)."""

    terminal: bool = False
    colour: bool = False
    unicode: bool = True
    width: int | None = None

    def paint(self, text: str, *styles: str) -> str:
        """`text` in the given styles where colours are shown, else as it is."""
        if not self.colour or not text:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def sign(self, sign: str, plain: str) -> str:
        """`sign` where the stream's encoding has it, else `plain`."""
        return sign if self.unicode else plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Both streams as one invocation uses them. A reader that goes away ends neither work nor exit code."""

    out: Look = Look()
    err: Look = Look()
    quiet: bool = False

    def data(self, text: str) -> None:
        """Writes `text` and a line end to stdout."""
        _write(sys.stdout, "stdout", text)

    def message(self, text: str) -> None:
        """Writes `text` and a line end to stderr, quiet or not: for errors and questions."""
        _write(sys.stderr, "stderr", text)

    def remark(self, text: str) -> None:
        """Writes `text` to stderr unless asked to be quiet: for progress, warnings and advice."""
        if not self.quiet:
            self.message(text)

    def document(self, document: Mapping[str, Any]) -> None:
        """Writes one JSON document to stdout."""
        self.data(json_text(document))


def json_text(document: Mapping[str, Any]) -> str:
    """`document` as indented JSON without a final line end; equal documents give equal bytes."""
    import json

    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def look_of(stream: TextIO | None, *, no_color: bool) -> Look:
    """What `stream` can show, by itself and by NO_COLOR, TERM and COLUMNS."""
    terminal = _is_terminal(stream)
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    return Look(
        terminal=terminal,
        colour=terminal and not plain,
        unicode=encoding.startswith("utf"),
        width=_width() if terminal else None,
    )


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def output_for(*, quiet: bool, no_color: bool) -> Output:
    """The streams of this process."""
    return Output(
        out=look_of(sys.stdout, no_color=no_color),
        err=look_of(sys.stderr, no_color=no_color),
        quiet=quiet,
    )


def can_ask() -> bool:
    """Whether a question would be seen and could be answered."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def read_yes(question: str) -> bool:
    """Whether the answer to `question`, asked on stderr, begins a yes; no where there is none."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = ""
    try:
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes")


def settle_streams() -> None:
    """Makes both streams safe to write to: closed ones swallow, unknown signs become `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            _silence(name)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def flush_streams() -> None:
    """Writes out what is buffered. Raises UsageError if stdout cannot take it (a full disk)."""
    for name in ("stderr", "stdout"):
        try:
            getattr(sys, name).flush()
        except BrokenPipeError:
            _silence(name)
        except OSError as error:
            _silence(name)
            if name == "stdout":
                raise _cannot_write(error) from error


def _write(stream: TextIO, name: str, text: str) -> None:
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        _silence(name)
    except OSError as error:
        _silence(name)
        if name == "stdout":
            raise _cannot_write(error) from error


def _cannot_write(error: OSError) -> UsageError:
    return UsageError(
        Diagnostic(
            code="OUTPUT_FAILED",
            message=f"cannot write to stdout: {error.strerror or type(error).__name__}",
            fix="point stdout elsewhere; `sqlbackfill runs` tells whether a run was made",
        )
    )


def _silence(name: str) -> None:
    """Points the stream at nothing, so that neither we nor Python's exit write to it again."""
    sink = os.open(os.devnull, os.O_WRONLY)
    stream = getattr(sys, name)
    if stream is None:
        setattr(sys, name, os.fdopen(sink, "w", encoding="utf-8"))
        return
    try:
        os.dup2(sink, stream.fileno())
    except (OSError, ValueError):
        setattr(sys, name, os.fdopen(sink, "w", encoding="utf-8"))
    else:
        os.close(sink)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
