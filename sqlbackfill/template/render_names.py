"""The names of dbt's context that belong to one render: ref, source, this, adapter, exceptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jinja2 import pass_context

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.template.failures import TemplateFailure, call_place, did_you_mean, near
from sqlbackfill.template.functions import Unavailable
from sqlbackfill.template.macro_library import ProjectMacro
from sqlbackfill.template.occurrences import Occurrences
from sqlbackfill.template.partition import RunPartition, SymbolicPartition, no_partition
from sqlbackfill.template.relations import OccurringRelation, range_values
from sqlbackfill.template.sandbox import RenderContext
from sqlbackfill.template.symbolic import join_text
from sqlbackfill.template.trace import Trace
from sqlbackfill.template.types import RefCall, SourceCall

if TYPE_CHECKING:
    from sqlbackfill.errors import SourceSpan
    from sqlbackfill.template.model_render import ModelRender

_NEED_WAREHOUSE: Final = (
    "run_query", "statement", "load_result", "load_relation", "load_agate_table", "graph", "api",
)  # fmt: skip


def unavailable_names(*, is_silent: bool) -> dict[str, Unavailable]:
    """Names of dbt's that need a connection."""
    return {name: Unavailable(name, is_silent=is_silent) for name in _NEED_WAREHOUSE}


class RefNames:
    """`ref`, `source` and `this`."""

    def __init__(self, render: ModelRender, occurrences: Occurrences) -> None:
        self._render = render
        self._occurrences = occurrences

    def ref(self, *names: str, v: Any = None, version: Any = None) -> OccurringRelation:
        """`ref(model)` or `ref(package, model)`."""
        if not 1 <= len(names) <= 2 or not all(isinstance(name, str) for name in names):
            raise TemplateFailure(
                "INVALID_REF",
                f"`ref` takes the name of a model, or a package and a name, not {_shown(names)}",
                fix="write ref('model')",
                call=("ref", None),
            )
        asked = v if v is not None else version
        name = names[-1] if asked is None else f"{names[-1]}.v{asked}"
        package = names[0] if len(names) > 1 else None
        trace = self._render.trace
        if trace.uses is not None and not trace.is_inlining:
            span = self._call_span("ref", names[-1])
            trace.refs.append(RefCall(name=name, package=package, span=span))
        known = trace.lookup.ref(name, package) if trace.lookup else None
        return self._relation(f"ref:{name}", name, known)

    def source(self, *names: str) -> OccurringRelation:
        """`source(source, table)`."""
        if len(names) != 2 or not all(isinstance(name, str) for name in names):
            raise TemplateFailure(
                "INVALID_REF",
                f"`source` takes the names of a source and of its table, not {_shown(names)}",
                fix="write source('source', 'table')",
                call=("source", None),
            )
        name = ".".join(names)
        trace = self._render.trace
        if trace.uses is not None and not trace.is_inlining:
            trace.sources.append(SourceCall(name=name, span=self._call_span("source", names[1])))
        known = trace.lookup.source(*names) if trace.lookup else None
        return self._relation(f"source:{name}", names[1], known)

    def this(self) -> OccurringRelation:
        """The model's own table."""
        model = self._render.model
        return self._relation("this", model.name, model.stand_in or model.relation)

    def _relation(self, target: str, name: str, known: Any) -> OccurringRelation:
        return OccurringRelation(
            printer=self._occurrences,
            target=target,
            stands_for=known,
            fallback=self._render.engine.fallback(name),
            filtered=self._render.filtered,
        )

    def _call_span(self, function: str, argument: str) -> SourceSpan:
        root = self._render.trace.root
        offset = self._render.trace.offset()
        tag = root.tag_at(offset)
        exact = call_place(root, tag.begin, tag.end, function, argument) if tag else None
        return root.span(*exact) if exact else root.tag_span(offset, inside=True)


class PartitionFilter:
    """`partition_filter(column[, type])`: the condition for the rows of the partitions at hand."""

    takes_markers = True

    def __init__(self, render: ModelRender, partition: SymbolicPartition | RunPartition) -> None:
        self._render = render
        self._partition = partition

    def __call__(self, column: Any, type: str | None = None) -> str:  # noqa: A002  (users write it)
        kind = _bound_type(type) if type is not None else None
        trace = self._render.trace
        trace.filters_itself = True
        if isinstance(self._partition, SymbolicPartition):
            start, end = str(self._partition.start), str(self._partition.end)
            return join_text(
                ["(", str(column), " >= '", start, "' and ", str(column), " < '", end, "')"]
            )
        if trace.window is None:
            raise no_partition(self._render.model.name, "partition_filter")
        values = range_values(trace.window)
        if values == (None, None):
            return "(TRUE)"
        shown = (kind or trace.window.type).value
        return f"({self._render.call('partition_predicate', str(column), shown, *values)})"


class AdapterNames:
    """`adapter`: what needs no connection; the rest fails when it is called."""

    shown: Final = "adapter"

    def __init__(self, render: ModelRender) -> None:
        self._render = render

    @pass_context
    def dispatch(
        self, context: RenderContext, macro_name: str, macro_namespace: str | None = None
    ) -> ProjectMacro:
        """The macro of that name for this target: `<type>__name` before `default__name`."""
        engine = self._render.engine
        kind = str(engine.target.get("type") or "")
        searched: Iterable[str | None]
        if macro_namespace is None:
            searched = (
                [None] if context.package == engine.library.project else [None, context.package]
            )
        else:
            default = (engine.library.project, macro_namespace)
            searched = engine.settings.dispatch.get(macro_namespace, default)
        prefixes = [kind, "default"] if kind else ["default"]
        return engine.library.dispatch(macro_name, searched, prefixes)

    def quote(self, identifier: str) -> str:
        """The identifier as the target quotes it."""
        return self._render.engine.quoting.name(identifier)

    def type(self) -> str:
        """The target's type."""
        return str(self._render.engine.target.get("type") or "")

    def __getattr__(self, name: str) -> Unavailable:
        if name.startswith("_"):
            raise AttributeError(name)
        return Unavailable(f"adapter.{name}", is_silent=not self._render.trace.executes)


class ExceptionNames:
    """`exceptions`: what an author calls to stop or to warn."""

    shown: Final = "exceptions"

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def raise_compiler_error(self, message: Any = "", node: Any = None) -> NoReturn:  # noqa: ARG002
        raise TemplateFailure(
            "RAISED_BY_TEMPLATE",
            str(message) or "the template raised an error without a message",
            call=("exceptions.raise_compiler_error", None),
        )

    def raise_not_implemented(self, message: Any = "") -> NoReturn:
        self.raise_compiler_error(message)

    def warn(self, message: Any = "", node: Any = None) -> str:  # noqa: ARG002  (dbt has it)
        self._trace.warn(str(message))
        return ""


class SeenNames:
    """`context`: every name that the render sees, by subscript."""

    shown: Final = "context"

    def __init__(self, render: ModelRender) -> None:
        self._render = render

    @pass_context
    def get(self, context: RenderContext, name: str, default: Any = None) -> Any:
        return context.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self._render.name(name)


def _bound_type(text: str) -> BoundType:
    try:
        return BoundType(str(text).lower())
    except ValueError:
        known = [kind.value for kind in BoundType]
        raise TemplateFailure(
            "INVALID_BOUND_TYPE",
            f"`{text}` is no type of a partition column",
            fix=did_you_mean(near(str(text).lower(), known)) or f"use one of {', '.join(known)}",
            call=("partition_filter", None),
        ) from None


def _shown(names: tuple[object, ...]) -> str:
    return f"({', '.join(map(repr, names))})"
