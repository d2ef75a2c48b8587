"""What `plan` and `run` share: the request they make of the planner, and how a plan is shown and saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.output import json_text
from sqlbackfill.cli.usage import Chosen, chosen, usage_error

if TYPE_CHECKING:
    from sqlbackfill.app.plan import Planned, PlanRequest
    from sqlbackfill.cli.show.words import Label
    from sqlbackfill.partitions.partition_set import PartitionSet


def plan_request(command: str, words: Sequence[str], options: dict[str, Any]) -> PlanRequest:
    """The request that the options of `plan` or `run` make; `options` are as click read them.

    Raises UsageError for stray words.
    """
    given = Chosen(
        select=options["select"], exclude=options["exclude"], partitions=options["partitions"]
    )
    picked = chosen(command, words, given, takes_partitions=True)
    from sqlbackfill.app.plan import PlanRequest

    return PlanRequest(
        select=picked.select,
        exclude=picked.exclude,
        partitions=picked.partitions,
        strategy=options["strategy"],
        strict_strategy=options["strict_strategy"],
        missing_upstream=options["missing_upstream"],
        state=options["state"],
    )


def label_of(planned: Planned) -> Label:
    """Names the partitions of each model of a plan in -p syntax."""

    def label(model: str, partitions: PartitionSet) -> str:
        if not partitions:
            return ""
        return planned.models[model].partitioning.label_set(partitions)

    return label


def show_planned(call: Invocation, planned: Planned, *, as_json: bool) -> int:
    """Prints a plan as data; 0, also where parts of it are blocked: a plan fails at nothing."""
    from sqlbackfill.cli.show.plan import plan_text

    call.warn(planned.plan.warnings)
    if as_json:
        call.output.document(planned.document)
    else:
        call.output.data(plan_text(planned.plan, label_of(planned), call.output.out))
    return 0


def save_plan(planned: Planned, file: Path) -> None:
    """Writes the plan's document to `file`, whole or not at all. Raises UsageError if it cannot."""
    write_text(f"{json_text(planned.document)}\n", file, "the plan")


def write_text(text: str, file: Path, what: str) -> None:
    """Writes `text` to `file`, whole or not at all. Raises UsageError if it cannot."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise usage_error(
            "OUTPUT_FAILED", f"cannot write {what} to `{file}`: {error.strerror}"
        ) from error
