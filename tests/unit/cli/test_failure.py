"""What is said when a command does not succeed, and the code that it exits with."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest

from sqlbackfill.cli import group
from sqlbackfill.cli.main import main
from sqlbackfill.errors import (
    CancelledError,
    Diagnostic,
    GuardError,
    ProjectError,
    WarehouseError,
)

DIAGNOSTICS = (
    Diagnostic(code="FIRST", message="the first thing"),
    Diagnostic(code="SECOND", message="the second thing", fix="do this"),
)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `ls` raise."""

    def install(error: BaseException) -> None:
        @group.command("ls", examples=())
        @click.option("--json", "as_json", is_flag=True)
        def broken(_: group.Invocation, **__: object) -> int:
            raise error

        monkeypatch.setattr("sqlbackfill.cli.commands.ls.command", broken)

    return install


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProjectError(*DIAGNOSTICS), 2),
        (WarehouseError(*DIAGNOSTICS), 2),
        (GuardError(*DIAGNOSTICS), 3),
        (CancelledError(*DIAGNOSTICS), 130),
    ],
)
def test_each_class_of_error_has_its_exit_code_and_all_are_shown(
    error: Exception,
    code: int,
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(error)
    assert main(["ls"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "error[FIRST]: the first thing\n\nerror[SECOND]: the second thing\n  = fix: do this\n\n2 errors\n"
    )


def test_errors_are_one_document_on_stdout_when_json_is_asked_for(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ProjectError(*DIAGNOSTICS))
    assert main(["ls", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1
    assert document["error"] == document["errors"][0] == DIAGNOSTICS[0].as_json()
    assert len(document["errors"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["ls", "--json", "--nope"],
        ["ls", "--nope", "--json"],
        ["nope", "--json"],
        ["--nope", "ls", "--json"],
        ["lineage", "--format", "json", "a", "b"],
        ["lineage", "--format=json", "a", "b"],
    ],
)
def test_usage_errors_are_json_too_wherever_it_is_asked_for(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert json.loads(capsys.readouterr().out)["error"]["severity"] == "error"


def test_an_unexpected_error_shows_its_kind_and_place_but_not_its_text(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(KeyError("password=hunter2"))
    assert main(["ls"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error[INTERNAL_ERROR]: internal error: KeyError at cli/")
    assert "sqlbackfill 0." in said
    assert "hunter2" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", [["--debug", "ls"], ["ls", "--debug"]])
def test_a_traceback_is_for_those_who_ask(
    words: list[str],
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(KeyError("x"))
    assert main(words) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_exits_130(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(KeyboardInterrupt())
    assert main(["ls"]) == 130
    assert capsys.readouterr().err == "error[INTERRUPTED]: interrupted; what was committed stays\n"
