"""Errors and warnings as people read them: what happened, the line in their own file, how to fix it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.words import folded
from sqlbackfill.errors import Diagnostic, Severity, SourceSpan

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_SAME_WARNING = 5
_TAB = "    "
_UNQUOTED = frozenset({"profiles.yml", "profiles.example.yml"})
"""Files of which no line is shown: a password may stand beside what is wrong."""

Lines = Callable[[str], Sequence[str]]
"""The lines of one of the user's files, by the name that spans carry; empty where it cannot be read."""


def lines_below(root: Path) -> Lines:
    """A reader of the files under `root` that reads each file once, and profiles never."""
    seen: dict[str, Sequence[str]] = {}

    def read(file: str) -> Sequence[str]:
        if PurePosixPath(file).name in _UNQUOTED:
            return ()
        if file not in seen:
            try:
                seen[file] = (root / file).read_text(encoding="utf-8", errors="replace").split("\n")
            except OSError:
                seen[file] = ()
        return seen[file]

    return read


def full(diagnostic: Diagnostic, look: Look, lines: Lines) -> str:
    """One diagnostic over several lines, with the user's own line quoted and marked."""
    colour = _COLOURS[diagnostic.severity]
    rows = _headed(diagnostic, look, colour)
    margin = " "
    if diagnostic.span:
        margin = " " * len(str(diagnostic.span.line))
        rows.append(f"{margin}{look.paint('-->', 'blue')} {place(diagnostic.span)}")
        rows += _quoted(diagnostic.span, look, lines, colour, margin)
    notes = [*diagnostic.notes, *([("fix", diagnostic.fix)] if diagnostic.fix else [])]
    for label, text in notes:
        first, *more = printable(text).split("\n")
        rows.append(f"{margin} {look.paint('=', 'blue')} {look.paint(label, 'bold')}: {first}")
        rows += [f"{margin}   {' ' * len(label)}  {line}" for line in more]
    return "\n".join(rows)


def _headed(diagnostic: Diagnostic, look: Look, colour: str) -> list[str]:
    """The code and the message, folded to the terminal; what follows them may be copied, so is not."""
    head = f"{diagnostic.severity.value}[{diagnostic.code}]"
    first, *more = folded(_in_model(diagnostic), width=look.width, first=f"{head}: ", rest="  ")
    told = f"{look.paint(head, 'bold', colour)}{look.paint(first[len(head) :], 'bold')}"
    return [told, *(look.paint(line, "bold") for line in more)]


def every_error(diagnostics: Sequence[Diagnostic], look: Look, lines: Lines) -> str:
    """All errors in full, what came with them concisely, then how many errors if more than one."""
    errors = [item for item in diagnostics if item.severity is Severity.ERROR]
    others = [item for item in diagnostics if item.severity is not Severity.ERROR]
    blocks = [full(error, look, lines) for error in errors]
    if others:
        blocks.append("\n".join(every_warning(others, look)))
    if len(errors) > 1:
        blocks.append(look.paint(f"{len(errors)} errors", "bold", "red"))
    return "\n\n".join(blocks)


def concise(diagnostic: Diagnostic, look: Look) -> str:
    """One diagnostic on one line, and its fix, if it has one, on a second."""
    colour = _COLOURS[diagnostic.severity]
    head = look.paint(f"{diagnostic.severity.value}[{diagnostic.code}]", "bold", colour)
    where = f" ({place(diagnostic.span)})" if diagnostic.span else ""
    line = f"{head}: {_in_model(diagnostic)}{where}"
    return f"{line}\n  = fix: {printable(diagnostic.fix)}" if diagnostic.fix else line


def every_warning(diagnostics: Iterable[Diagnostic], look: Look) -> list[str]:
    """Concise lines, each distinct warning once, and no more than a few of one code."""
    distinct = list(dict.fromkeys(diagnostics))
    shown: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    rows = []
    for diagnostic in distinct:
        if shown[diagnostic.code] < _SAME_WARNING:
            shown[diagnostic.code] += 1
            rows.append(concise(diagnostic, look))
        else:
            left_out[diagnostic.code] += 1
    rows += [
        f"… and {count} more of {code}; --json has them all" for code, count in left_out.items()
    ]
    return rows


def place(span: SourceSpan) -> str:
    """`file:line:column`."""
    return f"{span.file}:{span.line}:{span.column}"


def printable(text: str) -> str:
    """`text` with control characters spelled out, so that a file cannot drive the terminal."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text.replace("\t", _TAB)
    )


def _in_model(diagnostic: Diagnostic) -> str:
    """The message, led by the model's name where neither the message nor the place tells it."""
    message = printable(diagnostic.message)
    model = diagnostic.model
    if model is None or model in message or (diagnostic.span and model in diagnostic.span.file):
        return message
    return f"{model}: {message}"


def _quoted(span: SourceSpan, look: Look, lines: Lines, colour: str, margin: str) -> list[str]:
    text = lines(span.file)
    if span.line > len(text):
        return []
    line = text[span.line - 1].rstrip("\r")
    before = printable(line[: span.column - 1])
    marked = printable(line[span.column - 1 : span.column - 1 + span.length])
    after = printable(line[span.column - 1 + span.length :])
    before, marked, after = _within(before, marked, after, look.width, len(margin) + 3)
    bar = look.paint("|", "blue")
    carets = look.paint("^" * max(len(marked), 1), "bold", colour)
    return [
        f"{margin} {bar}",
        f"{look.paint(str(span.line), 'blue')} {bar} {before}{marked}{after}".rstrip(),
        f"{margin} {bar} {' ' * len(before)}{carets}",
    ]


def _within(
    before: str, marked: str, after: str, width: int | None, margin: int
) -> tuple[str, str, str]:
    """The three parts of a line, cut so that the marked one shows in `width` columns."""
    room = (width or 160) - margin
    if len(before) + len(marked) + len(after) <= room:
        return before, marked, after
    marked = marked if len(marked) <= room else f"{marked[: room - 1]}…"
    left = min(len(before), max((room - len(marked)) // 2, room - len(marked) - len(after)))
    if left < len(before):
        before = f"…{before[len(before) - left + 1 :]}" if left else ""
    right = room - len(marked) - len(before)
    if right < len(after):
        after = f"{after[: right - 1]}…" if right else ""
    return before, marked, after
