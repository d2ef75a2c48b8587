"""What all renders of a project share: the sandbox, the macros, and compiled models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from jinja2 import TemplateSyntaxError

from sqlbackfill.errors import ProjectError
from sqlbackfill.template.failures import FailureReader
from sqlbackfill.template.functions import FUNCTIONS, MODEL_FILTERS, shown_target
from sqlbackfill.template.macro_library import OWN_PACKAGE, MacroLibrary
from sqlbackfill.template.placed import PlacedTemplate
from sqlbackfill.template.relations import Quoting
from sqlbackfill.template.sandbox import Sandbox, Watched
from sqlbackfill.template.source_map import normal_text
from sqlbackfill.template.types import MacroText, TemplateInput, TemplateSettings
from sqlbackfill.template.variables import env_var_of
from sqlbackfill.warehouse.protocol import Relation

MODEL_NAMES: Final = frozenset(
    {
        "adapter", "builtins", "config", "context", "exceptions", "execute", "log", "model", "modules",
        "partition", "partition_filter", "print", "ref", "source", "this", "var",
    }
)  # fmt: skip


class Engine:
    """Raises ProjectError with everything wrong in the project's macro files."""

    def __init__(
        self, settings: TemplateSettings, macros: Iterable[MacroText], quoting: Quoting
    ) -> None:
        self.settings = settings
        self.quoting = quoting
        self.sandbox = Sandbox(MODEL_FILTERS)
        self.reader = FailureReader(settings.env, self._known_names, settings.vars, self.sandbox)
        self.target = shown_target(settings.target)
        self._static = self._static_names()
        self.library = MacroLibrary(self.sandbox, settings.project, macros, self.reader)
        self._static |= self.library.namespaces
        self._overrides = {n: _giving(value) for n, value in settings.overrides.items()}
        self._models: dict[tuple[str, str], PlacedTemplate] = {}

    def template(self, model: TemplateInput) -> PlacedTemplate:
        """The compiled model. Raises ProjectError if Jinja cannot read it."""
        key = (model.file, model.sql)
        found = self._models.get(key)
        if found is None:
            try:
                found = PlacedTemplate.compile(
                    self.sandbox,
                    model.sql,
                    file=model.file,
                    text=model.sql,
                    package=model.package or self.settings.project,
                )
            except TemplateSyntaxError as error:
                diagnostic = self.reader.syntax(error, model.file, normal_text(model.sql))
                raise ProjectError(diagnostic.for_model(model.name)) from error
            self._models[key] = found
        return found

    def names(self, own: Mapping[str, object], package: str) -> dict[str, Any]:
        """All names that a template of `package` sees; `own` are those of its render."""
        return {**self._static, **own, **self.library.seen_from(package), **self._overrides}

    def fallback(self, name: str) -> Relation:
        """The relation that `name` would have if nothing were configured."""
        target = self.target
        return Relation(str(target.get("database") or ""), str(target.get("schema") or ""), name)

    def is_overridden(self, macro: str) -> bool:
        """Whether the project has its own macro in place of a built-in one."""
        return self.library.visible[macro].source.package != OWN_PACKAGE

    def _static_names(self) -> dict[str, Any]:
        settings = self.settings
        return {
            **self.sandbox.globals,
            **FUNCTIONS,
            "env_var": env_var_of(settings.env, allow_secrets=False),
            "target": self.target,
            "schema": self.target.get("schema"),
            "database": self.target.get("database"),
            "project_name": settings.project,
            "run_started_at": Watched(settings.run_started_at),
            "invocation_id": Watched(settings.invocation_id),
        }

    def _known_names(self) -> Iterator[str]:
        yield from MODEL_NAMES
        yield from self._static
        yield from self.library.visible


def _giving(value: object) -> Callable[..., object]:
    """What stands for a macro whose value a test sets."""

    def give(*_args: object, **_kwargs: object) -> object:
        return value

    return give
