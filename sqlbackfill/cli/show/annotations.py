"""Findings as machines that review code take them: GitHub's workflow commands, and SARIF 2.1.0."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlbackfill import __version__
from sqlbackfill.errors import Diagnostic, Severity

PathOf = Callable[[str], str]
"""A file as spans name it, as a path from the root of the repository."""

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def files_below(project_dir: Path) -> PathOf:
    """Paths from GITHUB_WORKSPACE, or from the working directory where that is not set.

    A project outside of it keeps the paths that it has in its own directory.
    """
    base = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    project = project_dir.resolve()
    prefix = project.relative_to(base).as_posix() if project.is_relative_to(base) else "."
    return lambda file: file if prefix == "." else f"{prefix}/{file}"


def github(finding: Diagnostic, path_of: PathOf) -> str:
    """One finding as a workflow command, `::error file=…,line=…,col=…,title=CODE::message`.

    Escapes as GitHub's runner unescapes (actions/toolkit, core/src/command.ts).
    """
    place: dict[str, str] = {}
    if finding.span is not None:
        place["file"] = path_of(finding.span.file)
        place["line"] = str(finding.span.line)
        place["col"] = str(finding.span.column)
    place["title"] = finding.code
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(_text(finding))}"


def _text(finding: Diagnostic) -> str:
    """The message with its fix on a line of its own."""
    message = finding.message
    if finding.model and finding.span is None and finding.model not in message:
        message = f"{finding.model}: {message}"
    return f"{message}\nfix: {finding.fix}" if finding.fix else message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(findings: Sequence[Diagnostic], path_of: PathOf) -> dict[str, Any]:
    """All findings as one SARIF 2.1.0 log with one run."""
    codes = sorted({finding.code for finding in findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "sqlbackfill",
                        "version": __version__,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes, path_of) for finding in findings],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    words = code.replace("_", " ").lower()
    return {"id": code, "shortDescription": {"text": words}}


def _result(finding: Diagnostic, codes: Sequence[str], path_of: PathOf) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity.value,
        "message": {"text": _text(finding)},
        "locations": _locations(finding, path_of),
        "partialFingerprints": {"sqlbackfill/v1": _fingerprint(finding, path_of)},
    }


def _locations(finding: Diagnostic, path_of: PathOf) -> list[dict[str, Any]]:
    location: dict[str, Any] = {}
    span = finding.span
    if span is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(path_of(span.file)), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endColumn": span.column + span.length,
            },
        }
    if finding.model:
        location["logicalLocations"] = [{"name": finding.model}]
    return [location] if location else []


def _fingerprint(finding: Diagnostic, path_of: PathOf) -> str:
    """The same for a finding that only moved to another line."""
    file = path_of(finding.span.file) if finding.span else ""
    parts = (finding.code, file, finding.model or "", finding.message)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
