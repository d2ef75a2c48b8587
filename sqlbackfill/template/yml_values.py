"""Jinja in yml: a string becomes the Python value that it stands for, by dbt's rules."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import TemplateSyntaxError, Undefined, nodes

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.template.failures import FailureReader
from sqlbackfill.template.functions import FUNCTIONS, YML_FILTERS, shown_target
from sqlbackfill.template.placed import PlacedTemplate
from sqlbackfill.template.sandbox import RenderContext, Sandbox
from sqlbackfill.template.source_map import normal_text
from sqlbackfill.template.types import TemplateSettings
from sqlbackfill.template.variables import Variables, env_var_of

_RESULT: Final = "value"
_TAGS: Final = ("{{", "{%", "{#")


class YmlValues:
    """Evaluates strings with what yml files may use: env_var, var, target and plain functions."""

    def __init__(self, settings: TemplateSettings) -> None:
        self._sandbox = Sandbox(YML_FILTERS)
        self._names: dict[str, Any] = {
            **self._sandbox.globals,
            **FUNCTIONS,
            "env_var": env_var_of(settings.env, allow_secrets=True),
            "var": Variables(settings.vars, settings.package_vars, {}),
            "target": shown_target(settings.target),
            "project_name": settings.project,
        }
        self._project = settings.project
        self._reader = FailureReader(settings.env, self._names.keys, settings.vars, self._sandbox)

    def value(self, text: str, span: SourceSpan) -> object:
        """What `text` stands for: text without Jinja as it is, a lone `{{ … }}` as its own value.

        Anything else is text; `as_bool`, `as_number` and `as_native` turn text into values. Raises
        ProjectError placed by `span`, where the text begins in its file.
        """
        if not any(tag in text for tag in _TAGS):
            return text
        try:
            template, is_value = self._compile(text, span.file)
        except TemplateSyntaxError as error:
            found = self._reader.syntax(error, span.file, normal_text(text))
            raise ProjectError(_placed(found, span)) from error
        try:
            return self._evaluate(template, is_value=is_value)
        except Exception as error:  # templates may fail in any way that Python can
            found = self._reader.failure(error, template)
            raise ProjectError(_placed(found, span)) from error

    def _compile(self, text: str, file: str) -> tuple[PlacedTemplate, bool]:
        tree = self._sandbox.parse(text, file, file)
        lone = _lone_expression(tree)
        if lone is not None:
            name = nodes.Name(_RESULT, "store", lineno=lone.lineno)
            assignment = nodes.Assign(name, lone, lineno=lone.lineno)
            tree = nodes.Template([assignment], lineno=1)
            tree.set_environment(self._sandbox)
        package = self._project
        template = PlacedTemplate.compile(
            self._sandbox, tree, file=file, text=text, package=package
        )
        return template, lone is not None

    def _evaluate(self, template: PlacedTemplate, *, is_value: bool) -> object:
        context = RenderContext(self._sandbox, self._names, template.name, template.blocks)
        context.render = SimpleNamespace(is_symbolic=False, place=0)
        context.package = self._project
        text = "".join(template.root_render_func(context))
        if not is_value:
            return text
        value = context.vars[_RESULT]
        if isinstance(value, Undefined):
            str(value)
        return dict(value) if isinstance(value, Mapping) else value


def _lone_expression(tree: nodes.Template) -> nodes.Expr | None:
    match tree.body:
        case [nodes.Output(nodes=[only])] if not isinstance(only, nodes.TemplateData):
            return only
        case _:
            return None


def _placed(found: Diagnostic, start: SourceSpan) -> Diagnostic:
    inner = found.span
    if inner is None:
        return replace(found, span=start)
    on_first = inner.line == 1
    span = SourceSpan(
        file=start.file,
        line=start.line + inner.line - 1,
        column=start.column + inner.column - 1 if on_first else inner.column,
        length=inner.length,
    )
    return replace(found, span=span)
