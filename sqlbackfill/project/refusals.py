"""Which models are not built, and why: what we cannot analyse (refused) and what we cannot run (unsupported)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.project.config import BUILT, Materialization, ModelConfig
from sqlbackfill.project.findings import suggestion
from sqlbackfill.project.model import ModelKind

_KEYLESS = frozenset({"delete+insert", "insert_overwrite", "microbatch"})

_KINDS = {
    ModelKind.PYTHON: (
        "PYTHON_MODEL",
        "is a Python model, and sqlbackfill analyses SQL",
        "exclude it, and build it with dbt; models may still refer to it",
    ),
    ModelKind.SEED: (
        "SEED_NOT_BUILT",
        "is a seed, and sqlbackfill does not load seeds",
        "load it with `dbt seed`; models may still refer to it",
    ),
    ModelKind.SNAPSHOT: (
        "SNAPSHOT_NOT_BUILT",
        "is a snapshot: its history cannot be computed again",
        "exclude it, and build it with `dbt snapshot`; models may still refer to it",
    ),
}


def refusal_of(
    name: str, kind: ModelKind, materialized: object, file: str, spans: Mapping[str, SourceSpan]
) -> Diagnostic | None:
    """Why a model can neither be analysed nor run, or None. It matters only once it is selected."""
    start = SourceSpan(file=file, line=1)
    if kind in _KINDS:
        code, message, fix = _KINDS[kind]
        return Diagnostic(code=code, message=f"`{name}` {message}", span=start, fix=fix, model=name)
    spelled = materialization_of(materialized)
    if spelled in BUILT:
        return None
    return Diagnostic(
        code="UNSUPPORTED_MATERIALIZATION",
        message=f"`{name}` is materialized as `{spelled}`, which sqlbackfill does not build"
        + suggestion(spelled, BUILT),
        span=spans.get("materialized", start),
        fix="use incremental, table, view or ephemeral, or exclude the model",
        model=name,
    )


def materialization_of(value: object) -> str:
    """The materialization as configured, known or not; dbt's default is view."""
    return value.strip().lower() if isinstance(value, str) and value.strip() else "view"


def unsupported_strategy(name: str, config: ModelConfig, fallback: SourceSpan) -> Diagnostic | None:
    """Why an incremental model is analysed but not run, or None.

    A key, or a strategy that needs one, says that rows replace rows by key and not partitions by
    partition: replacing whole partitions may lose rows, unless `replace: partition` vouches for it.
    """
    if config.materialized is not Materialization.INCREMENTAL:
        return None
    if config.sqlbackfill.replace == "partition":
        return None
    strategy = (config.incremental_strategy or "").lower()
    if config.unique_key:
        key, why = (
            "unique_key",
            f"its rows are replaced by unique_key {', '.join(config.unique_key)}",
        )
    elif strategy and strategy not in _KEYLESS:
        key, why = "incremental_strategy", f"its incremental_strategy is `{strategy}`"
    else:
        return None
    return Diagnostic(
        code="UNSUPPORTED_STRATEGY",
        message=f"`{name}` is not rebuilt by partition: {why}",
        span=config.span(key) or fallback,
        fix="if no row moves between partitions, set meta: {sqlbackfill: {replace: partition}}",
        model=name,
    )
