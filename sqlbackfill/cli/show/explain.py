"""The explain document for people: what each model reads, the verdict and the lines behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.diagnostics import Lines, full
from sqlbackfill.cli.show.table import Column, Table
from sqlbackfill.cli.show.witness import witness_text
from sqlbackfill.cli.show.words import folded
from sqlbackfill.errors import Diagnostic, Severity, SourceSpan

Document = Mapping[str, Any]
_VERDICTS = {
    "proven": ("green", "one query over a range gives the same rows as one per partition"),
    "refuted": ("yellow", "cut naively, one query per partition and one over a range would differ"),
    "unproven": ("yellow", "nothing shows that cutting it is safe"),
}
_WRITES = {
    "partition": "replaces its own partitions only",
    "table": "replaces the whole table",
    "append": "only adds rows",
}


def explain_text(document: Document, look: Look, lines: Lines) -> str:
    """All models of an explain document, a blank line between them."""
    models: Sequence[Document] = document["models"]
    if not models:
        return "no models"
    return "\n\n".join(_model(model, look, lines) for model in models)


def reads_text(read: Document, sign: str = "−") -> str:
    """A read as words: `the same day`, `−6…0 days`, `all of the past`.

    >>> reads_text({"kind": "window", "grain": "day", "start_offset": -6, "end_offset": 0})
    '−6…0 days'
    """
    kind = read["kind"]
    if kind != "window":
        return {
            "past": "all of the past",
            "future": "all of the future",
            "all": "everything",
            "unpartitioned": "everything (no partitions)",
            "unknown": "unknown, so everything",
        }.get(kind, str(kind))
    start, end, grain = read.get("start_offset"), read.get("end_offset"), read.get("grain")
    if start is None or end is None:
        return f"a window of {grain}s" if grain else "a window"
    if start == end == 0:
        return f"the same {grain}" if grain else "the same partition"
    unit = _plural(str(grain or "partition"))
    dots = "…" if sign == "−" else ".."
    return f"{_signed(start, sign)}{dots}{_signed(end, sign)} {unit}"


def _signed(number: int, sign: str) -> str:
    return f"{sign}{-number}" if number < 0 else f"+{number}" if number > 0 else "0"


def _plural(grain: str) -> str:
    return grain if grain.endswith("s") else f"{grain}s"


def _model(model: Document, look: Look, lines: Lines) -> str:
    partition = model.get("partition")
    about = "no partitions"
    if partition:
        about = f"{partition['grain']} of {partition['column']}"
        if partition.get("timezone") not in (None, "UTC"):
            about += f", {partition['timezone']}"
    head = f"{look.paint(model['model'], 'bold', 'cyan')}  {about}, {model['dialect']}"
    parts = [head, _inputs(model, look), *_verdict(model, look), *_reasons(model, look, lines)]
    if model.get("witness"):
        parts.append(witness_text(model["witness"], look))
    return "\n".join(part for part in parts if part)


def _inputs(model: Document, look: Look) -> str:
    if not model["inputs"]:
        return "  reads nothing"
    minus = look.sign("−", "-")
    rows = tuple(
        (
            str(item["relation"]),
            str(item["column"] or ""),
            reads_text(item["read"], minus),
            str(item.get("because") or ""),
        )
        for item in model["inputs"]
    )
    table = Table(
        columns=(
            Column("input", keep=True),
            Column("column"),
            Column("reads", keep=True),
            Column("because"),
        ),
        rows=rows,
    )
    return "\n".join(f"  {line}".rstrip() for line in table.draw(_narrower(look)).split("\n"))


def _verdict(model: Document, look: Look) -> list[str]:
    verdict = model["separable"]["verdict"]
    colour, meaning = _VERDICTS[verdict]
    strategies = ", ".join(model["strategies"]) or "none"
    said = [
        (f"separable: {verdict}", f": {meaning}", colour),
        (f"strategies: {strategies}", f"; {_WRITES.get(model['write_scope'], '')}", "bold"),
    ]
    out: list[str] = []
    for head, tail, style in said:
        first, *more = folded(f"{head}{tail}", width=look.width, first="  ", rest="    ")
        out += [first.replace(head, look.paint(head, style), 1), *more]
    if model.get("lifted"):
        written = (
            "range and chunk are lifted: the query runs for each partition inside one (LATERAL)"
        )
        out += folded(written, width=look.width, first="  ", rest="    ")
    if model.get("reads_itself"):
        out.append("  reads its own earlier partitions: built one by one, in order")
    return out


def _reasons(model: Document, look: Look, lines: Lines) -> list[str]:
    narrower = _narrower(look)
    blocks = [
        full(diagnostic_of(reason), narrower, lines) for reason in model["separable"]["reasons"]
    ]
    return [f"  {line}".rstrip() for block in blocks for line in block.split("\n")]


def diagnostic_of(document: Document) -> Diagnostic:
    """The E of the contract, read back; what it does not carry is left out."""
    span = None
    if document.get("file") and document.get("line"):
        span = SourceSpan(
            file=document["file"], line=document["line"], column=document.get("column") or 1
        )
    return Diagnostic(
        code=document["code"],
        message=document["message"],
        severity=Severity(document["severity"]),
        span=span,
        fix=document.get("fix"),
        model=document.get("model"),
    )


def _narrower(look: Look) -> Look:
    return Look(
        terminal=look.terminal,
        colour=look.colour,
        unicode=look.unicode,
        width=look.width - 2 if look.width else None,
    )
