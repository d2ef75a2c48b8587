"""The graph: order, and every wrong reference at once."""

from __future__ import annotations

import random

import pytest

from sqlbackfill.errors import ProjectError, SourceSpan
from sqlbackfill.project.graph import Declared, build_graph


def test_the_order_is_topological_with_ties_by_name(graph) -> None:
    found = graph({"d": "b c", "c": "a", "b": "a", "a": "raw.x", "e": ""}, sources=["raw.x"])
    assert found.order == ("a", "b", "c", "d", "e")
    assert found.refs["d"] == ("b", "c")
    assert found.readers["a"] == ("b", "c")
    assert found.sources["a"] == ("raw.x",)
    assert found.source_readers == {"raw.x": ("a",)}


def test_the_order_does_not_depend_on_the_order_of_the_input(graph) -> None:
    reads = {
        f"m{i:02}": " ".join(f"m{j:02}" for j in range(i) if (i * j) % 3 == 1) for i in range(30)
    }
    shuffled = list(reads.items())
    random.Random(1).shuffle(shuffled)
    found = graph(dict(shuffled))
    assert found.order == graph(reads).order
    places = {name: place for place, name in enumerate(found.order)}
    assert all(places[ref] < places[name] for name, refs in found.refs.items() for ref in refs)


def test_a_ref_made_twice_is_one_edge(graph) -> None:
    assert graph({"a": "", "b": "a a"}).refs["b"] == ("a",)


def test_an_unknown_ref_has_its_place_and_a_near_match(graph) -> None:
    with pytest.raises(ProjectError) as caught:
        graph({"flights": "", "b": "flights flihgts"})
    (found,) = caught.value.diagnostics
    assert (found.code, found.model, found.fix) == ("UNKNOWN_REF", "b", "use `flights`")
    assert found.span == SourceSpan(file="x.sql", line=2)


def test_an_unknown_source_names_those_that_are_declared(graph) -> None:
    with pytest.raises(ProjectError) as caught:
        graph({"a": "raw.evnts nope.x"}, sources=["raw.events"])
    near, far = caught.value.diagnostics
    assert (near.code, near.fix) == ("UNKNOWN_SOURCE", "use `raw.events`")
    assert far.notes == (("declared", "raw.events"),)
    assert "sources:" in (far.fix or "")


def test_a_ref_to_a_disabled_model_says_so(graph, model) -> None:
    with pytest.raises(ProjectError) as caught:
        graph({"a": "", "b": "a"}, [model("a", enabled=False)])
    assert caught.value.diagnostics[0].code == "DISABLED_REF"


def test_a_disabled_model_is_no_part_of_the_graph_and_its_refs_are_not_checked(
    graph, model
) -> None:
    assert graph({"a": "nowhere", "b": ""}, [model("a", enabled=False)]).order == ("b",)


def test_two_enabled_models_of_one_name_are_an_error(model) -> None:
    models = [model("a", "models/y/a.sql"), model("a", "models/x/a.sql")]
    with pytest.raises(ProjectError) as caught:
        build_graph(models, {}, {})
    (found,) = caught.value.diagnostics
    assert found.code == "DUPLICATE_MODEL"
    assert "models/x/a.sql and models/y/a.sql" in found.message
    assert build_graph([models[0], model("a", "models/x/a.sql", enabled=False)], {}, {}).order == (
        "a",
    )


def test_a_circle_is_named_whole_without_what_leads_to_it(graph) -> None:
    with pytest.raises(ProjectError) as caught:
        graph({"a": "c", "b": "a", "c": "b root", "root": "", "leaf": "a", "beyond": "leaf"})
    (found,) = caught.value.diagnostics
    assert found.code == "CIRCULAR_REFS"
    assert found.message.endswith(": a → c → b → a")
    assert (found.model, found.span) == ("a", SourceSpan(file="x.sql", line=1))


def test_each_circle_is_named_once(graph) -> None:
    with pytest.raises(ProjectError) as caught:
        graph({"a": "b", "b": "a mid", "mid": "y", "x": "y", "y": "x", "z": "z"})
    assert [found.message.split(": ")[1] for found in caught.value.diagnostics] == [
        "a → b → a",
        "x → y → x",
        "z → z",
    ]


def test_all_wrong_references_are_raised_at_once(graph) -> None:
    with pytest.raises(ProjectError) as caught:
        graph({"a": "nowhere b", "b": "a", "c": "no.source"})
    assert [found.code for found in caught.value.diagnostics] == [
        "UNKNOWN_REF",
        "UNKNOWN_SOURCE",
        "CIRCULAR_REFS",
    ]


def test_a_model_that_declared_nothing_reads_nothing(model) -> None:
    found = build_graph([model("a")], {}, {})
    assert (found.refs, found.sources) == ({"a": ()}, {"a": ()})
    assert build_graph([model("a")], {"a": Declared()}, {}).refs == {"a": ()}


def test_a_chain_of_ten_thousand_models_is_ordered(graph) -> None:
    reads = {f"m{i:05}": f"m{i - 1:05}" if i else "" for i in range(10_000)}
    assert len(graph(reads).order) == 10_000
