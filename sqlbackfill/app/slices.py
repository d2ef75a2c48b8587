"""Which columns of each model its readers use, and what they see of its code. Parses nothing that is cached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.ledger.digests import EVERY_COLUMN, column_set_id
from sqlbackfill.query.facts import QueryFacts
from sqlbackfill.query.slices import slice_fingerprint

ColumnSets: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...] | None]]


def columns_used(facts: QueryFacts, relation: str) -> tuple[str, ...] | None:
    """The columns of `relation` that can change the result of the query; None for all of them."""
    return dict(facts.input_columns).get(relation)


def consumed_columns(workspace: Workspace) -> ColumnSets:
    """By relation, the sets of its columns that some reader uses, by their id; None for all of them.

    Ephemeral models are no readers: what they read stands in the queries of those that name them.
    """
    found: dict[str, dict[str, tuple[str, ...] | None]] = {}
    for name, facts in workspace.facts.items():
        for relation, columns in () if workspace.is_ephemeral(name) else facts.input_columns:
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
