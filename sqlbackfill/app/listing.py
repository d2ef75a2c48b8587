"""The `ls` use case: the models of a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.options import Options
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.project.selectors import select as select_models


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model as its configuration has it; `begin` and `end` (exclusive) as written."""

    name: str
    materialized: str
    partition_column: str | None
    grain: str | None
    timezone: str | None
    begin: str | None
    end: str | None
    upstreams: tuple[str, ...]
    tags: tuple[str, ...]
    relation: str
    file: str
    description: str

    def as_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__ if name != "name"}
        lists = {name: list(values[name]) for name in ("upstreams", "tags")}
        return {"model": self.name, **values, **lists}


@dataclass(frozen=True, slots=True)
class Listing:
    """The models in topological order."""

    models: tuple[ListedModel, ...]

    def as_json(self) -> dict[str, Any]:
        return {"schema_version": 1, "models": [model.as_json() for model in self.models]}


def ls(options: Options, select: Sequence[str], exclude: Sequence[str]) -> Listing:
    """The selected models."""
    workspace = open_workspace(options)
    names = select_models(workspace.graph, select, exclude).models
    return Listing(tuple(_listed(workspace, name) for name in workspace.models if name in names))


def _listed(workspace: Workspace, name: str) -> ListedModel:
    model = workspace.models[name]
    config = model.config
    column = model.partition_column
    is_cut = column is not None and config.materialized.value == "incremental"
    return ListedModel(
        name=name,
        materialized=config.materialized.value,
        partition_column=column if is_cut else None,
        grain=str(config.grain) if is_cut and config.grain else None,
        timezone=config.sqlbackfill.timezone if is_cut else None,
        begin=config.begin,
        end=config.sqlbackfill.end,
        upstreams=(*workspace.graph.refs[name], *workspace.graph.sources[name]),
        tags=config.tags,
        relation=str(model.relation),
        file=model.file,
        description=model.description,
    )
