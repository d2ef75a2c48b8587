"""Lineage as a tree, for Mermaid and for Graphviz."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.lineage import dot, mermaid, tree

LOOK = Look()


def edge(
    source: str, to: str, from_column: str | None = None, to_column: str | None = None
) -> dict[str, Any]:
    return {"from": source, "to": to, "from_column": from_column, "to_column": to_column}


DOCUMENT: dict[str, Any] = {
    "schema_version": 1,
    "nodes": [
        {"id": "nyc.flights", "kind": "source"},
        {"id": "flights", "kind": "model"},
        {"id": "carrier_day", "kind": "model"},
        {"id": "aircraft_minutes", "kind": "model"},
    ],
    "edges": [
        edge("nyc.flights", "flights"),
        edge("flights", "carrier_day"),
        edge("flights", "aircraft_minutes"),
        edge("aircraft_minutes", "aircraft_minutes"),
    ],
}


def test_a_tree_hangs_what_is_read_below_what_reads_it_and_draws_a_branch_once() -> None:
    assert tree(DOCUMENT, LOOK).split("\n") == [
        "carrier_day",
        "└─ flights",
        "   └─ nyc.flights (source)",
        "aircraft_minutes",
        "├─ flights (as above)",
        "└─ aircraft_minutes (its own past)",
    ]


def test_a_tree_without_unicode_is_drawn_with_plain_signs() -> None:
    assert tree(DOCUMENT, Look(unicode=False)).isascii()


def test_a_chain_of_thousands_is_drawn() -> None:
    names = [f"m{n}" for n in range(5000)]
    chain = {
        "nodes": [{"id": name, "kind": "model"} for name in names],
        "edges": [edge(a, b) for a, b in pairwise(names)],
    }
    assert len(tree(chain, LOOK).split("\n")) == 5000


def test_columns_are_the_nodes_where_edges_name_them() -> None:
    document = {**DOCUMENT, "edges": [edge("flights", "carrier_day", "arr_delay", "mean")]}
    assert tree(document, LOOK).split("\n") == ["carrier_day.mean", "└─ flights.arr_delay"]


def test_mermaid_gives_each_node_an_id_that_needs_no_quoting() -> None:
    lines = mermaid(DOCUMENT).split("\n")
    assert lines[:3] == ["flowchart LR", '  n0[("nyc.flights")]', '  n1["flights"]']
    assert "  n0 --> n1" in lines


def test_dot_quotes_names() -> None:
    document = {"nodes": [{"id": 'a"b', "kind": "model"}], "edges": []}
    assert '  "a\\"b";' in dot(document).split("\n")
    assert '  "nyc.flights" -> "flights";' in dot(DOCUMENT).split("\n")


def test_a_project_without_models_says_so() -> None:
    assert tree({"nodes": [], "edges": []}, LOOK) == "no models"
