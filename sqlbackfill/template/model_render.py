"""One render of one model: the names that it sees and the text that comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from jinja2.runtime import Macro

from sqlbackfill.template.config_call import ConfigCall
from sqlbackfill.template.engine import Engine
from sqlbackfill.template.failures import MACRO_PREFIX, TemplateFailure
from sqlbackfill.template.functions import Modules
from sqlbackfill.template.macro_library import ProjectMacro
from sqlbackfill.template.occurrences import Occurrences
from sqlbackfill.template.partition import RunPartition, SymbolicPartition
from sqlbackfill.template.placed import PlacedTemplate
from sqlbackfill.template.render_names import (
    AdapterNames,
    ExceptionNames,
    PartitionFilter,
    RefNames,
    SeenNames,
    unavailable_names,
)
from sqlbackfill.template.sandbox import MacroReturn, RenderContext, takes_markers
from sqlbackfill.template.symbolic import is_symbolic
from sqlbackfill.template.trace import Trace
from sqlbackfill.template.types import TemplateInput
from sqlbackfill.template.variables import Variables


class ModelRender:
    """Shares `trace` with the render that inlines it, if one does."""

    def __init__(
        self, engine: Engine, model: TemplateInput, trace: Trace, *, filtered: bool = True
    ) -> None:
        self.engine = engine
        self.model = model
        self.trace = trace
        self.filtered = filtered
        self.package = model.package or engine.settings.project
        self.place = 0
        self._modules: dict[str, RenderContext] = {}
        self._parents: dict[str, dict[str, Any]] = {}

    @property
    def is_symbolic(self) -> bool:
        return self.trace.uses is not None

    def pieces(self, template: PlacedTemplate) -> tuple[list[str], list[int]]:
        """The rendered text piece by piece, and the offset in the file that each came from."""
        texts: list[str] = []
        places: list[int] = []
        context = self._context(template, self.package)
        try:
            for text in template.root_render_func(context):
                if text:
                    texts.append(text)
                    places.append(self.place)
        finally:
            self._untie()
        return texts, places

    def macro(self, wanted: ProjectMacro) -> Macro:
        """The Jinja macro behind `wanted`, bound to the names of this render."""
        self.trace.macros[wanted] = None
        module = self._modules.get(wanted.source.file)
        if module is None:
            template = self.engine.library.template(wanted.source)
            module = self._context(template, template.package)
            self._modules[wanted.source.file] = module
            for _ in template.root_render_func(module):
                pass
        found = module.vars.get(MACRO_PREFIX + wanted.name)
        if not isinstance(found, Macro):
            raise TemplateFailure(
                "UNKNOWN_MACRO", f"`{wanted.source.file}` defines no `{wanted.name}`"
            )
        return found

    def call(self, name: str, *args: object) -> str:
        """What the macro of that name, the project's or the built-in one, prints for `args`."""
        try:
            return str(self.macro(self.engine.library.visible[name])(*args)).strip()
        except MacroReturn as returned:
            return str(returned.value)

    def name(self, name: str) -> Any:
        """What `name` stands for in the model's own file. Raises KeyError."""
        return self.engine.names(self._own, self.package)[name]

    def _context(self, template: PlacedTemplate, package: str) -> RenderContext:
        parent = self._parents.get(package)
        if parent is None:
            parent = self.engine.names(self._own, package)
            self._parents[package] = parent
        context = RenderContext(self.engine.sandbox, parent, template.name, template.blocks)
        context.render, context.package = self, package
        return context

    @cached_property
    def _own(self) -> Mapping[str, Any]:
        trace, model, engine = self.trace, self.model, self.engine
        occurrences = Occurrences(self)
        refs = RefNames(self, occurrences)
        config = ConfigCall({} if trace.is_inlining else trace.config, model.config)
        partition: SymbolicPartition | RunPartition
        if trace.uses is not None:
            partition = SymbolicPartition(model.partition, trace.uses)
        else:
            partition = RunPartition(model.name, model.partition, trace.window)
        windows: dict[str, Callable[[], object]] = {
            name: (lambda end=end: getattr(partition, end))  # type: ignore[misc]  # bound per name
            for name, end in model.window_vars.items()
        }
        return {
            "ref": refs.ref,
            "source": refs.source,
            "this": refs.this(),
            "config": config,
            "builtins": {"ref": refs.ref, "source": refs.source, "config": config},
            "var": Variables(engine.settings.vars, engine.settings.package_vars, windows),
            "partition": partition,
            "partition_filter": PartitionFilter(self, partition),
            "execute": trace.executes,
            "model": self._described(),
            "modules": Modules(self._now),
            "log": self._log,
            "print": self._log,
            "exceptions": ExceptionNames(trace),
            "adapter": AdapterNames(self),
            "context": SeenNames(self),
            **unavailable_names(is_silent=not trace.executes),
        }

    def _untie(self) -> None:
        """Cuts the circles of names, macros and contexts: thousands of renders would else wait for
        the garbage collector, which takes longer than a render does.
        """
        for module in self._modules.values():
            module.vars.clear()
        self._modules.clear()
        self._parents.clear()
        self.__dict__.pop("_own", None)

    def _described(self) -> dict[str, object]:
        model, relation = self.model, self.model.relation
        return {
            "name": model.name,
            "alias": relation.identifier if relation else model.name,
            "database": getattr(relation, "database", None),
            "schema": getattr(relation, "schema", None),
            "config": dict(model.config),
            "batch": None,
            "resource_type": "model",
            "package_name": self.package,
            "original_file_path": model.file,
            "path": model.file,
            "unique_id": f"model.{self.package}.{model.name}",
        }

    def _now(self) -> Any:
        self.trace.volatile = True
        return self.engine.settings.run_started_at

    @takes_markers
    def _log(self, message: Any = "", info: bool = False) -> str:  # noqa: ARG002  (dbt has it)
        uses = self.trace.uses
        if type(message) is not str and is_symbolic(message) and not isinstance(message, str):
            message = message.sample
        text = str(message)
        self.trace.messages.append(uses.concrete(text) if uses else text)
        return ""
