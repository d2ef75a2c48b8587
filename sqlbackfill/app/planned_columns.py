"""The sets of columns of each model that runs take digests of: a few, each being a hash of every row."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.app.slices import consumed_columns
from sqlbackfill.app.workspace import Workspace

_MOST_COLUMN_SETS = 4


def digested_columns(
    workspace: Workspace,
) -> dict[str, Mapping[str, tuple[str, ...] | None]]:
    """By model, the smallest sets that its readers use, by their id; None for all columns."""
    found: dict[str, Mapping[str, tuple[str, ...] | None]] = {}
    for name, sets in consumed_columns(workspace).items():
        ordered = sorted(sets.items(), key=lambda item: (len(item[1] or ()), item[0]))
        found[name] = dict(ordered[:_MOST_COLUMN_SETS])
    return found
