"""The way back from rendered SQL to the model's own file."""

from __future__ import annotations

import pytest


def located(found, text):
    """Where the first character of `text` in the rendered SQL came from."""
    offset = found.sql.index(text)
    before = found.sql[:offset]
    line = before.count("\n") + 1
    span = found.source_map.locate(line, offset - (before.rfind("\n") + 1) + 1)
    return span.line, span.column, span.length


@pytest.mark.parametrize(
    ("sql", "text", "at"),
    [
        ("select a\nfrom b", "from", (2, 1, 1)),
        ("a {{ 'xyz' }} b", "z", (1, 3, 11)),
        ("{% if true %}\n  -- one\n{% endif %}\nx", "one", (2, 6, 1)),
        ("a  {%- if true -%}  b{% endif %} c", "b", (1, 21, 1)),
        ("a  {%- if true -%}  b{% endif %} c", "c", (1, 34, 1)),
        ("{# c\n #}\n{{- 'x' -}}\n  tail", "tail", (4, 3, 1)),
        ("{% for i in [1, 2] %}<{{ i }}\n{% endfor %}", "2", (1, 23, 7)),
        ("{% raw %}{{ x }}{% endraw %} y", "{{ x", (1, 10, 1)),
        ("{% raw %}{{ x }}{% endraw %} y", "y", (1, 30, 1)),
        ("a\n{{ m() }} b", "inner", (2, 1, 9)),
        ("a\n{{ m() }} b", "b", (2, 11, 1)),
        ("{% set x %}q{% endset %}\n {{ x }}", "q", (2, 2, 7)),
        ("{% call m() %}q{% endcall %}\n r", "inner", (1, 1, 14)),
        ("{% filter upper %}q{% endfilter %} r", "Q", (1, 1, 18)),
        ("{% block b %} q{{ 'w' }}{% endblock %} r", "q", (1, 15, 1)),
        ("{% for i in [[1]] recursive %}q{% endfor %} r", "q", (1, 1, 30)),
        ("{% macro w() %}q{% endmacro %}\n{{ w() }}", "q", (2, 1, 9)),
        ("a\r\n  b {{ 1 }}\r\nc", "b", (2, 3, 1)),
        ("a\r\n  b {{ 1 }}\r\nc", "c", (3, 1, 1)),
        ("ä€ {{ 'é' }}\tb", "b", (1, 14, 1)),
        ("x {{ '{{' }} }} y", "y", (1, 17, 1)),
        ("x{{ {'a': {'b': 1}}['a'] }}y", "y", (1, 28, 1)),
    ],
)
def test_text_is_found_where_the_author_wrote_it(project, sql, text, at):
    project = project.with_macros(
        "{% macro m() %}inner{{ caller() if caller is defined }}{% endmacro %}"
    )
    assert located(project.analyse(sql), text) == at


def test_bounds_and_relations_map_to_their_tags(project):
    found = project.analyse("a\n'{{ partition.start }}'\n {{ ref('x') }}, {{ partition.end }};")
    assert located(found, "__sb_start__") == (2, 2, 21)
    assert located(found, "__sb_occurrence_0__") == (3, 2, 14)
    assert located(found, "__sb_end__") == (3, 18, 19)
    assert located(found, ";") == (3, 37, 1)
    run = project.run("a\n'{{ partition.start }}'\n {{ ref('x') }}, {{ partition.end }};")
    assert located(run, ";") == (3, 37, 1)


def test_positions_outside_the_text_are_taken_as_the_nearest(project):
    source_map = project.analyse("ab\ncd").source_map
    assert (source_map.locate(9, 9).line, source_map.locate(9, 9).column) == (2, 2)
    assert (source_map.locate(1, 99).line, source_map.locate(1, 99).column) == (1, 3)
    assert project.analyse("").source_map.locate(1, 1).line == 1
