"""A plan as the JSON of the command-line contract, and back. The plan's id is a hash of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, ProjectError, UsageError
from sqlbackfill.partitions.bounds import read_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.estimate import total
from sqlbackfill.plan.types import Chunk, Estimate, Plan, Reason, Spread, Step, Withheld

SCHEMA_VERSION = 1
Partitionings = Mapping[str, AnyPartitioning]


def content_id(plan: Plan, partitionings: Partitionings) -> str:
    """The plan's id: 16 hex digits over all that the plan says, its id left out."""
    return _recorded_id(plan_document(plan, partitionings))


def identified(plan: Plan, partitionings: Partitionings) -> tuple[Plan, dict[str, Any]]:
    """`plan` with its id, and its document, made once for both."""
    document = plan_document(plan, partitionings)
    document["plan_id"] = _recorded_id(document)
    return replace(plan, plan_id=document["plan_id"]), document


def plan_document(plan: Plan, partitionings: Partitionings) -> dict[str, Any]:
    """The `plan` document of the contract, with what a saved plan needs beside it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "plan_id": plan.plan_id,
        "as_of": instant_text(plan.as_of),
        "target": plan.target,
        "steps": [_step(step, partitionings[step.model]) for step in plan.steps],
        "skipped": [_withheld(item, partitionings) for item in plan.skipped],
        "blocked": [_withheld(item, partitionings) for item in plan.blocked],
        "total": {
            "partition_count": plan.partition_count,
            "query_count": plan.chunk_count,
            **estimate_json(total_estimate(plan)),
        },
        "warnings": [warning.as_json() for warning in plan.warnings],
    }


def instant_text(instant: datetime) -> str:
    """ISO 8601 in UTC with `Z`, microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def total_estimate(plan: Plan) -> Estimate:
    """The sum over all steps; a number is unknown if it is unknown for any step."""
    return total([step.estimate for step in plan.steps])


def _step(step: Step, partitioning: AnyPartitioning) -> dict[str, Any]:
    chunks = [chunk_json(chunk, partitioning) for chunk in step.chunks]
    return {
        "model": step.model,
        "reason": step.reason.value,
        "partitions": partitioning.json_ranges(step.partitions),
        "partition_count": len(step.partitions),
        "strategy": step.strategy,
        "because": step.because,
        "chunks": [chunk for chunk in chunks if chunk],
        "estimate": estimate_json(step.estimate),
        "fingerprint": step.fingerprint,
        "table_identity": step.table_identity,
        "ledger_digest": step.ledger_digest,
    }


def chunk_json(chunk: Chunk, partitioning: AnyPartitioning) -> dict[str, Any]:
    """The bounds of a chunk: `start` and `end`, or `key`, or `keys`; empty for a whole table."""
    ranges = partitioning.json_ranges(chunk.partitions)
    if len(ranges) > 1:
        return {"keys": [item["key"] for item in ranges]}
    return ranges[0] if ranges else {}


def _withheld(item: Withheld, partitionings: Partitionings) -> dict[str, Any]:
    return {
        "model": item.model,
        "partitions": partitionings[item.model].json_ranges(item.partitions),
        "code": item.code,
        "message": item.message,
        "by": [
            {"model": name, "partitions": _ranges(name, partitions, partitionings)}
            for name, partitions in item.by
        ],
        "fix": item.fix,
    }


