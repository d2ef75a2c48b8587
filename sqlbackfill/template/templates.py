"""Rendering of models: `Templates` is the way in. What is plain is rendered here, all else by Jinja.

Jinja is loaded when a template needs it: it and what we build on it take a tenth of a short command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.plain import PlainTemplate, plain_template
from sqlbackfill.template.plain_scan import SCAN_MACROS, ScanPrinter
from sqlbackfill.template.relations import Quoting
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

if TYPE_CHECKING:
    from sqlbackfill.template.render import JinjaTemplates


class Templates:
    """The project's templates. Safe to share between threads.

    Raises ProjectError with every macro file of the project that Jinja cannot read.
    """

    def __init__(
        self,
        settings: TemplateSettings,
        macros: Iterable[MacroText],
        *,
        quote: Callable[[Relation], str],
        quote_name: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._macros = tuple(macros)
        self._quoting = Quoting(quote, quote_name)
        self._taken_apart: dict[tuple[str, str], PlainTemplate | None] = {}
        if self._macros:
            _ = self._jinja

    def analyse(self, model: TemplateInput, lookup: Lookup | None = None) -> Rendered:
        """The model rendered once for all of history, as `JinjaTemplates.analyse` has it."""
        plain = self._plain(model)
        found = None if plain is None else plain.analysed(lookup)
        if found is None:
            return self._jinja.analyse(model, lookup)
        used = self._jinja.scan_macros_used() if self._macros and found.occurrences else ()
        return replace(found, macros_used=used) if used else found

    def render(
        self,
        model: TemplateInput,
        window: RunWindow | None,
        scans: Mapping[int, Scan],
        *,
        lookup: Lookup,
        expected: Sequence[str],
        names_scans: bool = False,
    ) -> Rendered:
        """The model rendered for `window`, as `JinjaTemplates.render` has it."""
        plain = self._plain(model) if self._printer is not None else None
        if plain is not None and self._printer is not None:
            found = plain.rendered(scans, lookup, expected, self._printer, names_scans=names_scans)
            if found is not None:
                return found
        return self._jinja.render(
            model, window, scans, lookup=lookup, expected=expected, names_scans=names_scans
        )

    def value(self, text: str, span: SourceSpan) -> object:
        """What a string in yml stands for once its Jinja is evaluated, by dbt's rules.

        `span` is where the text begins in its file. Raises ProjectError.
        """
        return self._jinja.value(text, span)

    @cached_property
    def _jinja(self) -> JinjaTemplates:
        from sqlbackfill.template.render import JinjaTemplates

        return JinjaTemplates(self._settings, self._macros, self._quoting)

    @cached_property
    def _printer(self) -> ScanPrinter | None:
        """What prints scans; None where the project has macros of its own for that."""
        if self._macros and any(map(self._jinja.is_overridden, SCAN_MACROS)):
            return None
        target = self._settings.target
        on_snowflake = target.get("engine", target.get("type")) == "snowflake"
        return ScanPrinter(self._quoting, on_snowflake)

    def _plain(self, model: TemplateInput) -> PlainTemplate | None:
        if self._settings.overrides:
            return None
        key = (model.file, model.sql)
        if key not in self._taken_apart:
            package = model.package or self._settings.project
            names = self._jinja.names(package) if self._macros else {}
            self._taken_apart[key] = plain_template(model, names)
        return self._taken_apart[key]
