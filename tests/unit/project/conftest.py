"""Small projects written to a temporary folder, and a stand-in for Jinja."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.project.config import Materialization, ModelConfig
from sqlbackfill.project.graph import Declared, DeclaredRef, Graph, build_graph
from sqlbackfill.project.model import Model, ModelKind
from sqlbackfill.project.project import Project
from sqlbackfill.project.read import read_project
from sqlbackfill.project.source import Source
from sqlbackfill.warehouse.protocol import Relation

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


def make_model(name: str, file: str | None = None, **config: object) -> Model:
    """A model in `file`, by default `models/name.sql`."""
    path = file or f"models/{name}.sql"
    values = {"materialized": Materialization.TABLE, **config}
    return Model(
        name=name,
        file=path,
        sql="",
        kind=ModelKind.SQL,
        folders=tuple(path.split("/")[1:-1]),
        config=ModelConfig(**values, values=MappingProxyType(values)),
        relation=Relation("w", "main", name),
        dialect=None,
        description="",
        columns=(),
        span=SourceSpan(file=path, line=1),
    )


def make_declared(text: str) -> Declared:
    """What `a b raw.events` declares: names with a dot are sources."""
    names = [
        DeclaredRef(name, SourceSpan(file="x.sql", line=i + 1))
        for i, name in enumerate(text.split())
    ]
    return Declared(
        refs=tuple(ref for ref in names if "." not in ref.name),
        sources=tuple(ref for ref in names if "." in ref.name),
    )


def make_graph(
    reads: Mapping[str, str], models: Iterable[Model] = (), sources: Iterable[str] = ()
) -> Graph:
    """A graph by what each model reads; `models` says more of some of them."""
    known = {given.name: given for given in models}
    return build_graph(
        [known.get(name) or make_model(name) for name in reads],
        {name: make_declared(text) for name, text in reads.items()},
        {name: Source(name=name, relation=None, external_location="x") for name in sources},
        project="proj",
    )


@pytest.fixture
def model() -> Callable[..., Model]:
    return make_model


@pytest.fixture
def declared() -> Callable[[str], Declared]:
    return make_declared


@pytest.fixture
def graph() -> Callable[..., Graph]:
    return make_graph
