"""Merges a model's config layers in dbt's precedence and names its relation."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config import ModelConfig
from sqlbackfill.project.config_keys import normal_key
from sqlbackfill.project.config_reading import read_config
from sqlbackfill.project.findings import Findings
from sqlbackfill.project.layers import merge
from sqlbackfill.project.model import ConfigLayer, Model, ModelFile, ModelKind
from sqlbackfill.project.names import DBT_NAMES, NameRules
from sqlbackfill.project.partition_config import unused_grain
from sqlbackfill.project.project import Project
from sqlbackfill.project.refusals import refusal_of, unsupported_strategy
from sqlbackfill.project.target import Target
from sqlbackfill.project.value_reader import ValueReader
from sqlbackfill.warehouse.protocol import Relation
from sqlbackfill.warehouse.snowflake_names import stored_relation


def resolve_model(
    project: Project,
    file: ModelFile,
    in_file: Mapping[str, object],
    in_file_spans: Mapping[str, SourceSpan],
    target: Target,
    names: NameRules = DBT_NAMES,
) -> Model:
    """The model with its config merged: project file (general to specific), then yml, then `in_file`.

    Tags and hooks append; meta, quoting, column_types, docs and grants update by key, and so does
    `meta.sqlbackfill` one level further down; the rest replaces. Warnings go to `Model.warnings`.
    Raises ProjectError with every value of the config that does not fit.
    """
    findings = Findings(file.name)
    layers = [*file.tree_config, *((file.yml_config,) if file.yml_config else ())]
    own = {normal_key(key): value for key, value in in_file.items()}
    merged = merge([*layers, ConfigLayer(own, in_file_spans)])
    fallback = next(iter(in_file_spans.values()), file.span)
    reader = ValueReader(merged.spans, fallback, findings)
    config = read_config(merged.values, reader, unchecked=merged.values.keys() - own.keys())
    findings.raise_errors()
    refusal = refusal_of(
        file.name, file.kind, merged.values.get("materialized"), file.file, merged.spans
    )
    unsupported = unsupported_strategy(file.name, config, file.span)
    return Model(
        name=file.name,
        file=file.file,
        sql=file.sql,
        kind=file.kind,
        folders=file.folders,
        config=replace(config, refusal=refusal, unsupported=unsupported),
        relation=_relation(file, config, target, names),
        dialect=config.sqlbackfill.dialect or project.dialect,
        description=file.description,
        columns=file.columns,
        span=file.span,
        # What the layers of the yml files gave rise to was said when they were read.
        warnings=(
            *(w for w in findings.warnings if w.span is None or w.span.file == file.file),
            *unused_grain(file.name, config, {**_yml_values(file), **own}),
        ),
    )


def _yml_values(file: ModelFile) -> Mapping[str, object]:
    return file.yml_config.values if file.yml_config else {}


def _relation(file: ModelFile, config: ModelConfig, target: Target, names: NameRules) -> Relation:
    schema = names.schema(config.schema, file.name, target)
    database = names.database(config.database, file.name, target)
    if file.kind is ModelKind.SNAPSHOT:
        schema = str(config.values.get("target_schema") or schema)
        database = str(config.values.get("target_database") or database)
    relation = Relation(database, schema, names.alias(config.alias, file.name, target))
    # Records are kept by these names, so two ways to write one table must not differ.
    return stored_relation(relation) if target.type == "snowflake" else relation
