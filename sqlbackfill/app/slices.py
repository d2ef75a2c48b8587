"""Which columns of each model its readers use, and what they see of its code. Parses nothing that is cached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.ledger.digests import EVERY_COLUMN, column_set_id
from sqlbackfill.query.slices import slice_fingerprint

ColumnSets: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...] | None]]


def consumed_columns(workspace: Workspace) -> ColumnSets:
    """By relation, the sets of its columns that some reader uses, by their id; None for all of them.

    Ephemeral models are no readers: what they read stands in the queries of those that name them.
    """
    found: dict[str, dict[str, tuple[str, ...] | None]] = {}
    for name, facts in workspace.facts.items():
        if workspace.is_ephemeral(name):
            continue
        inlined = workspace.inlined.get(name)
        behind_views = inlined.input_columns if inlined else ()
        for relation, columns in (*facts.input_columns, *behind_views):
            found.setdefault(relation, {})[column_set_id(columns)] = columns
    return found


def slices(workspace: Workspace) -> dict[str, dict[str, str]]:
    """By model, the fingerprint of its code for each set of columns that a reader uses.

    The id `*` is always there: the fingerprint of the whole.
    """
    consumed = consumed_columns(workspace)
    return {
        name: {
            EVERY_COLUMN: facts.fingerprint,
            **{
                key: slice_fingerprint(facts, columns)
                for key, columns in sorted(consumed.get(name, {}).items())
            },
        }
        for name, facts in workspace.facts.items()
    }
