"""The `explain` use case: what the analysis proved about each model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.options import Options
from sqlbackfill.app.partition_info import partition_info
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.selectors import select as select_models
from sqlbackfill.query.facts import QueryFacts, Read


@dataclass(frozen=True, slots=True)
class Explanation:
    """One document a model, in topological order, as in the contract."""

    models: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """The `explain` document of the contract."""
        return {"schema_version": 1, "models": list(self.models)}


def explain(
    options: Options, select: Sequence[str], exclude: Sequence[str], *, witness: bool = False
) -> Explanation:
    """What is known about the selected models, input by input; of a single one with a `witness`.

    Raises UsageError WITNESS_OF_ONE_MODEL where a witness is asked for and more are selected.
    """
    workspace = open_workspace(options)
    names = select_models(workspace.graph, select, exclude).models
    if witness:
        return _with_witness(workspace, sorted(names & workspace.facts.keys()))
    return Explanation(
        tuple(
            _explained(workspace, name, facts)
            for name, facts in workspace.facts.items()
            if name in names
        )
    )


def _with_witness(workspace: Workspace, names: Sequence[str]) -> Explanation:
    if len(names) != 1:
        raise UsageError(
            Diagnostic(
                code="WITNESS_OF_ONE_MODEL",
                message=f"a witness is made for one model, and {len(names)} are selected",
                fix="name the model: sqlbackfill explain -s MODEL --witness",
            )
        )
    from sqlbackfill.app.witness import witness_of

    (name,) = names
    document = _explained(workspace, name, workspace.facts[name])
    return Explanation(({**document, "witness": witness_of(workspace, name).as_json()},))


def _explained(workspace: Workspace, name: str, facts: QueryFacts) -> dict[str, Any]:
    model = workspace.models[name]
    partition = partition_info(model)
    is_cut = partition is not None
    reasons = [reason.for_model(name).as_json() for reason in facts.reasons]
    return {
        "model": name,
        "dialect": model.dialect or workspace.loaded.dialect,
        "partition": None
        if partition is None
        else {
            "column": partition.column,
            "grain": partition.grain,
            "timezone": partition.timezone,
        },
        "separable": {"verdict": facts.verdict.value, "reasons": reasons},
        "reads_itself": facts.reads_itself,
        "write_scope": "partition" if is_cut else "table",
        "inputs": [_input(read) for read in facts.reads],
        "strategies": list(facts.strategies) if is_cut else _whole_strategies(workspace, name),
        "lifted": facts.lifted is not None,
    }


def _whole_strategies(workspace: Workspace, name: str) -> list[str]:
    is_built = workspace.models[name].config.materialized is not Materialization.EPHEMERAL
    return ["range"] if is_built else []


def _input(read: Read) -> dict[str, Any]:
    return {
        "relation": read.relation,
        "column": read.column,
        "read": {
            "kind": read.kind.value,
            "grain": read.grain,
            "start_offset": read.start_offset,
            "end_offset": read.end_offset,
        },
        "because": read.because,
    }
