"""Unit tests as JUnit XML, which every CI reads: https://github.com/testmoapp/junitxml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.unit_tests import diff_text
from sqlbackfill.cli.show.words import count

if TYPE_CHECKING:
    from sqlbackfill.app.unit_tests import UnitReport, UnitResult

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML 1.0 cannot hold, escaped or not."""


def write_junit(report: UnitReport, file: Path) -> None:
    """Writes the report to `file`, whole or not at all. Raises OSError."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(junit_text(report), encoding="utf-8")
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def junit_text(report: UnitReport) -> str:
    """One `testcase` for each test, in one suite; the class is the model."""
    suite = ET.Element(
        "testsuite",
        name="sqlbackfill",
        tests=str(len(report.results)),
        failures=str(report.count("failed")),
        errors=str(report.count("error")),
        time=f"{sum(one.seconds for one in report.results):.3f}",
    )
    for one in report.results:
        _case(suite, one)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, one: UnitResult) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=_clean(one.test.name),
        classname=_clean(one.test.model),
        file=_clean(one.test.span.file),
        line=str(one.test.span.line),
        time=f"{one.seconds:.3f}",
    )
    if one.errors:
        first = one.errors[0]
        text = "\n".join(
            f"{error.code}: {error.message}"
            + (f" ({error.span.file}:{error.span.line}:{error.span.column})" if error.span else "")
            for error in one.errors
        )
        found = ET.SubElement(case, "error", message=_clean(first.message), type=first.code)
        found.text = _clean(text)
    elif one.diff:
        rows = len(one.diff.changed) + len(one.diff.missing) + len(one.diff.unexpected)
        message = f"{count(rows, 'row')} {'differs' if rows == 1 else 'differ'}"
        found = ET.SubElement(case, "failure", message=message, type="ROWS_DIFFER")
        found.text = _clean(diff_text(one.diff, Look()))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
