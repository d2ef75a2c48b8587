"""The question before a run, and what is said after it."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from sqlbackfill.app.options import Options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.output import Output
from sqlbackfill.cli.running import Running
from sqlbackfill.errors import Diagnostic, GuardError
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.plan.types import Plan
from sqlbackfill.run.result import ModelResult, RunResult

from .test_plan_text import a_plan, a_step, label


def planned(plan: Plan) -> Any:
    partitioning = SimpleNamespace(label_set=lambda partitions: label("", partitions))
    models = {step.model: SimpleNamespace(partitioning=partitioning) for step in plan.steps}
    return SimpleNamespace(plan=plan, models=models)


def running(*, yes: bool = False, as_json: bool = False, quiet: bool = False) -> Running:
    return Running(Invocation(Options(), Output(quiet=quiet)), as_json=as_json, yes=yes)


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sqlbackfill.cli.running.can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False), ("yo\n", False)],
)
def test_only_a_yes_is_a_yes(
    answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, answer)
    assert running().confirm(planned(a_plan(a_step("flights")))) is agreed
    said = capsys.readouterr()
    assert said.out == ""
    assert "Rebuild 31 partitions of 1 model in 1 query? [y/N] " in said.err


def test_without_a_terminal_and_without_yes_one_message_says_what_is_needed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(GuardError) as caught:
        running().confirm(planned(a_plan(a_step("flights"))))
    assert caught.value.exit_code == 3
    assert caught.value.diagnostics[0].code == "CONFIRMATION_REQUIRED"
    assert "31 partitions of 1 model" in caught.value.diagnostics[0].message
    assert capsys.readouterr() == ("", "")


def test_with_yes_the_plan_is_shown_and_nothing_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert running(yes=True).confirm(planned(a_plan(a_step("flights"))))
    said = capsys.readouterr().err
    assert "  1  flights  0..30" in said
    assert "[y/N]" not in said


def test_a_question_that_is_interrupted_leaves_the_cursor_on_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("sqlbackfill.cli.running.can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=interrupt))
    with pytest.raises(KeyboardInterrupt):
        running().confirm(planned(a_plan(a_step("flights"))))
    assert capsys.readouterr().err.endswith("[y/N] \n")


@pytest.mark.parametrize(("yes", "is_shown"), [(False, True), (True, False)])
def test_who_is_asked_sees_the_plan_even_if_json_is_printed(
    yes: bool, is_shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, "y\n")
    assert running(yes=yes, as_json=True).confirm(planned(a_plan(a_step("flights"))))
    said = capsys.readouterr()
    assert said.out == ""
    assert ("  1  flights" in said.err) is is_shown


def test_a_quiet_run_shows_no_plan_but_still_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert running(yes=True, quiet=True).confirm(planned(a_plan(a_step("flights"))))
    assert capsys.readouterr().err == ""
    answering(monkeypatch, "y\n")
    assert running(quiet=True).confirm(planned(a_plan(a_step("flights"))))
    assert "[y/N]" in capsys.readouterr().err


FAILED = RunResult(
    run_id="r1",
    plan_id="p1",
    status=RunStatus.FAILED,
    models=(
        ModelResult(model="flights", partitions_built=30, rows=27004, queries=31, seconds=1.5),
    ),
    errors=(Diagnostic(code="QUERY_FAILED", message="2013-01-05: division by zero"),),
    resume="sqlbackfill resume r1",
    seconds=1.5,
)


def test_a_failed_run_ends_with_the_command_that_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert running(yes=True).end(FAILED) == 1
    said = capsys.readouterr()
    assert said.out.split("\n") == [
        "failed: built 30 partitions, 27,004 rows in 1.5 s (run r1)",
        "model    partitions    rows  queries  seconds",
        "flights          30  27,004       31     1.50",
        "go on with: sqlbackfill resume r1",
        "",
    ]
    assert said.err == "error[QUERY_FAILED]: 2013-01-05: division by zero\n\n"


def test_a_run_of_a_plan_that_is_done_says_that_nothing_was_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = ModelResult(model="flights", partitions_skipped=31)
    again = RunResult(run_id="r2", plan_id="p1", status=RunStatus.DONE, models=(before,))
    assert running(yes=True).end(again) == 0
    assert capsys.readouterr().out == (
        "nothing to do: a run of this plan has built all of its 31 partitions\n"
    )


def test_a_plan_of_nothing_is_not_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert running().confirm(planned(a_plan()))
    nothing = RunResult(run_id="r2", plan_id="p1", status=RunStatus.DONE, models=())
    assert running().end(nothing) == 0
    assert capsys.readouterr() == ("nothing to do\n", "")


def test_json_is_the_only_thing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert running(yes=True, as_json=True).end(FAILED) == 1
    assert json.loads(capsys.readouterr().out)["resume"] == "sqlbackfill resume r1"
