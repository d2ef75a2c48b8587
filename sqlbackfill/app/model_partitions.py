"""One model and its partitions as a command names them. What is done with them is the use case's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, ProjectError, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.resolution import Outcome, StateSets
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.selectors import select as select_models


def one_model(workspace: Workspace, text: str, command: str) -> str:
    """The one built model that `text` selects.

    Raises UsageError UNKNOWN_SELECTION and ONE_MODEL_ONLY, ProjectError for a kind of model that is
    never built.
    """
    names = sorted(select_models(workspace.graph, (text,), ()).models)
    if len(names) != 1:
        raise UsageError(
            Diagnostic(
                code="ONE_MODEL_ONLY",
                message=f"`{text}` names {len(names)} models, and {command} takes one",
                fix=f"name one of {', '.join(names)}" if names else "name a model",
            )
        )
    [name] = names
    if name not in workspace.partitionings:
        config = workspace.models[name].config
        refusal = config.refusal or config.unsupported
        if refusal is not None:
            raise ProjectError(refusal.for_model(name))
        raise UsageError(
            Diagnostic(
                code="NEVER_BUILT",
                message=f"`{name}` is {config.materialized.value}: it has no table, and so no "
                "records",
                model=name,
                fix="name a model that reads it",
            )
        )
    return name


def chosen_partitions(
    prepared: Prepared, name: str, texts: Sequence[str]
) -> tuple[PartitionSet, tuple[Diagnostic, ...]]:
    """The partitions of `name` that `texts` choose, with warnings.

    The whole table for a model without partitions. Raises UsageError for words that cannot be read,
    that name nothing, that are missing, or that a model without partitions cannot take.
    """
    partitioning = prepared.workspace.partitionings[name]
    if isinstance(partitioning, WholePartitioning):
        if texts:
            raise UsageError(
                Diagnostic(
                    code="NOT_PARTITIONED",
                    message=f"`{name}` has no partitions, so `{','.join(texts)}` names none",
                    model=name,
                    fix="leave out -p",
                )
            )
        return PartitionSet.single(0), ()
    if not texts:
        raise UsageError(
            Diagnostic(
                code="PARTITIONS_NEEDED",
                message=f"no partitions of `{name}` are named",
                model=name,
                fix=f"add -p, as in `{name}@last:7` or `-p 2024-01`",
            )
        )
    state = prepared.candidates[name].state
    found = resolve(
        parse_spec(texts),
        partitioning,
        as_of=prepared.workspace.loaded.as_of,
        states=lambda: StateSets(missing=state.missing, stale=state.stale, failed=state.failed),
        read_end=prepared.candidates[name].due_end,
    )
    if found.outcome is not Outcome.OK:
        diagnostic = found.diagnostic or Diagnostic(
            code="OUT_OF_RANGE",
            message=f"`{','.join(texts)}` names no partition of `{name}`",
            fix=f"valid for `{name}`: {found.valid}",
        )
        raise UsageError(diagnostic.for_model(name))
    return found.chosen, tuple(warning.for_model(name) for warning in found.warnings)
