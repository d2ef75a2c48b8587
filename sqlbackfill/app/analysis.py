"""Turns a loaded project into a workspace: renders, resolves, orders and analyses every model."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import msgspec

from sqlbackfill import __version__
from sqlbackfill.app.cache import FactCache, digest
from sqlbackfill.app.covered_code import covered_code
from sqlbackfill.app.inlined_views import Inliner
from sqlbackfill.app.input_refs import input_refs
from sqlbackfill.app.loading import Loaded, load
from sqlbackfill.app.options import Options
from sqlbackfill.app.overrides import with_overrides
from sqlbackfill.app.partition_info import column_type, partition_info
from sqlbackfill.app.render_facts import RenderFacts, render_facts
from sqlbackfill.app.sources import SourceSchema, read_schemas
from sqlbackfill.app.template_inputs import ProjectLookup, first_input, template_input
from sqlbackfill.app.transpiling import typed_in
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.graph import Declared, DeclaredRef, Graph, build_graph
from sqlbackfill.project.model import Model, ModelFile, ModelKind
from sqlbackfill.project.resolve import resolve_model
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts
from sqlbackfill.template.types import Rendered


def open_workspace(options: Options) -> Workspace:
    """The project, read and analysed. Raises ProjectError with everything that is wrong in it."""
    return analyse_project(load(options))


def analyse_project(loaded: Loaded, known: Mapping[str, SourceSchema] | None = None) -> Workspace:
    """The workspace of `loaded`; facts come from the cache where nothing they depend on changed.

    `known` has the schemas of sources that are not looked at. Raises ProjectError with every error of every model at once.
    """
    with _without_garbage_collection():
        return _Analysis(loaded, known or {}).run()


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Parsing makes many objects and no garbage: collecting more than doubles its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    _count_as_old()
    try:
        yield
    finally:
        if was_enabled:
            _count_as_old()
            gc.enable()


def _count_as_old() -> None:
    """Spares all that is alive the next look for young garbage, which takes up to a tenth of a second."""
    gc.freeze()
    gc.unfreeze()


@dataclass
class _Analysis:
    loaded: Loaded
    known: Mapping[str, SourceSchema] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    rendered: dict[str, Rendered] = field(default_factory=dict)

    def run(self) -> Workspace:
        project = self.loaded.project
        directory = project.root / ".sqlbackfill" / "cache"
        render_cache = FactCache(directory, "renders")
        fact_cache = FactCache(directory, "facts")
        source_cache = FactCache(directory, "sources")
        view_cache = FactCache(directory, "views")
        self.warnings.extend(project.warnings)
        self.problems.extend(project.errors)
        renders = self._render_all(render_cache)
        models = self._resolve_all(renders)
        broken = {file.name for file in project.files} - models.keys() if self.problems else set()
        try:
            graph = build_graph(
                models.values(),
                {name: _declared(render, broken) for name, render in renders.items()},
                project.sources,
                project=project.name,
            )
        except ProjectError as error:
            # Where a yml file cannot be read, the sources that it declares are no mistake elsewhere.
            is_source_known = not project.errors
            self.problems.extend(
                d for d in error.diagnostics if is_source_known or d.code != "UNKNOWN_SOURCE"
            )
        self._add_syntax_errors()
        self._raise_problems()
        ordered = {name: models[name] for name in graph.order}
        lookup = ProjectLookup(self.loaded, ordered)
        schemas = read_schemas(
            (
                project.sources[name]
                for name, readers in sorted(graph.source_readers.items())
                if readers and name not in self.known
            ),
            project.root,
            self.loaded.adapter,
            source_cache,
        )
        schemas.update(self.known)
        facts, partitionings = self._analyse_all(
            ordered, graph, renders, lookup, schemas, fact_cache
        )
        self._raise_problems()
        inliner = Inliner(
            self.loaded, graph, ordered, renders, facts, partitionings, schemas, view_cache
        )
        inlined = inliner.run()
        for cache in (render_cache, fact_cache, source_cache, view_cache):
            cache.save()
        return Workspace(
            loaded=self.loaded,
            graph=graph,
            models=ordered,
            renders=renders,
            facts=facts,
            partitionings=partitionings,
            schemas=schemas,
            inlined=inlined,
            warnings=tuple(self.warnings),
        )

    def _raise_problems(self) -> None:
        if self.problems:
            raise ProjectError(*self.problems)

    def _add_syntax_errors(self) -> None:
        """Where the project is refused anyway, says too which models' SQL does not parse."""
        if not self.problems:
            return
        from sqlbackfill.query.analyse import analyse

        for file in self.loaded.project.files:
            if file.kind is not ModelKind.SQL:
                continue
            try:
                rendered = self.loaded.templates.analyse(first_input(self.loaded, file))
            except ProjectError:
                continue
            request = AnalysisRequest(
                model=file.name,
                sql=rendered.sql,
                dialect=self.loaded.dialect,
                locate=rendered.source_map.locate,
            )
            errors = analyse(request).errors
            self.problems.extend(d for d in errors if d.code.startswith("SQL_"))

    def _render_all(self, cache: FactCache) -> dict[str, RenderFacts]:
        renders: dict[str, RenderFacts] = {}
        for file in self.loaded.project.files:
            if file.kind is not ModelKind.SQL:
                continue
            key = self.loaded.render_key and digest(
                self.loaded.render_key, file.name, file.file, file.sql, _layers_key(file)
            )
            try:
                renders[file.name] = cache.get(key, RenderFacts, partial(self._render, file))
            except ProjectError as error:
                self.problems.extend(d.for_model(file.name) for d in error.diagnostics)
        return renders

    def _render(self, file: ModelFile) -> RenderFacts:
        rendered = self.loaded.templates.analyse(first_input(self.loaded, file))
        self.rendered[file.name] = rendered
        return render_facts(rendered)

    def _resolve_all(self, renders: Mapping[str, RenderFacts]) -> dict[str, Model]:
        models: dict[str, Model] = {}
        for file in self.loaded.project.files:
            render = renders.get(file.name)
            if render is None and file.kind is ModelKind.SQL:
                continue
            try:
                model = resolve_model(
                    self.loaded.project,
                    file,
                    render.config if render else {},
                    render.config_spans if render else {},
                    self.loaded.target,
                )
            except ProjectError as error:
                self.problems.extend(error.diagnostics)
                continue
            if model.config.enabled:
                models[file.name] = model
                self.warnings.extend(model.warnings)
                self.warnings.extend(render.warnings if render else ())
        return models

    def _analyse_all(
        self,
        models: Mapping[str, Model],
        graph: Graph,
        renders: Mapping[str, RenderFacts],
        lookup: ProjectLookup,
        schemas: Mapping[str, SourceSchema],
        cache: FactCache,
    ) -> tuple[dict[str, QueryFacts], dict[str, AnyPartitioning]]:
        facts: dict[str, QueryFacts] = {}
        partitionings: dict[str, AnyPartitioning] = {}
        keys: dict[str, str | None] = {}
        for name, model in models.items():
            if model.kind is not ModelKind.SQL or renders[name].needs_warehouse is not None:
                continue
            inputs = input_refs(self.loaded, models, model, renders, facts, partitionings, schemas)
            inlined = [keys.get(ref) or "" for ref in graph.refs[name]]
            keys[name] = self.loaded.render_key and digest(
                self.loaded.render_key,
                __version__,
                model.sql,
                repr(model.config.values),
                repr(model.config.sqlbackfill.read),
                msgspec.json.encode(inputs),
                *inlined,
            )
            try:
                facts[name] = cache.get(
                    keys[name],
                    QueryFacts,
                    partial(self._analyse, model, lookup, inputs),
                )
            except ProjectError as error:
                self.problems.extend(d.for_model(name) for d in error.diagnostics)
                continue
            for one in facts[name].errors:
                # What is declared of a table is wrong once, however many models read it.
                found = one if one.code == "RELATION_INVALID" else one.for_model(name)
                if found not in self.problems:
                    self.problems.append(found)
            self.warnings.extend(d.for_model(name) for d in facts[name].warnings)
            self._partition(model, facts[name], partitionings)
        return facts, partitionings

    def facts_of(
        self, model: Model, lookup: ProjectLookup, inputs: Mapping[str, InputRef]
    ) -> QueryFacts:
        """What the query stage says of one model. Raises ProjectError."""
        return self._analyse(model, lookup, inputs)

    def _partition(
        self, model: Model, facts: QueryFacts, partitionings: dict[str, AnyPartitioning]
    ) -> None:
        if model.config.materialized is Materialization.EPHEMERAL:
            return
        if model.config.refusal is not None:
            return
        try:
            partitionings[model.name] = (
                model.partitioning(column_type(model, facts)) or WholePartitioning()
            )
        except ProjectError as error:
            self.problems.extend(d.for_model(model.name) for d in error.diagnostics)

    def _analyse(
        self, model: Model, lookup: ProjectLookup, inputs: Mapping[str, InputRef]
    ) -> QueryFacts:
        from sqlbackfill.query.analyse import analyse

        rendered = self.rendered.get(model.name)
        if rendered is None or lookup.reads_ephemeral(rendered.refs):
            rendered = self.loaded.templates.analyse(template_input(self.loaded, model), lookup)
        request = analysis_request(self.loaded, model, inputs, rendered)
        facts = with_overrides(analyse(request), model, request.partition, inputs, rendered)
        gc.collect(0)  # the syntax trees, while they are few: all at once would take longer
        if facts.author_bounds_hold is not False or self.loaded.adapter.name != "duckdb":
            return facts
        try:
            partitioning = model.partitioning(column_type(model, facts))
        except ProjectError:  # it is reported where the model's partitions are needed
            return facts
        if partitioning is None:
            return facts
        # Here, as above: with every model's facts cached, sqlglot is not loaded at all.
        from sqlbackfill.app.lifting import with_lifting

        return with_lifting(facts, request, rendered, partitioning)


