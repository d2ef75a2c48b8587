"""How far the logs of models go at the moment that a run begins, by the ledger and the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sqlbackfill.app.planning import Prepared
from sqlbackfill.ledger.records import Mark
from sqlbackfill.plan.types import Plan
from sqlbackfill.warehouse.protocol import Session


class LooksAgain(Protocol):
    """Whatever goes by the heads of logs."""

    def look_again(self, heads: Mapping[str, Mark]) -> None:
        """Takes `heads` for what stands now."""


def looking_again(
    prepared: Prepared, plan: Plan, versions: LooksAgain
) -> Callable[[Session], None]:
    """A function that tells `versions` what the plan's models read as it stands then.

    Between planning and a run's first lease another run may have written: a mark older than what
    was read could later pass for what was read.
    """
    names = {
        edge.name
        for model in {step.model for step in plan.steps}
        for edge in prepared.inputs[model]
        if not edge.is_source
    }
    relations = {name: prepared.workspace.models[name].relation for name in sorted(names)}

    def look(session: Session) -> None:
        if not relations:
            return
        tables = session.tables(list(relations.values()))
        newest = prepared.ledger.high_waters(session, relations.values())
        heads = {}
        for name, relation in relations.items():
            table = tables.get(relation)
            identity = table.identity if table else None
            space = prepared.workspace.partitionings[name].space
            heads[name] = Mark(newest.get(relation, 0), identity or "", space)
        versions.look_again(heads)

    return look
