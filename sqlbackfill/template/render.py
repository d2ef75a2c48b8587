"""Rendering of models: `Templates` is the way in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.types import (
    Lookup,
    MacroText,
    Rendered,
    RunWindow,
    Scan,
    TemplateInput,
    TemplateSettings,
)
from sqlbackfill.warehouse.protocol import Relation


class Templates:
    """The project's templates. Safe to share between threads.

    Raises ProjectError with every macro file that cannot be read by Jinja.
    """

    def __init__(
        self,
        settings: TemplateSettings,
        macros: Iterable[MacroText],
        *,
        quote: Callable[[Relation], str],
        quote_name: Callable[[str], str],
    ) -> None: ...

    def analyse(self, model: TemplateInput, lookup: Lookup | None = None) -> Rendered:
        """The model rendered once for all of history, with markers for relations and bounds.

        Without `lookup` nothing is known of other models yet: enough for refs, sources and config.
        Raises ProjectError.
        """
        raise NotImplementedError

    def render(
        self,
        model: TemplateInput,
        window: RunWindow | None,
        scans: Mapping[int, Scan],
        *,
        lookup: Lookup,
        expected: Sequence[str],
    ) -> Rendered:
        """The model rendered for `window`, occurrence `i` reading what `scans[i]` says.

        `expected` are the `targets` of the analysis. Raises ProjectError, with TEMPLATE_REGIME
        where the render prints other relations than these.
        """
        raise NotImplementedError

    def value(self, text: str, span: SourceSpan) -> object:
        """What a string in yml stands for once its Jinja is evaluated. Raises ProjectError."""
        raise NotImplementedError
