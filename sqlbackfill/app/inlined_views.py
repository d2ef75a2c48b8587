"""What models read of the tables that lie behind views: their queries with the views' own in place.

A view holds no rows, so who reads it reads its inputs. What cannot be put together is left out here
and counts as read whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

import msgspec

from sqlbackfill import __version__
from sqlbackfill.app.cache import FactCache, digest
from sqlbackfill.app.input_refs import input_refs
from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.render_facts import RenderFacts
from sqlbackfill.app.sources import SourceSchema
from sqlbackfill.app.template_inputs import ProjectLookup, template_input
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.graph import Graph
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts, Read

_MARKER = re.compile(r"__sb_occurrence_(\d+)__")
_SIMPLE = re.compile(r"[A-Za-z_]\w*")
_INLINED = (Materialization.VIEW, Materialization.EPHEMERAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinedReads:
    """What one model reads of relations behind views, and of their columns; both empty if unknown.

    What it reads of them by itself is part of it.
    """

    reads: tuple[Read, ...] = ()
    input_columns: tuple[tuple[str, tuple[str, ...] | None], ...] = ()


@dataclass(slots=True)
class Inliner:
    """Analyses models once more, where they read views. The mappings are as in `Workspace`."""

    loaded: Loaded
    graph: Graph
    models: Mapping[str, Model]
    renders: Mapping[str, RenderFacts]
    facts: Mapping[str, QueryFacts]
    partitionings: Mapping[str, AnyPartitioning]
    schemas: Mapping[str, SourceSchema]
    cache: FactCache
    _requests: dict[str, AnalysisRequest] = field(default_factory=dict)

    def run(self) -> dict[str, InlinedReads]:
        """By model, for those that read a view; views themselves are left out."""
        found = {}
        for name in self.partitionings:
            views = [] if self._is_view(name) else list(self._views_of(name))
            if views and name in self.facts:
                key = self._key(name)
                with suppress(ProjectError):
                    found[name] = self.cache.get(
                        key, InlinedReads, partial(self._reads, name, views)
                    )
        return found

    def _is_view(self, name: str) -> bool:
        return self.models[name].config.materialized is Materialization.VIEW

    def _views_of(self, name: str) -> Iterator[str]:
        """The views that `name` reads, through one another and through ephemeral models."""
        return (each for each in self._inlined_in(name) if self._is_view(each))

    def _inlined_in(self, name: str) -> Iterator[str]:
        pending, seen = [*self.graph.refs[name]], set[str]()
        while pending:
            upstream = pending.pop()
            if upstream in seen or self.models[upstream].config.materialized not in _INLINED:
                continue
            seen.add(upstream)
            yield upstream
            pending.extend(self.graph.refs[upstream])

    def _key(self, name: str) -> str | None:
        """Over all that the analysis of `name` and of what is inlined in it depends on."""
        if self.loaded.render_key is None:
            return None
        parts: list[str | bytes] = []
        for each in (name, *sorted(self._inlined_in(name))):
            model = self.models[each]
            inputs = self._inputs(model) if each in self.renders else {}
            parts += [each, model.sql, repr(model.config.values), msgspec.json.encode(inputs)]
        return digest(self.loaded.render_key, __version__, *parts)

    def _inputs(self, model: Model) -> dict[str, InputRef]:
        return input_refs(
            self.loaded,
            self.models,
            model,
            self.renders,
            self.facts,
            self.partitionings,
            self.schemas,
        )

    def _reads(self, name: str, views: list[str]) -> InlinedReads:
        from sqlbackfill.query.analyse import analyse

        dialect = self._request(name).dialect
        if not all(self._stands_alone(view, dialect) for view in views):
            return InlinedReads()
        request = self._with_views(name)
        facts = analyse(request) if request is not None else None
        if facts is None or facts.errors or not facts.row_fingerprint:
            return InlinedReads()
        behind = {
            ref.relation for view in views for ref in self._request(view).occurrences.values()
        }
        behind -= set(views)
        return InlinedReads(
            reads=tuple(read for read in facts.reads if read.relation in behind),
            input_columns=tuple(each for each in facts.input_columns if each[0] in behind),
        )

    def _stands_alone(self, view: str, dialect: str) -> bool:
        """Whether the query of `view` means the same inside another query."""
        facts, render = self.facts.get(view), self.renders.get(view)
        return (
            facts is not None
            and render is not None
            and not facts.errors
            # Each name is resolved within it, and none of its tables could be a CTE of its reader.
            and bool(facts.row_fingerprint)
            and not facts.hard_coded
            and not (render.uses_bounds or render.reads_this)
            and not self._request(view).bounds_in_control_flow
            and self._request(view).dialect == dialect
        )

    def _request(self, name: str) -> AnalysisRequest:
        from sqlbackfill.app.analysis import analysis_request

        known = self._requests.get(name)
        if known is None:
            model, lookup = self.models[name], ProjectLookup(self.loaded, self.models)
            rendered = self.loaded.templates.analyse(template_input(self.loaded, model), lookup)
            known = analysis_request(self.loaded, model, self._inputs(model), rendered)
            self._requests[name] = known
        return known

    def _with_views(self, name: str) -> AnalysisRequest | None:
        """The query of `name` with those of views in their places; None where that is not possible.

        An occurrence without an alias takes that of the view, as the warehouse would.
        """
        request = self._request(name)
        aliases = {each.index: each.alias for each in self.facts[name].occurrences}
        occurrences, texts = dict[str, InputRef](), dict[str, str]()
        for marker, ref in request.occurrences.items():
            if ref.is_this or not self._is_inlined(ref):
                texts[marker] = self._placed(ref, occurrences)
                continue
            inner = self._with_views(ref.relation)
            alias = aliases.get(_number(marker))
            if inner is None or (alias is not None and not _SIMPLE.fullmatch(alias)):
                return None
            renamed = {m: self._placed(r, occurrences) for m, r in inner.occurrences.items()}
            query = _substituted(inner.sql.strip().rstrip(";"), renamed)
            texts[marker] = f"(\n{query}\n)" + (f" as {alias}" if alias else "")
        if any(found[0] not in texts for found in _MARKER.finditer(request.sql)):
            return None
        return replace(
            request, sql=_substituted(request.sql, texts), occurrences=occurrences, locate=None
        )

    def _is_inlined(self, ref: InputRef) -> bool:
        return ref.relation in self.partitionings and self._is_view(ref.relation)

    def _placed(self, ref: InputRef, occurrences: dict[str, InputRef]) -> str:
        """A marker that is new in `occurrences`, where it stands for `ref` from now on."""
        marker = f"__sb_occurrence_{len(occurrences)}__"
        occurrences[marker] = ref
        return marker


def _number(marker: str) -> int:
    found = _MARKER.fullmatch(marker)
    return int(found[1]) if found else -1


def _substituted(sql: str, texts: Mapping[str, str]) -> str:
    return _MARKER.sub(lambda found: texts.get(found[0], found[0]), sql)
