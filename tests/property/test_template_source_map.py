"""Positions of rendered SQL against random templates: every literal character finds its way back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from sqlbackfill.template.templates import Templates
from sqlbackfill.template.types import TemplateInput, TemplateSettings

TEMPLATES = Templates(
    TemplateSettings(project="p", run_started_at=datetime(2024, 1, 1, tzinfo=UTC)),
    (),
    quote=str,
    quote_name=str,
)
# Text that no tag prints: what comes out of tags is made of digits alone.
LITERALS = st.text("ab\n \t,(')é€-+{}%#", min_size=1, max_size=12).filter(
    lambda text: text[-1] != "{" and not re.search(r"\{[{%#]|[}%#]\}", text)
)
SIGNS = st.sampled_from(["", "-", "+"])


@st.composite
def tags(draw: st.DrawFn, inside: str) -> str:
    return f"{{%{draw(SIGNS)} {inside} {draw(SIGNS)}%}}"


@st.composite
def expressions(draw: st.DrawFn) -> str:
    inside = draw(
        st.sampled_from(["1", "'2' ~ 3", "[4, 5] | join('')", "{'a': {'b': 6}}['a']['b']", "7\n"])
    )
    closing = draw(st.sampled_from(["", "-"]))  # `+}}` is an addition
    return f"{{{{{draw(SIGNS)} {inside} {closing}}}}}"


@st.composite
def comments(draw: st.DrawFn) -> str:
    return f"{{#{draw(SIGNS)} note\n {draw(SIGNS)}#}}"


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    @st.composite
    def block(draw: st.DrawFn) -> str:
        opening, closing = draw(
            st.sampled_from(
                [
                    ("if true", "endif"),
                    ("if false", "endif"),
                    ("for i in [1, 2]", "endfor"),
                    ("with x = 1", "endwith"),
                    ("raw", "endraw"),
                ]
            )
        )
        body = draw(LITERALS) if opening == "raw" else draw(inner)
        if opening == "if true" and draw(st.booleans()):
            body += draw(tags("else")) + draw(inner)
        if opening == "raw":
            return f"{{% raw %}}{body}{{% endraw %}}"
        return draw(tags(opening)) + body + draw(tags(closing))

    return block()


PIECES = st.recursive(
    st.lists(LITERALS | expressions() | comments(), max_size=4).map("".join),
    lambda inner: st.lists(blocks(inner) | inner, max_size=3).map("".join),
    max_leaves=12,
)


@settings(max_examples=400)
@given(PIECES, st.sampled_from(["\n", "\r\n"]))
def test_every_literal_character_maps_to_the_same_character_of_the_file(source, newline):
    source = source.replace("\n", newline)
    found = TEMPLATES.analyse(TemplateInput(name="m", file="m.sql", sql=source))
    lines = source.split(newline)
    row, column = 1, 1
    for character in found.sql:
        span = found.source_map.locate(row, column)
        line = lines[span.line - 1] + "\n"
        at = line[span.column - 1]
        if character.isdigit():
            assert line[span.column - 1 :].startswith("{{")
        else:
            assert at == character
        row, column = (row + 1, 1) if character == "\n" else (row, column + 1)


@settings(max_examples=100)
@given(PIECES)
def test_rendering_twice_gives_the_same(source):
    model = TemplateInput(name="m", file="m.sql", sql=source)
    assert TEMPLATES.analyse(model) == TEMPLATES.analyse(model)
