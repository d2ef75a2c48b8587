"""What one render of a model for all of history tells: small, cached by what it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.template.types import RefCall, Rendered, SourceCall


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderFacts:
    """The part of a `Rendered` that commands need although the render itself is not repeated.

    `targets` are the occurrences' targets in print order; `sql_digest` identifies the rendered SQL.
    """

    config: dict[str, Any]
    config_spans: dict[str, SourceSpan]
    refs: tuple[RefCall, ...]
    sources: tuple[SourceCall, ...]
    targets: tuple[str, ...]
    uses_bounds: bool
    reads_this: bool
    is_volatile: bool
    needs_warehouse: Diagnostic | None
    warnings: tuple[Diagnostic, ...]

    @property
    def ref_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ref.name for ref in self.refs))


def render_facts(rendered: Rendered) -> RenderFacts:
    """The facts of `rendered`; config values that JSON cannot hold become their text."""
    return RenderFacts(
        config=_plain(rendered.config),
        config_spans=dict(rendered.config_spans),
        refs=rendered.refs,
        sources=rendered.sources,
        targets=rendered.targets,
        uses_bounds=rendered.uses_bounds,
        reads_this=rendered.reads_this,
        is_volatile=rendered.volatile,
        needs_warehouse=rendered.needs_warehouse,
        warnings=rendered.warnings,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