def analyse_model(
    loaded: Loaded, model: Model, lookup: ProjectLookup, inputs: Mapping[str, InputRef]
) -> QueryFacts:
    """The facts of one model as `loaded` renders it, by nothing that was kept. Raises ProjectError."""
    return _Analysis(loaded).facts_of(model, lookup, inputs)


def analysis_request(
    loaded: Loaded, model: Model, inputs: Mapping[str, InputRef], rendered: Rendered
) -> AnalysisRequest:
    """What the query stage is asked about `model`; `inputs` are keyed by occurrence target."""
    dialect = model.dialect or loaded.dialect
    by_marker = {
        f"__sb_occurrence_{occurrence.index}__": _with_filter(
            typed_in(dialect, inputs[occurrence.target]), is_filtered=occurrence.filtered
        )
        for occurrence in rendered.occurrences
        if occurrence.target in inputs
    }
    return AnalysisRequest(
        model=model.name,
        sql=rendered.sql,
        dialect=dialect,
        locate=rendered.source_map.locate,
        occurrences=by_marker,
        partition=partition_info(model),
        bounds_in_control_flow=rendered.bounds_in_control_flow
        or rendered.bounds_as_value
        or rendered.bounds.key
        or rendered.relations_as_value,
        looked_at=rendered.bounds.place,
        covered=covered_code(loaded, model, rendered),
    )


def _with_filter(ref: InputRef, *, is_filtered: bool) -> InputRef:
    return ref if is_filtered else replace(ref, filtered=False)


def _layers_key(file: ModelFile) -> str:
    layers = [*file.tree_config, *((file.yml_config,) if file.yml_config else ())]
    return repr([sorted(layer.values.items(), key=str) for layer in layers])


def _declared(render: RenderFacts, broken: Collection[str] = ()) -> Declared:
    """What the template declared, without refs of models that are in error themselves."""
    return Declared(
        refs=tuple(
            DeclaredRef(ref.name, ref.span) for ref in render.refs if ref.name not in broken
        ),
        sources=tuple(DeclaredRef(source.name, source.span) for source in render.sources),
    )
