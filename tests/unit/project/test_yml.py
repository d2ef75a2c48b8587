"""YAML with places: shapes, anchors, repeated keys, malformed text."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.findings import Findings
from sqlbackfill.project.yml import Yml, read_yml


def compose(text: str, render) -> tuple[Yml | None, Findings]:
    findings = Findings()
    return read_yml("f.yml", text, render, findings), findings


def test_every_key_has_its_place(render) -> None:
    tree, _ = compose("a:\n  b:\n    ç: 1\n    d: [x, y]\n", render)
    assert tree is not None
    spans: dict[str, SourceSpan] = {}
    assert tree.value("", spans) == {"a": {"b": {"ç": 1, "d": ["x", "y"]}}}
    places = {path: (span.line, span.column, span.length) for path, span in spans.items()}
    assert places == {"a": (1, 1, 1), "a.b": (2, 3, 1), "a.b.ç": (3, 5, 1), "a.b.d": (4, 5, 1)}


def test_jinja_is_rendered_in_values_alone_and_only_where_there_is_some(render) -> None:
    tree, _ = compose("a: '{{ number }}'\nb: [plain, '{{ flag }}']\n", render)
    assert tree is not None
    assert tree.value() == {"a": 7, "b": ["plain", True]}
    assert tree.value(rendered=False) == {"a": "{{ number }}", "b": ["plain", "{{ flag }}"]}


def test_an_anchor_is_merged_and_overridden_without_a_warning(render) -> None:
    text = "base: &b {x: 1, y: 1}\nother: &o {y: 3, z: 3}\nown: {y: 2, <<: [*b, *o]}\n"
    tree, findings = compose(text, render)
    assert tree is not None
    own = tree.child("own")
    assert own is not None
    assert own.value() == {"x": 1, "y": 2, "z": 3}
    assert findings.warnings == ()


def test_a_repeated_key_is_a_warning_and_the_last_one_counts(render) -> None:
    tree, findings = compose("a: 1\na: 2\n", render)
    assert tree is not None
    assert tree.value() == {"a": 2}
    (warning,) = findings.warnings
    assert (warning.code, warning.span) == ("REPEATED_KEY", SourceSpan(file="f.yml", line=2))


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_file_has_no_root_and_no_error(render, text: str) -> None:
    tree, findings = compose(text, render)
    assert tree is None
    assert findings.errors == ()


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ("a: [1, 2\nb: 3\n", 2, "check the indentation"),
        ("a:\n\tb: 1\n", 2, "tabs"),
        ("a: {{ var('x') }} more\n", 1, "in quotes"),
        ("a: *nowhere\n", 1, "check"),
        ("a: 1\n---\nb: 2\n", 2, "check"),
        ("a: \x07\n", 1, "control character"),
        ("a: &x [*x]\n", 1, ""),
        ("a: " + "[" * 300000 + "]" * 300000, 1, "brackets"),
        ("- " * 300000, 1, "brackets"),
    ],
)
def test_malformed_text_is_one_error_with_its_line(render, text: str, line: int, fix: str) -> None:
    tree, findings = compose(text, render)
    assert tree is None
    (found,) = findings.errors
    assert found.code == "MALFORMED_YML"
    assert found.span is not None
    assert found.span.line == line
    assert fix in (found.fix or "")


def test_jinja_without_quotes_says_to_quote_it(render) -> None:
    tree, findings = compose("a: {{ var }}\n", render)
    assert tree is not None
    tree.value()
    (found,) = findings.errors
    assert (found.code, "in quotes" in (found.fix or "")) == ("MALFORMED_YML", True)


def test_a_date_that_does_not_exist_is_an_error_at_its_place(render) -> None:
    tree, findings = compose("a: 2024-02-30\n", render)
    assert tree is not None
    assert tree.value() == {"a": None}
    assert findings.errors[0].span == SourceSpan(file="f.yml", line=1, column=4, length=10)
