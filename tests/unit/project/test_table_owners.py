"""No two models write one table, and none writes over what it reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.graph import Declared, DeclaredRef, build_graph
from sqlbackfill.project.source import Source
from sqlbackfill.warehouse.protocol import Relation


def test_two_models_may_not_be_written_to_one_table_however_it_is_spelled(graph, model) -> None:
    other = replace(model("b"), relation=Relation("W", "main", "A"))
    with pytest.raises(ProjectError) as caught:
        graph({"a": "", "b": ""}, [other])
    (found,) = caught.value.diagnostics
    assert (found.code, found.model) == ("DUPLICATE_RELATION", "b")
    assert found.message == "`a` and `b` are both written to W.main.A"


def test_models_without_a_table_of_their_own_share_none(graph, model) -> None:
    inlined = model("b", materialized=Materialization.EPHEMERAL)
    graph({"a": "", "b": ""}, [replace(inlined, relation=Relation("w", "main", "a"))])
    disabled = model("b", enabled=False)
    graph({"a": "", "b": ""}, [replace(disabled, relation=Relation("w", "main", "a"))])


def test_a_model_may_not_be_written_over_the_source_that_it_reads(model) -> None:
    source = Source(name="raw.a", relation=Relation("w", "main", "a"), external_location=None)
    reads = {"a": Declared(sources=(DeclaredRef("raw.a"),))}
    with pytest.raises(ProjectError) as caught:
        build_graph([model("a")], reads, {"raw.a": source})
    assert [found.code for found in caught.value.diagnostics] == ["OVERWRITES_SOURCE"]

    build_graph([model("b")], {"b": reads["a"]}, {"raw.a": source})
