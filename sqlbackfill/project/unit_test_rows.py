"""Reads the rows of unit tests: mappings, csv and SQL, inline or from a fixture file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.files import walk
from sqlbackfill.project.findings import suggestion
from sqlbackfill.project.unit_test import RowFormat, UnitRows
from sqlbackfill.project.yml import Yml

_FORMATS: Final = tuple(one.value for one in RowFormat)

Refuse = Callable[[str, SourceSpan, str], None]
"""Records a message, its place and its fix."""


@dataclass(frozen=True, slots=True)
class Fixtures:
    """The files that tests may name instead of writing their rows."""

    root: Path
    folders: tuple[str, ...]

    def text(self, name: str, suffix: str) -> str | None:
        """The text of `NAME.SUFFIX` below a folder `fixtures`; None where there is none to read."""
        path = self._found(suffix).get(name.removesuffix(f".{suffix}"))
        if path is None:
            return None
        try:
            return Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None

    def names(self, suffix: str) -> list[str]:
        """The names that there are, without their endings."""
        return sorted(self._found(suffix))

    def _found(self, suffix: str) -> dict[str, str]:
        return {
            file.stem: file.path
            for folder in self.folders
            for file in walk(self.root, f"{folder}/fixtures", frozenset([suffix]))
        }


def read_rows(node: Yml, where: str, fixtures: Fixtures, refuse: Refuse) -> UnitRows | None:
    """The rows under `node`, a mapping with `rows` or `fixture`; None after recording what is wrong."""
    written = node.child("format")
    name = str(written.value(rendered=False)).lower() if written is not None else "dict"
    if name not in _FORMATS:
        span = written.span if written is not None else node.span
        message = f"`{name}` is no format{suggestion(name, _FORMATS)}"
        refuse(message, span, f"use {', '.join(_FORMATS)}")
        return None
    format_ = RowFormat(name)
    rows, fixture = node.child("rows"), node.child("fixture")
    if fixture is not None:
        return _from_fixture(fixture, format_, fixtures, refuse)
    if rows is None or (rows.is_null and format_ is not RowFormat.DICT):
        refuse(f"`{where}` has no rows", node.span, "add `rows:`, `rows: []` for none")
        return None
    if format_ is RowFormat.DICT:
        return _from_mappings(rows, where, refuse)
    text = rows.value(rendered=False)
    if not isinstance(text, str):
        message = f"the rows of `{where}` are {rows.kind}, and {format_} is text"
        refuse(message, rows.span, "write `rows: |` and the text below, indented")
        return None
    return _from_text(text, format_, rows.span, refuse)


def _from_mappings(rows: Yml, where: str, refuse: Refuse) -> UnitRows | None:
    if rows.is_null:
        return UnitRows(format=RowFormat.DICT, span=rows.span)
    if not rows.is_list:
        message = f"the rows of `{where}` must be a list, not {rows.kind}"
        refuse(message, rows.span, "write `- {column: value}`, or say `format: csv` or `sql`")
        return None
    found: list[Mapping[str, object]] = []
    spans = []
    for item in rows.items():
        value = item.value(rendered=False)
        if not isinstance(value, dict):
            refuse(f"a row of `{where}` is {item.kind}", item.span, "write `- {column: value}`")
            return None
        found.append(value)
        spans.append(item.span)
    return UnitRows(format=RowFormat.DICT, span=rows.span, rows=tuple(found), spans=tuple(spans))


def _from_fixture(
    node: Yml, format_: RowFormat, fixtures: Fixtures, refuse: Refuse
) -> UnitRows | None:
    name = str(node.value(rendered=False))
    if format_ is RowFormat.DICT:
        refuse("a fixture is a csv or sql file", node.span, "add `format: csv` or `format: sql`")
        return None
    text = fixtures.text(name, format_.value)
    if text is None:
        folder = f"{fixtures.folders[0]}/fixtures" if fixtures.folders else "fixtures"
        message = f"there is no fixture `{name}.{format_}`"
        message += suggestion(name, fixtures.names(format_.value))
        refuse(message, node.span, f"put it into {folder}/")
        return None
    return _from_text(text, format_, node.span, refuse)


def _from_text(text: str, format_: RowFormat, span: SourceSpan, refuse: Refuse) -> UnitRows | None:
    if format_ is RowFormat.SQL:
        return UnitRows(format=format_, span=span, sql=text.strip().rstrip(";"))
    reader = csv.reader(io.StringIO(text.strip("\n")), skipinitialspace=True)
    lines = [line for line in reader if line]
    if not lines:
        refuse("the csv is empty", span, "write the columns' names on its first line")
        return None
    header = [name.strip() for name in lines[0]]
    rows: list[Mapping[str, object]] = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(header):
            message = f"line {number} of the csv has {len(line)} values, its header {len(header)}"
            refuse(message, span, "write one value for each column; nothing between commas is NULL")
            return None
        values = (cell.strip() for cell in line)
        rows.append({n: (v or None) for n, v in zip(header, values, strict=True)})
    return UnitRows(format=format_, span=span, rows=tuple(rows))
