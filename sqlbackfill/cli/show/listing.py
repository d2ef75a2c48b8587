"""The models of a project and the runs of a ledger, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.table import Column, Table
from sqlbackfill.cli.show.words import count, duration

Document = Mapping[str, Any]


def listing_text(document: Document, look: Look) -> str:
    """The `ls` document as a table of models."""
    models: Sequence[Document] = document["models"]
    if not models:
        return "no models"
    table = Table(
        columns=(
            Column("model", keep=True),
            Column("partitions", keep=True),
            Column("from", keep=True),
            Column("until", keep=True),
            Column("reads"),
        ),
        rows=tuple(
            (
                model["model"],
                _partitions(model),
                str(model["begin"] or ""),
                str(model["end"] or ""),
                ", ".join(model["upstreams"]),
            )
            for model in models
        ),
    )
    return table.draw(look)


def runs_text(runs: Sequence[Document], look: Look) -> str:
    """The runs as a table, in the order given."""
    if not runs:
        return "no runs yet"
    is_paid = any(run["cost_usd"] or run["estimated_cost_usd"] for run in runs)
    table = Table(
        columns=(
            Column("run", keep=True),
            Column("status", keep=True),
            Column("partitions", right=True),
            Column("took", right=True, keep=True),
            Column("queries", right=True),
            Column("estimated", right=True),
            *((Column("cost", right=True), Column("estimated", right=True)) if is_paid else ()),
            Column("command"),
        ),
        rows=tuple(
            (
                run["run_id"],
                run["status"],
                f"{run['partitions_done']:,}/{run['partitions_total']:,}",
                _took(run),
                _length(run["seconds"]),
                _up_to(run["estimated_seconds"], run["estimated_seconds_high"], _length),
                *(_paid(run) if is_paid else ()),
                str(run["command"] or ""),
            )
            for run in runs
        ),
    )
    return f"{table.draw(look)}\n{count(len(runs), 'run')}"


def _took(run: Document) -> str:
    if not run["finished_at"]:
        return ""
    began, ended = (datetime.fromisoformat(run[key]) for key in ("started_at", "finished_at"))
    return duration((ended - began).total_seconds())


def _length(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _money(usd: float | None) -> str:
    return "" if usd is None else f"${usd:,.2f}"


def _up_to(likely: float | None, high: float | None, shown: Callable[[float | None], str]) -> str:
    """What was estimated, with the high end where that reads differently."""
    if likely is None:
        return ""
    return shown(likely) if shown(likely) == shown(high) else f"{shown(likely)} – {shown(high)}"


def _paid(run: Document) -> tuple[str, str]:
    estimated = _up_to(run["estimated_cost_usd"], run["estimated_cost_usd_high"], _money)
    return _money(run["cost_usd"]), estimated


def _partitions(model: Document) -> str:
    if model.get("grain"):
        return f"{model['grain']} of {model['partition_column']}"
    if model.get("partition_column"):
        return f"by {model['partition_column']}"
    return str(model["materialized"])
