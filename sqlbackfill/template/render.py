"""Rendering of models by Jinja. `templates` has the way in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.template.config_call import config_spans
from sqlbackfill.template.engine import Engine
from sqlbackfill.template.failures import WarehouseRead
from sqlbackfill.template.macro_library import OWN_PACKAGE, ProjectMacro
from sqlbackfill.template.model_render import ModelRender
from sqlbackfill.template.occurrences import regime_failure
from sqlbackfill.template.placed import PlacedTemplate, place_now
from sqlbackfill.template.relations import Quoting
from sqlbackfill.template.source_map import Piece, SourceMap
from sqlbackfill.template.symbolic import Uses
from sqlbackfill.template.trace import Trace
from sqlbackfill.template.types import (
    Lookup,
    MacroText,
    MacroUse,
    Occurrence,
    Rendered,
    RunWindow,
    Scan,
    TemplateInput,
    TemplateSettings,
)
from sqlbackfill.template.yml_values import YmlValues

_MARKER: Final = re.compile(r"__sb_occurrence_(\d+)__", re.IGNORECASE)


class JinjaTemplates:
    """The project's templates, all of them read by Jinja. Safe to share between threads.

    Raises ProjectError with every macro file of the project that Jinja cannot read.
    """

    def __init__(
        self, settings: TemplateSettings, macros: Iterable[MacroText], quoting: Quoting
    ) -> None:
        self._settings = settings
        self._engine = Engine(settings, macros, quoting)

    def analyse(self, model: TemplateInput, lookup: Lookup | None = None) -> Rendered:
        """The model rendered once for all of history, with markers for relations and bounds.

        Without `lookup` nothing is known of other models yet: enough for refs, sources and config.
        Templates see `execute` as true, since that is what the SQL that runs is rendered with; one
        that then asks the warehouse is rendered once more as dbt parses, with `execute` false, for
        its refs and config, and says so in `needs_warehouse`. Raises ProjectError.
        """
        template = self._engine.template(model)
        try:
            return self._analyse(model, template, lookup, executes=True)
        except WarehouseRead as error:
            needed = self._engine.reader.failure(error, template).for_model(model.name)
        try:
            rendered = self._analyse(model, template, lookup, executes=False)
        except ProjectError as error:
            raise ProjectError(needed) from error
        return replace(rendered, needs_warehouse=needed)

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
        """The model rendered for `window`, occurrence `i` reading what `scans[i]` says.

        `expected` are the `targets` of the analysis. Refs, sources and config are those of the
        analysis and not given again. With `names_scans` what occurrences read is not printed, but
        given apart. Raises ProjectError, with TEMPLATE_REGIME where the render prints other
        relations than these.
        """
        template = self._engine.template(model)
        trace = Trace(
            root=template,
            lookup=lookup,
            models=[model.name],
            window=window,
            scans=scans,
            expected=tuple(expected),
            scan_texts={} if names_scans else None,
        )
        try:
            texts, places = ModelRender(self._engine, model, trace).pieces(template)
            if len(trace.occurrences) < len(trace.expected):
                raise regime_failure(None, trace.expected[len(trace.occurrences)])  # noqa: TRY301
        except Exception as error:  # templates may fail in any way that Python can
            raise self._engine.reader.project_error(error, template, model.name) from error
        return Rendered(
            sql="".join(texts),
            source_map=_source_map(template, texts, places),
            occurrences=tuple(trace.occurrences),
            reads_this="this" in trace.expected,
            macros_used=self._macros_of(trace),
            volatile=trace.volatile,
            warnings=_for_model(trace.warnings, model),
            messages=tuple(trace.messages),
            scan_texts=trace.scan_texts or {},
        )

    def value(self, text: str, span: SourceSpan) -> object:
        """What a string in yml stands for once its Jinja is evaluated, by dbt's rules.

        `span` is where the text begins in its file. Raises ProjectError.
        """
        return self._yml.value(text, span)

    @cached_property
    def _yml(self) -> YmlValues:
        return YmlValues(self._settings)

    def names(self, package: str) -> Mapping[str, ProjectMacro]:
        """The macros that templates of `package` see."""
        return self._engine.library.seen_from(package)

    def is_overridden(self, macro: str) -> bool:
        """Whether the project has its own macro in place of a built-in one."""
        return self._engine.is_overridden(macro)

    def scan_macros_used(self) -> tuple[MacroUse, ...]:
        """The project's own macros behind a relation that is read."""
        return self._macros_used((), scans=True, filters=True)

    def _analyse(
        self,
        model: TemplateInput,
        template: PlacedTemplate,
        lookup: Lookup | None,
        *,
        executes: bool,
    ) -> Rendered:
        uses = Uses(where=place_now)
        trace = Trace(
            root=template, lookup=lookup, models=[model.name], executes=executes, uses=uses
        )
        try:
            texts, places = ModelRender(self._engine, model, trace).pieces(template)
            spans = config_spans(template, trace.config) if trace.config else {}
        except WarehouseRead:
            raise
        except Exception as error:  # templates may fail in any way that Python can
            raise self._engine.reader.project_error(error, template, model.name) from error
        texts, bounds = uses.settle(texts)
        sql = "".join(texts)
        return Rendered(
            sql=sql,
            source_map=_source_map(template, texts, places),
            occurrences=_counted(trace.occurrences, sql),
            refs=tuple(trace.refs),
            sources=tuple(trace.sources),
            config=trace.config,
            config_spans=spans,
            bounds=bounds,
            relations_as_value=uses.relations_as_value,
            reads_this=any(found.target == "this" for found in trace.occurrences),
            macros_used=self._macros_of(trace),
            volatile=trace.volatile,
            warnings=_for_model(trace.warnings, model),
            messages=tuple(trace.messages),
        )

    def _macros_of(self, trace: Trace) -> tuple[MacroUse, ...]:
        return self._macros_used(
            trace.macros,
            scans=any(found.filtered for found in trace.occurrences),
            filters=bool(trace.occurrences) or trace.filters_itself,
        )

    def _macros_used(
        self, called: Iterable[ProjectMacro], *, scans: bool, filters: bool
    ) -> tuple[MacroUse, ...]:
        library = self._engine.library
        used = dict.fromkeys(called)
        for name, is_used in (
            ("partitioned_scan", scans),
            ("partition_predicate", filters),
            ("partition_literal", filters),
        ):
            if is_used:
                used[library.visible[name]] = None
        found = set()
        for macro in used:
            package = macro.source.package
            if package != OWN_PACKAGE:
                name = macro.name if package == library.project else f"{package}.{macro.name}"
                found.add(MacroUse(name, macro.digest))
        return tuple(sorted(found))


def _source_map(template: PlacedTemplate, texts: Sequence[str], places: Sequence[int]) -> SourceMap:
    pieces = []
    start = 0
    for text, place in zip(texts, places, strict=True):
        if text:
            tag = template.tag_at(place)
            pieces.append(
                Piece(start, place, 1, is_literal=True)
                if tag is None
                else Piece(start, tag.begin, tag.end - tag.begin, is_literal=False)
            )
            start += len(text)
    return SourceMap(template.file, template.source, "".join(texts), tuple(pieces))


def _counted(occurrences: Iterable[Occurrence], sql: str) -> tuple[Occurrence, ...]:
    times = Counter(int(index) for index in _MARKER.findall(sql))
    return tuple(replace(found, times=times[found.index]) for found in occurrences)


def _for_model(found: Iterable[Diagnostic], model: TemplateInput) -> tuple[Diagnostic, ...]:
    return tuple(diagnostic.for_model(model.name) for diagnostic in found)
