"""What the ledger says of tables besides their state: records of models that are gone, rows that were kept."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlbackfill.app.planning import Prepared
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.ledger.records import Action, Island
from sqlbackfill.warehouse.protocol import Relation, Session

_NEAR = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """Records of a table that stands and that no model builds.

    `model` is the name that it was built under, `renamed_to` a model without records that may be
    the same one.
    """

    model: str
    relation: Relation
    partitions: int
    renamed_to: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "relation": str(self.relation),
            "partitions": self.partitions,
            "renamed_to": self.renamed_to,
        }

    def warning(self) -> Diagnostic:
        """That nobody builds it, and what to do."""
        relation = self.relation
        alias = f"alias: {relation.identifier}"
        near = self.renamed_to
        parts = "1 partition" if self.partitions == 1 else f"{self.partitions:,} partitions"
        return Diagnostic(
            code="NO_MODEL_BUILDS",
            severity=Severity.WARNING,
            message=f"the ledger holds records of `{self.model}` ({relation}, {parts}), which no "
            "model builds" + (f": was it renamed to `{near}`?" if near else ""),
            model=near,
            fix=f"set `{alias}` in `{near}` to go on with the table; or rename the table and run "
            f"`sqlbackfill mark {near} -p … --as built`"
            if near
            else f"a model with `{alias}` would go on with it; drop the table if it is done with",
        )


def unclaimed(prepared: Prepared, session: Session) -> tuple[Unclaimed, ...]:
    """The tables that this project may have built, by their records, and that it builds no more.

    Those in schemas that no model of the project is written to belong to somebody else.
    """
    workspace, ledger = prepared.workspace, prepared.ledger
    ours = {model.relation for model in workspace.models.values()}
    schemas = {(each.database, each.schema) for each in ours}
    others = [
        relation
        for relation in ledger.relations(session, without=ours)
        if (relation.database, relation.schema) in schemas and relation not in ours
    ]
    if not others:
        return ()
    tables = session.tables(others)
    found = []
    for relation, log in sorted(ledger.logs(session, others).items()):
        table = tables.get(relation)
        if table is None:
            continue
        standing = [island for island in log.counting if island.identity == table.identity]
        if standing:
            newest = max(standing, key=lambda island: island.seq)
            found.append(
                Unclaimed(
                    model=newest.model,
                    relation=relation,
                    partitions=sum(len(island) for island in standing),
                    renamed_to=_renamed(prepared, newest),
                )
            )
    return tuple(found)


def _renamed(prepared: Prepared, record: Island) -> str | None:
    """A model without records that has the code of `record`, or else a similar name."""
    fresh = [
        name
        for name, candidate in prepared.candidates.items()
        if not prepared.state.logs[name].high_water and candidate.table_identity is None
    ]
    same = [name for name in fresh if prepared.candidates[name].fingerprint == record.fingerprint]
    if len(same) == 1:
        return same[0]
    near = difflib.get_close_matches(record.model, same or fresh, n=1, cutoff=_NEAR)
    return near[0] if near else None


def foreign_rows_kept(prepared: Prepared, names: Collection[str]) -> Iterator[Diagnostic]:
    """A warning for each model whose table was adopted with rows of no partition in it."""
    for name, tracked in prepared.state.tracked.items():
        if name in names and _is_beside(tracked.records):
            yield Diagnostic(
                code="FOREIGN_ROWS_KEPT",
                severity=Severity.WARNING,
                message=f"the table of `{name}` was adopted with rows of no partition, so it is "
                "not what a rebuild from scratch would give",
                model=name,
                fix="delete them, then take the records back and mark it again: sqlbackfill mark "
                f"{name} -p … --as missing, and --as built",
            )


def _is_beside(records: Sequence[Island]) -> bool:
    return any(island.action is Action.ADOPTED_BESIDE for island in records)


def notes(
    prepared: Prepared, orphans: Iterable[Unclaimed], names: Collection[str]
) -> tuple[Diagnostic, ...]:
    """All of this as warnings, about the models called `names` and about no model's tables."""
    return (
        *foreign_rows_kept(prepared, names),
        *(each.warning() for each in orphans),
    )
