"""Rules about derived dates, each broken on purpose: `derived_queries` must find a wrong row."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlglot import exp

from sqlbackfill.query import calendar_links, edges, encodings, join_tree, siblings, terms
from sqlbackfill.query.images import ceils, floors
from sqlbackfill.query.kinds import is_time
from tests.property.broken_rules import Mutant


def _left_out_keys_follow(patch: pytest.MonkeyPatch) -> None:
    """A key that ROLLUP leaves out taken to follow from one that it does not."""
    patch.setattr(siblings, "key_nodes", lambda group, select: ([], False))


def _first_arm_speaks_for_all(patch: pytest.MonkeyPatch) -> None:
    """What the first arm of a UNION shows taken for what all of its rows are."""
    real = siblings._select_of

    def first_arm(source: Any, scope: Any, scopes: Any) -> Any:
        cte = getattr(source, "cte", None)
        if cte is None or not isinstance(cte.query, exp.SetOperation):
            return real(source, scope, scopes)
        arm = cte.query.this
        return scopes.scope(arm, cte.visible, None) if isinstance(arm, exp.Select) else None

    patch.setattr(siblings, "_select_of", first_arm)


def _series_ascend(patch: pytest.MonkeyPatch) -> None:
    def ends(listed: exp.Expr, dialect: str) -> Any:
        start, end = listed.args.get("start"), listed.args.get("end")
        return (start, end) if start is not None and end is not None else None

    patch.setattr(join_tree, "ends_of", ends)
    patch.setattr(terms, "ends_of", ends)


def _last_day_as_the_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        calendar_links, "_last_day", lambda node, kind: (node.this, floors("day"), ceils("day"))
    )


def _slots_from_1970(patch: pytest.MonkeyPatch) -> None:
    real = calendar_links._rounded
    patch.setattr(calendar_links, "_rounded", lambda slot, op: real(_without_origin(slot), op))


def _without_origin(slot: calendar_links.Slot) -> calendar_links.Slot:
    return calendar_links.Slot(slot.moment, slot.width_us, 0)


def _parts_of_the_first(patch: pytest.MonkeyPatch) -> None:
    """The year's date taken for that of the month and the day."""
    real = calendar_links.part_of
    seen: dict[int, exp.Expr] = {}

    def part(node: exp.Expr, name: str, dialect: str) -> exp.Expr | None:
        found = real(node, name, dialect)
        if name == "year" and found is not None:
            seen[0] = found
        return seen.get(0) if found is not None else None

    patch.setattr(calendar_links, "part_of", part)


def _origins_without_zone(patch: pytest.MonkeyPatch) -> None:
    """An instant as origin taken for the reading of a clock."""
    patch.setattr(calendar_links, "is_wall", is_time)


def _misfits_are_kept(patch: pytest.MonkeyPatch) -> None:
    """TRY_CAST taken for a cast that fails where a value does not fit."""
    patch.setattr(edges.EdgeRules, "_may_lose", lambda self, node, target: False)


def _written_misfits_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(encodings, "_fits", lambda node, dialect: True)


DERIVED_MUTANTS: Final = (
    Mutant("keys that ROLLUP leaves out follow", _left_out_keys_follow, "shown together"),
    Mutant("the first arm of a UNION speaks for all", _first_arm_speaks_for_all, "shown together"),
    Mutant("every series ascends", _series_ascend, "series"),
    Mutant("a last day as the day itself", _last_day_as_the_day, "calendar"),
    Mutant("slots counted from 1970", _slots_from_1970, "calendar"),
    Mutant("parts of the first date", _parts_of_the_first, "calendar"),
    Mutant("origins without their zone", _origins_without_zone, "calendar"),
    Mutant("what does not fit is not NULL", _misfits_are_kept, "shown together"),
    Mutant("digits that do not fit are not NULL", _written_misfits_are_kept, "shown together"),
)
