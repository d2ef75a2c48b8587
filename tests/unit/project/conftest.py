"""Small projects written to a temporary folder, and a stand-in for Jinja."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.project.project import Project
from sqlbackfill.project.read import read_project

Write = Callable[[Mapping[str, str]], Path]
Read = Callable[[Mapping[str, str]], Project]


def fake_render(text: str, span: SourceSpan) -> object:
    """`{{ number }}` is 7, `{{ flag }}` true, `{{ broken }}` an error, all else its own inside."""
    inside = text.replace("{{", "").replace("}}", "").strip()
    if inside == "broken":
        raise ProjectError(Diagnostic(code="JINJA", message="cannot render", span=span))
    return {"number": 7, "flag": True}.get(inside, inside)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return _write


@pytest.fixture
def read(write: Write) -> Read:
    def _read(files: Mapping[str, str]) -> Project:
        return read_project(
            write(files), cli_vars={}, render=fake_render, default_database="warehouse"
        )

    return _read


@pytest.fixture
def errors_of(read: Read) -> Callable[[Mapping[str, str]], list[Diagnostic]]:
    def _errors(files: Mapping[str, str]) -> list[Diagnostic]:
        with pytest.raises(ProjectError) as caught:
            read(files)
        return [found for found in caught.value.diagnostics if found.severity == "error"]

    return _errors


@pytest.fixture
def render() -> Callable[[str, SourceSpan], object]:
    return fake_render
