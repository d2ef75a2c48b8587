"""Errors and warnings as people read them."""

from __future__ import annotations

from pathlib import Path

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.diagnostics import every_error, every_warning, full, lines_below
from sqlbackfill.errors import Diagnostic, Severity, SourceSpan

PLAIN = Look()
ERROR = Diagnostic(
    code="UNKNOWN_COLUMN",
    message="column `order_ts` not found in source `raw.orders`",
    span=SourceSpan(file="models/daily_orders.sql", line=14, column=7, length=8),
    notes=(("available", "ordered_at, order_id, amount"),),
    fix="use `ordered_at`",
)


def the_query(_: str) -> list[str]:
    return [*[""] * 13, "where order_ts >= '2024-01-01'"]


def no_lines(_: str) -> list[str]:
    return []


def test_an_error_quotes_the_line_in_the_users_file_and_marks_the_place() -> None:
    assert full(ERROR, PLAIN, the_query).split("\n") == [
        "error[UNKNOWN_COLUMN]: column `order_ts` not found in source `raw.orders`",
        "  --> models/daily_orders.sql:14:7",
        "   |",
        "14 | where order_ts >= '2024-01-01'",
        "   |       ^^^^^^^^",
        "   = available: ordered_at, order_id, amount",
        "   = fix: use `ordered_at`",
    ]


def test_a_file_that_cannot_be_read_leaves_the_quote_out() -> None:
    text = full(ERROR, PLAIN, no_lines)
    assert "models/daily_orders.sql:14:7" in text
    assert "|" not in text


def test_a_line_past_the_end_of_the_file_leaves_the_quote_out() -> None:
    assert "|" not in full(ERROR, PLAIN, lambda _: ["one line"])


def test_the_mark_stays_under_the_word_when_tabs_stand_before_it() -> None:
    diagnostic = Diagnostic(
        code="X", message="m", span=SourceSpan(file="a.sql", line=1, column=8, length=8)
    )
    text = full(diagnostic, PLAIN, lambda _: ["\twhere\torder_ts"]).split("\n")
    assert text[3].index("order_ts") == text[4].index("^")


def test_a_long_line_is_cut_around_the_mark_to_the_width_of_the_terminal() -> None:
    line = f"select {'a, ' * 60}wrong, {'b, ' * 60}"
    diagnostic = Diagnostic(
        code="X",
        message="m",
        span=SourceSpan(file="a.sql", line=1, column=line.index("wrong") + 1, length=5),
    )
    text = full(diagnostic, Look(terminal=True, width=60), lambda _: [line]).split("\n")
    assert all(len(row) <= 60 for row in text)
    assert text[3][text[4].index("^") :].startswith("wrong")


def test_a_mark_at_the_end_of_a_long_line_is_still_shown() -> None:
    line = f"{'a, ' * 60}wrong"
    span = SourceSpan(file="a.sql", line=1, column=len(line) - 4, length=5)
    diagnostic = Diagnostic(code="X", message="m", span=span)
    text = full(diagnostic, Look(terminal=True, width=50), lambda _: [line]).split("\n")
    assert text[3].endswith("wrong")
    assert max(map(len, text)) <= 50


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    diagnostic = Diagnostic(
        code="X", message="bad \x1b[31m", span=SourceSpan(file="a.sql", line=1, column=3)
    )
    assert "\x1b" not in full(diagnostic, PLAIN, lambda _: ["a\x1bbc"])


def test_colours_are_used_where_they_are_wanted_only() -> None:
    assert "\x1b[" in full(ERROR, Look(colour=True), the_query)
    assert "\x1b[" not in full(ERROR, PLAIN, the_query)


def test_several_errors_are_all_shown_and_counted() -> None:
    text = every_error([ERROR, ERROR, ERROR], PLAIN, no_lines)
    assert text.count("error[UNKNOWN_COLUMN]") == 3
    assert text.endswith("\n\n3 errors")
    assert "errors" not in every_error([ERROR], PLAIN, no_lines)


def test_warnings_that_come_with_errors_are_concise_and_follow_them() -> None:
    warning = Diagnostic(code="W", message="odd", severity=Severity.WARNING)
    text = every_error([warning, ERROR], PLAIN, the_query)
    assert text.startswith("error[UNKNOWN_COLUMN]")
    assert text.endswith("\n\nwarning[W]: odd")


def test_the_model_is_named_where_nothing_else_names_it() -> None:
    named = Diagnostic(code="X", message="no rows", model="flights")
    assert full(named, PLAIN, no_lines) == "error[X]: flights: no rows"
    told = Diagnostic(code="X", message="`flights` has no rows", model="flights")
    assert full(told, PLAIN, no_lines) == "error[X]: `flights` has no rows"


def test_a_note_of_several_lines_stays_aligned_with_its_label() -> None:
    marked = Diagnostic(code="X", message="m", notes=(("in", "2013-13\n     ^^"),))
    assert full(marked, PLAIN, no_lines).split("\n")[1:] == ["  = in: 2013-13", "             ^^"]


def test_a_warning_is_one_line_and_is_said_once() -> None:
    warning = Diagnostic(
        code="W", message="odd", severity=Severity.WARNING, span=SourceSpan(file="a.sql", line=2)
    )
    assert every_warning([warning, warning], PLAIN) == ["warning[W]: odd (a.sql:2:1)"]


def test_many_warnings_of_one_code_are_counted_instead_of_listed() -> None:
    many = [
        Diagnostic(code="W", message=f"model {n}", severity=Severity.WARNING) for n in range(1000)
    ]
    rows = every_warning(many, PLAIN)
    assert len(rows) == 6
    assert rows[-1] == "… and 995 more of W; --json has them all"


def test_files_are_read_below_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("one\ntwo\n")
    assert list(lines_below(tmp_path)("a.sql"))[:2] == ["one", "two"]
    assert list(lines_below(tmp_path)("b.sql")) == []


def test_no_line_of_a_profiles_file_is_ever_quoted(tmp_path: Path) -> None:
    for name in ("profiles.yml", "profiles.example.yml", "elsewhere/profiles.yml"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("{type: duckdbb, password: hunter2}\n")
        for shown in (name, str(file)):
            error = Diagnostic(
                code="UNSUPPORTED_ADAPTER", message="no", span=SourceSpan(file=shown, line=1)
            )
            assert full(error, PLAIN, lines_below(tmp_path)).split("\n") == [
                "error[UNSUPPORTED_ADAPTER]: no",
                f" --> {shown}:1:1",
            ]
