"""What one render leaves behind beside its text. Shared with the ephemeral models that it inlines."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, Severity, SourceSpan
from sqlbackfill.template.macro_library import ProjectMacro
from sqlbackfill.template.placed import PlacedTemplate, template_of
from sqlbackfill.template.symbolic import Uses
from sqlbackfill.template.types import (
    Lookup,
    Occurrence,
    RefCall,
    RunWindow,
    Scan,
    SourceCall,
)


@dataclass(slots=True, kw_only=True)
class Trace:
    """`uses` is set in analysis, `expected` in a run; `executes` is what templates see as `execute`.

    `models` are the names of the model and of the ephemeral ones that are being inlined right now.
    Where `scan_texts` is set, occurrences print a marker, and what they read is kept there.
    """

    root: PlacedTemplate
    lookup: Lookup | None
    models: list[str]
    executes: bool = True
    uses: Uses | None = None
    window: RunWindow | None = None
    scans: Mapping[int, Scan] = field(default_factory=dict)
    expected: Sequence[str] = ()
    occurrences: list[Occurrence] = field(default_factory=list)
    refs: list[RefCall] = field(default_factory=list)
    sources: list[SourceCall] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    config_spans: dict[str, SourceSpan] = field(default_factory=dict)
    macros: dict[ProjectMacro, None] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    filters_itself: bool = False
    scan_texts: dict[int, str] | None = None
    volatile: bool = False

    @property
    def is_inlining(self) -> bool:
        return len(self.models) > 1

    def offset(self) -> int:
        """Where the root template is right now."""
        frame = sys._getframe(1)  # noqa: SLF001  (no public way to one's callers is as cheap)
        while frame is not None:
            if template_of(frame) is self.root:
                return self.root.place_in_code(frame.f_lineno)
            frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
        return 0

    def warn(self, message: str) -> None:
        """Adds what the template's author warns of."""
        span = self.root.tag_span(self.offset(), inside=True)
        self.warnings.append(
            Diagnostic(code="JINJA_WARNING", message=message, severity=Severity.WARNING, span=span)
        )
