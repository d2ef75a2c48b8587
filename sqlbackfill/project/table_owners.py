"""Which model writes which table: one each, and never a table that it reads as a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.model import Model
from sqlbackfill.project.source import Source
from sqlbackfill.warehouse.protocol import Relation

_Names = tuple[str, str, str]


def table_conflicts(
    models: Iterable[Model], reads: Mapping[str, tuple[str, ...]], sources: Mapping[str, Source]
) -> Iterator[Diagnostic]:
    """The errors of models that would overwrite each other's rows, or their own source's.

    `reads` are the names of the sources that each model reads. Names are compared without regard
    to case, as engines look up what is not quoted.
    """
    owners: dict[_Names, Model] = {}
    for model in models:
        if model.config.materialized is Materialization.EPHEMERAL:
            continue
        names = _names(model.relation)
        owner = owners.setdefault(names, model)
        if owner is not model:
            yield _duplicate(owner, model)
        for source in reads.get(model.name, ()):
            relation = sources[source].relation
            if relation is not None and _names(relation) == names:
                yield _own_source(model, source)


def _names(relation: Relation) -> _Names:
    return (
        relation.database.casefold(),
        relation.schema.casefold(),
        relation.identifier.casefold(),
    )


def _duplicate(first: Model, second: Model) -> Diagnostic:
    return Diagnostic(
        code="DUPLICATE_RELATION",
        message=f"`{first.name}` and `{second.name}` are both written to {second.relation}",
        span=SourceSpan(file=second.file, line=1),
        fix="give one of them another alias or schema",
        model=second.name,
    )


def _own_source(model: Model, source: str) -> Diagnostic:
    return Diagnostic(
        code="OVERWRITES_SOURCE",
        message=f"`{model.name}` would be written to {model.relation}, which it reads as the "
        f"source `{source}`",
        span=SourceSpan(file=model.file, line=1),
        fix="give the model another alias or schema; its own past is read with `{{ this }}`",
        model=model.name,
    )
