"""Findings for machines that review code."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlbackfill.cli.show.annotations import files_below, github, sarif
from sqlbackfill.errors import Diagnostic, Severity, SourceSpan

FOUND = Diagnostic(
    code="FULL_SCAN",
    message="every day reads all, 100% of it",
    severity=Severity.WARNING,
    span=SourceSpan(file="models/a b,c:d.sql", line=3, column=5, length=4),
    fix="add `day`",
    model="m",
)
NOWHERE = Diagnostic(code="OUT_OF_RANGE", message="no such day", model="m")


def same(file: str) -> str:
    return file


def test_a_workflow_command_escapes_what_would_end_it() -> None:
    assert github(FOUND, same) == (
        "::warning file=models/a b%2Cc%3Ad.sql,line=3,col=5,title=FULL_SCAN"
        "::every day reads all, 100%25 of it%0Afix: add `day`"
    )


def test_a_finding_without_a_place_names_its_model() -> None:
    assert github(NOWHERE, same) == "::error title=OUT_OF_RANGE::m: no such day"


@pytest.mark.parametrize(
    ("severity", "word"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_each_severity_has_its_command(severity: Severity, word: str) -> None:
    found = Diagnostic(code="C", message="x", severity=severity)

    assert github(found, same).startswith(f"::{word} ")


def test_line_breaks_cannot_begin_another_command() -> None:
    found = Diagnostic(code="C", message="a\r\n::error::b")

    assert "\n" not in github(found, same)
    assert "a%0D%0A::error::b" in github(found, same)


def test_sarif_has_all_that_its_schema_requires() -> None:
    log = sarif([FOUND, NOWHERE, FOUND], same)

    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["tool"]["driver"]["name"] == "sqlbackfill"
    assert rules == ["FULL_SCAN", "OUT_OF_RANGE"], "each rule once"
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
    first = run["results"][0]
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {
                    "uri": "models/a%20b%2Cc%3Ad.sql",
                    "uriBaseId": "%SRCROOT%",
                },
                "region": {"startLine": 3, "startColumn": 5, "endColumn": 9},
            },
            "logicalLocations": [{"name": "m"}],
        }
    ]
    assert run["results"][1]["locations"] == [{"logicalLocations": [{"name": "m"}]}]


def test_a_finding_that_moves_keeps_its_fingerprint() -> None:
    moved = Diagnostic(
        code=FOUND.code,
        message=FOUND.message,
        severity=FOUND.severity,
        span=SourceSpan(file="models/a b,c:d.sql", line=30),
        model="m",
    )
    results = sarif([FOUND, moved, NOWHERE], same)["runs"][0]["results"]
    prints = [result["partialFingerprints"]["sqlbackfill/v1"] for result in results]

    assert prints[0] == prints[1] != prints[2]


def test_paths_start_at_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "repo" / "shop"
    project.mkdir(parents=True)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path / "repo")
    assert files_below(project)("models/m.sql") == "shop/models/m.sql"
    monkeypatch.chdir(project)
    assert files_below(Path())("models/m.sql") == "models/m.sql"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repo"))
    assert files_below(Path())("models/m.sql") == "shop/models/m.sql"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert files_below(Path())("models/m.sql") == "models/m.sql"
