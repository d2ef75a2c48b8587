"""What a model's rows depend on besides its query: how they are merged, the profile's settings,
and code that other renders run.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlbackfill.app.cache import digest
from sqlbackfill.app.loading import Loaded
from sqlbackfill.project.model import Model
from sqlbackfill.template.types import Rendered

_SCANS = ("partitioned_scan", "partition_predicate")


def covered_code(loaded: Loaded, model: Model, rendered: Rendered) -> tuple[str, ...]:
    """What the fingerprint of `model` covers beside the SQL that analysis saw; empty for most models."""
    return tuple(_covered(loaded, model, rendered))


def _covered(loaded: Loaded, model: Model, rendered: Rendered) -> Iterator[str]:
    config = model.config
    if config.unique_key:
        yield f"unique_key {config.unique_key}"
    if config.incremental_strategy is not None:
        yield f"incremental_strategy {config.incremental_strategy}"
    if config.sqlbackfill.replace is not None:
        yield f"replace {config.sqlbackfill.replace}"
    for name, value in sorted(loaded.adapter.declared_settings.items()):
        yield f"setting {name} = {value}"
    macros = loaded.project.macro_files
    scans = [one.text for one in macros if any(f"macro {scan}" in one.text for scan in _SCANS)]
    if scans and rendered.occurrences:
        yield f"scans {digest(*scans)}"
    use = rendered.bounds
    if use.in_control_flow or use.as_value or use.key or rendered.relations_as_value:
        # Another partition may render other SQL, of which analysis saw none.
        values = sorted(loaded.project.vars.items())
        yield f"template {digest(model.sql, repr(values), *(one.text for one in macros))}"
