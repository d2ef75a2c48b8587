"""Models as the template stage takes them, and what names in `ref` and `source` stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.sources import source_relation
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.model import Model, ModelFile
from sqlbackfill.template.types import (
    ExternalRelation,
    PartitionNames,
    RefCall,
    RefTarget,
    TemplateInput,
)
from sqlbackfill.warehouse.protocol import Relation


def first_input(loaded: Loaded, file: ModelFile) -> TemplateInput:
    """A model before its own `config()` was read: its config is that of the yml layers so far."""
    config: dict[str, object] = {}
    for layer in (*file.tree_config, *((file.yml_config,) if file.yml_config else ())):
        config.update(layer.values)
    column = config.get("event_time")
    return TemplateInput(
        name=file.name,
        file=file.file,
        sql=file.sql,
        package=loaded.project.name,
        config=config,
        relation=Relation(loaded.target.database, loaded.target.schema, file.name),
        partition=PartitionNames(column=str(column or ""), grain=str(config.get("batch_size", ""))),
        window_vars=_raw_window_vars(config),
    )


def template_input(
    loaded: Loaded, model: Model, column_type: BoundType | None = None
) -> TemplateInput:
    """A model whose configuration is known; `column_type` is its partition column's, if known."""
    grain = model.config.grain
    return TemplateInput(
        name=model.name,
        file=model.file,
        sql=model.sql,
        package=loaded.project.name,
        config=model.config.values,
        relation=model.relation,
        partition=PartitionNames(
            column=model.partition_column or "",
            grain=str(grain) if grain else "",
            type=column_type,
        ),
        window_vars=_window_vars(model),
    )


def _window_vars(model: Model) -> dict[str, str]:
    names = model.config.sqlbackfill.vars
    if names is None:
        return {}
    pairs = ((names.start, "start"), (names.end, "end"))
    return {name: end for name, end in pairs if name is not None}


def _raw_window_vars(config: Mapping[str, object]) -> dict[str, str]:
    """The same from config that is not typed yet; a wrong type is reported when it is resolved."""
    meta = config.get("meta")
    ours = meta.get("sqlbackfill") if isinstance(meta, Mapping) else None
    names = ours.get("vars") if isinstance(ours, Mapping) else None
    if not isinstance(names, Mapping):
        return {}
    return {str(names[end]): end for end in ("start", "end") if isinstance(names.get(end), str)}


class ProjectLookup:
    """What `ref` and `source` stand for in a project whose models are resolved."""

    def __init__(self, loaded: Loaded, models: Mapping[str, Model]) -> None:
        self._loaded = loaded
        self._models = models
        self.ephemeral = frozenset(
            name
            for name, model in models.items()
            if model.config.materialized is Materialization.EPHEMERAL
        )

    def ref(self, name: str, package: str | None) -> RefTarget | None:  # noqa: ARG002 # one package
        model = self._models.get(name)
        if model is None:
            return None
        if name in self.ephemeral:
            return template_input(self._loaded, model)
        return model.relation

    def source(self, source: str, table: str) -> Relation | ExternalRelation | None:
        declared = self._loaded.project.sources.get(f"{source}.{table}")
        if declared is None:
            return None
        return source_relation(declared, self._loaded.project.root)

    def reads_ephemeral(self, refs: Iterable[RefCall]) -> bool:
        """Whether a render of these refs must know what an ephemeral model's SQL is."""
        return any(ref.name in self.ephemeral for ref in refs)