def _ranges(name: str, partitions: PartitionSet, partitionings: Partitionings) -> list[Any]:
    """The JSON of `partitions`, none of a source."""
    return list(partitionings[name].json_ranges(partitions)) if partitions else []


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """The `estimate` of a step, or of a total."""

    def numbers(spread: Spread | None) -> dict[str, float] | None:
        if spread is None:
            return None
        return {"low": spread.low, "likely": spread.likely, "high": spread.high}

    return {
        "scan_bytes": numbers(estimate.scan_bytes),
        "rows": numbers(estimate.rows),
        "seconds": numbers(estimate.seconds),
        "credits": numbers(estimate.credits),
        "cost_usd": numbers(estimate.cost_usd),
        "basis": estimate.basis,
        **({"note": estimate.note} if estimate.note else {}),
    }


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read back from its document, with the text as it was saved."""

    plan: Plan
    document: Mapping[str, Any]


def read_plan(text: str, partitionings: Partitionings, *, file: str) -> SavedPlan:
    """The plan that `text` holds, checked against its own id.

    Raises UsageError INVALID_PLAN if it is not a plan or was edited, ProjectError PLAN_OUTDATED if
    it names a model that the project no longer has or whose partitions changed their kind.
    """
    try:
        document = json.loads(text)
        gone = sorted({step["model"] for step in document["steps"]} - set(partitionings))
        if gone:
            raise ProjectError(
                Diagnostic(
                    code="PLAN_OUTDATED",
                    message=f"the plan rebuilds `{gone[0]}`, which the project no longer has",
                    fix="make a new plan",
                )
            )
        plan = _read(document, partitionings)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(
            Diagnostic(
                code="INVALID_PLAN",
                message=f"`{file}` does not hold a plan that can be run",
                fix="write one with `sqlbackfill plan … -o FILE`",
                notes=(("found", f"{type(error).__name__}: {error}"),),
            )
        ) from None
    if plan_document(plan, partitionings)["steps"] != document["steps"] or (
        _recorded_id(document) != document["plan_id"]
    ):
        raise UsageError(
            Diagnostic(
                code="INVALID_PLAN",
                message=f"`{file}` was edited after it was written: its plan_id does not fit",
                fix="write a new one with `sqlbackfill plan … -o FILE`",
            )
        )
    return SavedPlan(plan, document)


def _recorded_id(document: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in document.items() if key != "plan_id"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


def _read(document: Mapping[str, Any], partitionings: Partitionings) -> Plan:
    return Plan(
        plan_id=document["plan_id"],
        as_of=datetime.fromisoformat(document["as_of"]),
        target=document["target"],
        steps=tuple(_read_step(step, partitionings[step["model"]]) for step in document["steps"]),
        skipped=_read_withheld(document["skipped"], partitionings),
        blocked=_read_withheld(document["blocked"], partitionings),
    )


def _read_step(step: Mapping[str, Any], partitioning: AnyPartitioning) -> Step:
    if isinstance(partitioning, WholePartitioning):
        partitions = PartitionSet.single(0)
        chunks: tuple[Chunk, ...] = (Chunk(0, 1),)
    else:
        partitions = _read_partitions(step["partitions"], partitioning)
        chunks = tuple(
            Chunk(*_read_partitions(_chunk_ranges(item), partitioning).ranges[0])
            for item in step["chunks"]
        )
    return Step(
        model=step["model"],
        reason=Reason(step["reason"]),
        partitions=partitions,
        strategy=step["strategy"],
        because=step["because"],
        chunks=chunks,
        estimate=read_estimate(step["estimate"]),
        fingerprint=step["fingerprint"],
        table_identity=step["table_identity"],
        ledger_digest=step["ledger_digest"],
    )


def _chunk_ranges(chunk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{"key": key} for key in chunk["keys"]] if "keys" in chunk else [chunk]


def _read_partitions(ranges: list[Any], partitioning: AnyPartitioning) -> PartitionSet:
    spans: list[tuple[int, int]] = []
    for item in ranges:
        if "key" in item:
            ordinal = partitioning.ordinal_of_key(item["key"])
            if ordinal is None:
                raise ValueError(f"`{item['key']}` is no key of this model any more")
            spans.append((ordinal, ordinal + 1))
        else:
            kind = partitioning.column_type
            start = partitioning.ordinal(read_bound(item["start"], kind))
            spans.append((start, partitioning.ordinal(read_bound(item["end"], kind))))
    return PartitionSet.of(spans)


def _read_withheld(
    items: list[Mapping[str, Any]], partitionings: Partitionings
) -> tuple[Withheld, ...]:
    return tuple(
        Withheld(
            model=item["model"],
            partitions=_read_partitions(item["partitions"], partitionings[item["model"]]),
            code=item["code"],
            message=item["message"],
            by=tuple(
                (
                    by["model"],
                    _read_partitions(by["partitions"], partitionings[by["model"]])
                    if by["model"] in partitionings
                    else PartitionSet.empty(),
                )
                for by in item["by"]
            ),
            fix=item["fix"],
        )
        for item in items
    )


def read_estimate(estimate: Mapping[str, Any]) -> Estimate:
    """What `estimate_json` wrote."""

    def spread(name: str) -> Spread | None:
        numbers = estimate.get(name)
        if numbers is None:
            return None
        if not all(type(numbers[end]) in (int, float) for end in ("low", "likely", "high")):
            raise TypeError(name)
        return Spread(**numbers)

    return Estimate(
        scan_bytes=spread("scan_bytes"),
        rows=spread("rows"),
        seconds=spread("seconds"),
        credits=spread("credits"),
        cost_usd=spread("cost_usd"),
        basis=estimate["basis"],
        note=estimate.get("note", ""),
    )
