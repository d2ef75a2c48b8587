"""The status of models as people read it."""

from __future__ import annotations

from sqlbackfill.app.status import ModelStatus, Status, StatusRange
from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.status import status_text
from sqlbackfill.ledger.processes import Process
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.run.runfile import ModelProgress, RunFile

PLAIN = Look(unicode=False)


def a_range(
    start: str | None, end: str | None, state: str, *, failed: bool = False, reason: str = ""
) -> StatusRange:
    return StatusRange(
        bounds={"start": start, "end": end},
        label=f"{start} until {end}" if start else "",
        state=state,
        failed=failed,
        reason=reason or None,
    )


def a_model(name: str, *ranges: StatusRange, **counts: int) -> ModelStatus:
    states = ("built", "missing", "untracked", "stale", "failed")
    return ModelStatus(model=name, ranges=ranges, **{s: counts.get(s, 0) for s in states})


def shown(*models: ModelStatus, look: Look = PLAIN) -> list[str]:
    return status_text(Status(models=models), look).split("\n")[2:]


def test_a_model_has_a_bar_its_counts_and_the_ranges_that_are_not_built() -> None:
    lines = shown(
        a_model(
            "flights",
            a_range("2013-01-01", "2013-01-16", "built"),
            a_range("2013-01-16", "2013-01-31", "stale", reason="the query changed"),
            built=15,
            stale=15,
        )
    )
    assert lines == [
        f"flights  {'#' * 20}{'~' * 20}  15 built, 15 stale",
        "         stale     2013-01-16 until 2013-01-31: the query changed",
    ]


def test_a_failed_attempt_shows_beside_the_state() -> None:
    lines = shown(a_model("a", a_range("2013-01-01", "2013-01-02", "built", failed=True), built=1))
    assert lines[1] == "   built, failed 2013-01-01 until 2013-01-02"


def test_a_model_that_was_never_built_takes_one_line() -> None:
    lines = shown(a_model("a", a_range("2013-01-01", "2014-01-01", "missing"), missing=365))
    assert lines == [f"a  {'.' * 40}  365 missing"]


def test_hundreds_of_ranges_are_counted_instead_of_listed() -> None:
    holes = [a_range(f"2013-01-{n:02}", f"2013-01-{n + 1:02}", "missing") for n in range(1, 28, 2)]
    lines = shown(a_model("a", *holes, missing=14, built=13))
    assert len(lines) == 10
    assert lines[-1].strip() == "… and 6 more ranges; --json has them all"


def test_keys_are_named_as_they_are() -> None:
    key = StatusRange(
        bounds={"key": "eu"}, label="eu", state="stale", failed=False, reason="input changed"
    )
    lines = shown(a_model("a", key, stale=1, built=1))
    assert lines == [f"a  {'#' * 20}{'~' * 20}  1 built, 1 stale", "   stale     eu: input changed"]


def test_a_table_without_partitions_has_a_state_and_no_range() -> None:
    lines = shown(a_model("a", a_range(None, None, "stale", reason="code changed"), stale=1))
    assert lines == [f"a  {'~' * 40}  1 stale", "   stale     code changed"]


def test_status_fits_the_terminal() -> None:
    ranges = (
        a_range("2013-01-01", "2013-06-01", "built"),
        a_range("2013-06-01", "2014-01-01", "stale", reason="because " * 20),
    )
    model = a_model("a_rather_long_model_name", *ranges, built=151, stale=214)
    text = status_text(Status(models=(model,)), Look(terminal=True, width=80))
    assert max(map(len, text.split("\n"))) <= 80


def test_a_run_that_holds_the_database_is_all_that_is_shown() -> None:
    run = RunFile(
        run_id="r1",
        plan_id="p1",
        command="run -p 2013",
        status=RunStatus.RUNNING,
        started_at="2014-01-01T00:00:00Z",
        process=Process("here", 33, 0.0),
        models={"flights": ModelProgress(total=10, built=3, skipped=2, rows=500)},
    )
    lines = status_text(Status(models=(), running=run), PLAIN).split("\n")
    assert lines[0] == "run r1 is under way (process 33): run -p 2013"
    assert lines[1].split() == ["flights", "#####.....", "5/10", "500", "rows"]
