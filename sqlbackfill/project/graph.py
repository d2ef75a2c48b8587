"""The graph of a project's models: what each reads, in what order they are built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config import Materialization


@dataclass(frozen=True, slots=True)
class DeclaredRef:
    """A `ref('name')` or `source('a', 'b')` (then `name` is `a.b`) and where it stands."""

    name: str
    span: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one model's template declared that it reads."""

    refs: tuple[DeclaredRef, ...] = ()
    sources: tuple[DeclaredRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A model in the graph: what selection needs to know of it. `refs` exclude the model itself."""

    name: str
    file: str
    fqn: tuple[str, ...]
    materialized: Materialization
    tags: tuple[str, ...]
    refs: tuple[str, ...]
    sources: tuple[str, ...]
    config: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Models and what they read. `order` is topological, ties by name; `readers` is the reverse of
    `Node.refs`; `source_readers` gives the models that read a source directly.
    """

    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    readers: Mapping[str, tuple[str, ...]]
    source_readers: Mapping[str, tuple[str, ...]]
    source_tags: Mapping[str, tuple[str, ...]]
