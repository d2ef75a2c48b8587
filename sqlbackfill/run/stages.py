"""The tables that hold a chunk's rows before its transaction: their names, and those that dead runs left."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable

from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.warehouse.protocol import STAGE_PREFIX, Adapter, Relation, Session


def stage_name(relation: Relation, run_id: str, chunk: int) -> str:
    """The name of the stage of one chunk: whose rows it holds stands first, then which run made it."""
    return f"{_prefix(relation)}{_plain(run_id)}_{chunk}"


def stage_relation(relation: Relation, run_id: str, chunk: int) -> Relation:
    """The stage as a table beside `relation`, for one that is to take its place."""
    name = f"{STAGE_PREFIX}{stage_name(relation, run_id, chunk)}"
    return Relation(relation.database, relation.schema, name)


def drop_left_stages(
    adapter: Adapter, session: Session, relations: Iterable[Relation], run_id: str
) -> None:
    """Drops the stages that other runs left of `relations`.

    For the holder of their leases alone: whoever made one is gone then. That one cannot be dropped
    holds up nothing.
    """
    if not adapter.stages:
        return
    for relation in relations:
        with contextlib.suppress(SqlbackfillError):
            adapter.drop_stages(session, relation, _prefix(relation), _plain(run_id))


def _prefix(relation: Relation) -> str:
    return hashlib.sha256(str(relation).encode()).hexdigest()[:10] + "_"


def _plain(run_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", run_id)
