"""Tables on a terminal and in a pipe."""

from __future__ import annotations

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.table import Column, Table

TABLE = Table(
    columns=(Column("model", keep=True), Column("rows", right=True), Column("reads")),
    rows=(
        ("flights", "27,004", "nyc.flights"),
        ("carrier_trailing_7d", "420", ", ".join(f"model_{n}" for n in range(40))),
    ),
)


def test_a_table_in_a_pipe_is_aligned_and_never_folded() -> None:
    lines = TABLE.draw(Look()).split("\n")
    assert lines[0] == "model                  rows  reads"
    assert lines[1] == "flights              27,004  nyc.flights"
    assert len(lines) == 3


def test_a_table_on_a_terminal_fits_it_and_keeps_names_whole() -> None:
    lines = TABLE.draw(Look(terminal=True, width=60)).split("\n")
    assert max(map(len, lines)) <= 60
    assert any("carrier_trailing_7d" in line for line in lines)
    assert sum(f"model_{n}" in TABLE.draw(Look(terminal=True, width=60)) for n in range(40)) >= 36


def test_colours_are_left_out_where_they_are_not_wanted() -> None:
    assert "\x1b[" not in TABLE.draw(Look(terminal=True, width=60, colour=False))
    assert "\x1b[" in TABLE.draw(Look(terminal=True, width=60, colour=True))


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    odd = Table(columns=(Column("model"),), rows=(("[bold]x[/bold]",),))
    assert "[bold]x[/bold]" in odd.draw(Look(terminal=True, width=60))
