"""Rendered queries as a script that runs as it is."""

from __future__ import annotations

from sqlbackfill.app.render import RenderedChunk, RenderedModel, RenderedModels
from sqlbackfill.cli.show.rendered import rendered_text


def a_chunk(label: str, sql: str) -> RenderedChunk:
    return RenderedChunk(bounds={}, label=label, sql=sql)


def test_every_chunk_has_a_comment_that_names_it_and_ends_with_a_semicolon() -> None:
    model = RenderedModel("flights", (a_chunk("2013-01-01", "select 1"), a_chunk("x", "select 2;")))
    assert rendered_text(RenderedModels((model,))) == (
        "-- flights 2013-01-01 (chunk 1 of 2)\nselect 1\n;\n\n"
        "-- flights x (chunk 2 of 2)\nselect 2\n;"
    )


def test_a_query_that_ends_in_a_comment_is_still_ended() -> None:
    model = RenderedModel("a", (a_chunk("", "select 1 -- one"),))
    assert rendered_text(RenderedModels((model,))) == "-- a\nselect 1 -- one\n;"


def test_nothing_to_render_is_a_comment() -> None:
    assert rendered_text(RenderedModels(())).startswith("--")
