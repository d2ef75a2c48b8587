"""`check` as a command: what it prints and how it exits."""

from __future__ import annotations

import json

import pytest

from sqlbackfill.app.check import Checked
from sqlbackfill.cli.main import main
from sqlbackfill.errors import Diagnostic, Severity

ERROR = Diagnostic(code="A", message="wrong")
WARNING = Diagnostic(code="B", message="odd", severity=Severity.WARNING)


@pytest.mark.parametrize(
    ("findings", "code", "last"),
    [
        ((), 0, "no problems found"),
        ((WARNING,), 0, "1 warning"),
        ((ERROR, WARNING, WARNING), 1, "1 error, 2 warnings"),
    ],
)
def test_only_errors_change_the_exit_code(
    findings: tuple[Diagnostic, ...],
    code: int,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sqlbackfill.app.check.check", lambda _: Checked(findings))
    assert main(["check"]) == code
    assert capsys.readouterr().out.splitlines()[-1] == last
    assert main(["check", "--format", "json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in document["findings"]] == [d.code for d in findings]
