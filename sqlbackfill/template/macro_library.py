"""The macros of the project, of its packages and of the tool: found by name, compiled when used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes, pass_context

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.template.failures import (
    MACRO_PREFIX,
    FailureReader,
    TemplateFailure,
    did_you_mean,
    near,
)
from sqlbackfill.template.placed import BUILT_IN, PlacedTemplate
from sqlbackfill.template.sandbox import MacroReturn, RenderContext, Sandbox
from sqlbackfill.template.source_map import normal_text, span_at
from sqlbackfill.template.types import MacroText

OWN_PACKAGE: Final = "(built in)"
_DEFINITION: Final = re.compile(r"\{%[-+]?\s*macro\s+([A-Za-z_]\w*)")
_ENDING: Final = re.compile(r"\{%[-+]?\s*endmacro\s*[-+]?%\}")


@dataclass(frozen=True, slots=True)
class BuiltInFile:
    """A macro file that comes with the tool."""

    file: str
    text: str
    package: str = OWN_PACKAGE


def built_in_files() -> tuple[BuiltInFile, ...]:
    """The macro files in template/macros, by name."""
    folder = files("sqlbackfill.template") / "macros"
    found = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir())
    return tuple(
        BuiltInFile(BUILT_IN + name, text) for name, text in found if name.endswith(".sql")
    )


class ProjectMacro:
    """A macro by its name; what a template holds when it names one."""

    takes_markers = True

    def __init__(self, name: str, source: MacroText, offset: int) -> None:
        self.name = name
        self.source = source
        self.offset = offset
        self.shown = name

    @property
    def digest(self) -> str:
        """Changes when the macro's own text does."""
        text = normal_text(self.source.text)
        ending = _ENDING.search(text, self.offset)
        own = text[self.offset : ending.end() if ending else None]
        return hashlib.sha256(own.encode()).hexdigest()[:16]

    @pass_context
    def __call__(self, context: RenderContext, *args: Any, **kwargs: Any) -> Any:
        macro = context.render.macro(self)
        try:
            return macro(*args, **kwargs)
        except MacroReturn as returned:
            return returned.value


class MacroPackage:
    """The macros of one package, as `package.macro`."""

    def __init__(self, name: str, macros: Mapping[str, ProjectMacro]) -> None:
        self.shown = name
        self._macros = macros

    def __getattr__(self, name: str) -> ProjectMacro:
        try:
            return self._macros[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> Iterable[str]:
        return self._macros


class MacroLibrary:
    """Every macro by package and name.

    Raises ProjectError with all that is wrong in the project's own macro files. Files of packages
    are searched for names only, and read when one of their macros is called.
    """

    def __init__(
        self, sandbox: Sandbox, project: str, sources: Iterable[MacroText], reader: FailureReader
    ) -> None:
        self._sandbox = sandbox
        self._reader = reader
        self._templates: dict[tuple[str, str], PlacedTemplate] = {}
        self.project = project
        self.packages: dict[str, dict[str, ProjectMacro]] = {OWN_PACKAGE: {}, project: {}}
        findings: list[Diagnostic] = []
        for source in (*built_in_files(), *sources):
            macros = self.packages.setdefault(source.package, {})
            findings += self._add(source, macros)
        if findings:
            raise ProjectError(*findings)
        self.visible: Mapping[str, ProjectMacro] = (
            self.packages[OWN_PACKAGE] | self.packages[project]
        )
        self.namespaces = {
            name: MacroPackage(name, macros)
            for name, macros in {"sqlbackfill": self.packages[OWN_PACKAGE], **self.packages}.items()
        }

    def seen_from(self, package: str) -> Mapping[str, ProjectMacro]:
        """The macros that need no package in front of their name in files of `package`."""
        if package in {self.project, OWN_PACKAGE}:
            return self.visible
        return {**self.visible, **self.packages.get(package, {})}

    def template(self, source: MacroText) -> PlacedTemplate:
        """The compiled macro file. Raises ProjectError if Jinja cannot read it."""
        key = (source.file, source.text)
        found = self._templates.get(key)
        if found is None:
            try:
                tree = self._sandbox.parse(source.text, source.file, source.file)
                for macro in tree.find_all(nodes.Macro):
                    macro.name = MACRO_PREFIX + macro.name
                found = PlacedTemplate.compile(
                    self._sandbox, tree, file=source.file, text=source.text, package=source.package
                )
            except TemplateSyntaxError as error:
                text = normal_text(source.text)
                raise ProjectError(self._reader.syntax(error, source.file, text)) from error
            self._templates[key] = found
        return found

    def dispatch(
        self, name: str, searched: Iterable[str | None], prefixes: Iterable[str]
    ) -> ProjectMacro:
        """The first macro `prefix__name` in the packages, None being what every model sees."""
        tried = []
        for package in searched:
            macros = self.visible if package is None else self.packages.get(package, {})
            for prefix in prefixes:
                found = macros.get(f"{prefix}__{name}")
                if found is not None:
                    return found
                tried.append(f"{package}.{prefix}__{name}" if package else f"{prefix}__{name}")
        known = {found.split("__", 1)[-1] for found in self.visible if "__" in found}
        raise TemplateFailure(
            "UNKNOWN_MACRO",
            f"no macro to dispatch `{name}` to",
            fix=did_you_mean(near(name, known)) or f"define the macro `default__{name}`",
            notes=(("tried", ", ".join(tried)),),
            call=("adapter.dispatch", name),
        )

    def _add(self, source: MacroText, macros: dict[str, ProjectMacro]) -> Iterator[Diagnostic]:
        text = normal_text(source.text)
        if source.package == self.project:
            try:
                tree = self._sandbox.parse(source.text, source.file, source.file)
            except TemplateSyntaxError as error:
                yield self._reader.syntax(error, source.file, text)
                return
            defined = [(macro.name, macro.lineno - 1) for macro in tree.find_all(nodes.Macro)]
        else:
            defined = [(found[1], found.start()) for found in _DEFINITION.finditer(text)]
        for name, offset in defined:
            first = macros.setdefault(name, ProjectMacro(name, source, offset))
            again = first.offset != offset or first.source is not source
            if again and source.package == self.project:
                yield _duplicate(first, source, offset)


def _duplicate(first: ProjectMacro, source: MacroText, offset: int) -> Diagnostic:
    text, own = normal_text(first.source.text), normal_text(source.text)
    line = text.count("\n", 0, first.offset) + 1
    return Diagnostic(
        code="DUPLICATE_MACRO",
        message=f"the macro `{first.name}` is defined twice",
        span=span_at(
            source.file, own, own.find(first.name, offset + len("macro")), len(first.name)
        ),
        fix="rename one of them, or take it away",
        notes=(("first defined", f"{first.source.file}:{line}"),),
    )
