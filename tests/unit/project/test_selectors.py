"""dbt's selection grammar, and in which role each model was chosen."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import UsageError
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.graph import Graph
from sqlbackfill.project.selection import Selection
from sqlbackfill.project.selectors import select

# raw.events → a → b → c → d,  raw.users → u → c,  e (ephemeral) between c and f


@pytest.fixture
def nodes(graph, model) -> Graph:
    return graph(
        {
            "a": "raw.events",
            "b": "a",
            "u": "raw.users",
            "c": "b u",
            "d": "c",
            "e": "c",
            "f": "e",
        },
        [
            model("a", "models/staging/a.sql", tags=("nightly", "raw")),
            model("b", "models/staging/deep/b.sql", tags=("nightly",)),
            model("c", "models/marts/c.sql", meta={"owner": "me"}),
            model("d", "models/marts/d.sql", materialized=Materialization.INCREMENTAL),
            model("e", "models/marts/e.sql", materialized=Materialization.EPHEMERAL),
        ],
        ["raw.events", "raw.users", "other.x"],
    )


def roles(selection: Selection) -> str:
    """`named / upstream / downstream`, each sorted."""
    parts = (selection.named, selection.upstream, selection.downstream)
    return " / ".join("".join(sorted(part)) for part in parts)


def names(selection: Selection) -> str:
    return "".join(sorted(selection.models))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c", "c /  / "),
        ("+c", "c / abu / "),
        ("1+c", "c / bu / "),
        ("0+c", "c /  / "),
        ("c+", "c /  / df"),
        ("b+1", "b /  / c"),
        ("b+2", "b /  / cdf"),
        ("2+c+1", "c / abu / df"),
        ("+b+", "b / a / cdf"),
        ("@u", "u / ab / cdf"),
        ("@b", "b / au / cdf"),
        ("e", "e /  / "),
        ("+e", "e / abcu / "),
        ("1+f", "f / c / "),
        ("a b", "ab /  / "),
        ("a  b\nu", "abu /  / "),
        ("+b a", "ab /  / "),
        ("+c,c+", "c /  / "),
        ("+d,tag:nightly", "ab /  / "),
        ("+d,a+", "ad / bc / bc"),
        ("tag:nightly", "ab /  / "),
        ("tag:night*,tag:raw", "a /  / "),
        ("tag:raw+1", "a /  / b"),
        ("path:models/staging", "ab /  / "),
        ("path:models/staging/", "ab /  / "),
        ("path:./models/staging/*", "ab /  / "),
        ("models/marts", "cde /  / "),
        ("models/marts/c.sql+1", "c /  / df"),
        ("c.sql", "c /  / "),
        ("file:c", "c /  / "),
        ("staging", "ab /  / "),
        ("staging.deep", "b /  / "),
        ("staging.*", "ab /  / "),
        ("proj.marts", "cde /  / "),
        ("fqn:proj.staging.deep.b", "b /  / "),
        ("[abz]", "ab /  / "),
        ("?", "abcdefu /  / "),
        ("*", "abcdefu /  / "),
        ("proj", "abcdefu /  / "),
        ("package:proj,tag:raw", "a /  / "),
        ("config.materialized:incremental", "d /  / "),
        ("config.meta.owner:me", "c /  / "),
        ("config.tags:raw", "a /  / "),
        ("source:raw.events", " /  / "),
        ("source:raw.events+1", " /  / a"),
        ("source:raw.events+", " /  / abcdf"),
        ("source:raw+1", " /  / au"),
        ("source:raw.*+1", " /  / au"),
        ("source:proj.raw.users+1", " /  / u"),
        ("@source:raw.users", " / ab / cdfu"),
    ],
)
def test_the_grammar_of_dbt(nodes: Graph, text: str, expected: str) -> None:
    assert roles(select(nodes, [text])) == expected


def test_without_any_selection_every_model_is_named(nodes: Graph) -> None:
    assert roles(select(nodes, [])) == "abcdefu /  / "
    assert roles(select(nodes, [""])) == "abcdefu /  / "


def test_repeated_texts_join(nodes: Graph) -> None:
    assert roles(select(nodes, ["+b", "u"])) == "bu / a / "


def test_a_model_named_by_one_term_is_named_whatever_else_brought_it(nodes: Graph) -> None:
    assert roles(select(nodes, ["+c b"])) == "bc / au / "


def test_exclude_takes_away_whatever_it_reaches(nodes: Graph) -> None:
    assert names(select(nodes, ["+d"], ["tag:raw"])) == "bcdu"
    assert names(select(nodes, [], ["+c", "f"])) == "de"
    assert names(select(nodes, ["c"], ["c"])) == ""


def test_the_chosen_sources_are_kept(nodes: Graph) -> None:
    assert select(nodes, ["source:raw.events+"]).sources == {"raw.events"}


def test_an_intersection_may_be_empty(nodes: Graph) -> None:
    assert select(nodes, ["a,d"]).models == frozenset()


def test_state_modified_is_the_set_that_was_given(nodes: Graph) -> None:
    found = select(nodes, ["state:modified+1"], modified={"b", "gone"})
    assert roles(found) == "b /  / c"
    assert select(nodes, ["state:modified"], modified=()).models == frozenset()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("cc", "UNKNOWN_SELECTION", "`cc` matches no model"),
        ("+stagin+", "UNKNOWN_SELECTION", "matches no model"),
        ("tag:nightl", "UNKNOWN_SELECTION", "matches no tag; did you mean `nightly`?"),
        ("source:raw.event+", "UNKNOWN_SELECTION", "did you mean `raw.events`?"),
        ("path:models/stagin", "UNKNOWN_SELECTION", "matches no file"),
        ("z*", "UNKNOWN_SELECTION", "matches no model"),
        ("tga:nightly", "SELECTION_SYNTAX", "did you mean `tag`?"),
        ("state:modified", "STATE_NOT_GIVEN", "state to compare with"),
        ("state:old", "SELECTION_SYNTAX", "unknown state `old`"),
        ("a,", "SELECTION_SYNTAX", "comma"),
        ("@a+", "SELECTION_SYNTAX", "cannot be read"),
        ("++a", "SELECTION_SYNTAX", "cannot be read"),
        ("+", "SELECTION_SYNTAX", "cannot be read"),
        ("a+b", "SELECTION_SYNTAX", "cannot be read"),
        ("tag:", "SELECTION_SYNTAX", "names no value"),
    ],
)
def test_a_selection_that_names_nothing_is_one_clear_error(
    nodes: Graph, text: str, code: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        select(nodes, [text])
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert words in found.message
    assert found.fix


def test_a_near_match_is_suggested_in_the_place_of_the_name(graph) -> None:
    with pytest.raises(UsageError) as caught:
        select(graph({"carrier_day": "", "flights": ""}), ["+carier_day"])
    (found,) = caught.value.diagnostics
    assert found.fix == "use `+carrier_day`"
    assert found.notes == (("available", "carrier_day, flights"),)


def test_all_bad_terms_are_reported_at_once_and_exclude_is_checked_too(nodes: Graph) -> None:
    with pytest.raises(UsageError) as caught:
        select(nodes, ["x1 x2"], ["x3"])
    assert len(caught.value.diagnostics) == 3
