"""Turns whatever goes wrong in a template into diagnostics in the user's own files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from jinja2 import TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.template.placed import BUILT_IN, PlacedTemplate, places
from sqlbackfill.template.sandbox import MacroReturn, Sandbox
from sqlbackfill.template.source_map import span_at
from sqlbackfill.template.undefined import UndefinedNameError

MACRO_PREFIX: Final = "macro__"
SECRET_PREFIX: Final = "DBT_ENV_SECRET"  # noqa: S105  (a name's prefix, as dbt has it)

_OFFSET: Final = re.compile(r" at \d+$")
_UNKNOWN: Final = re.compile(r"[Nn]o (filter|test) named '(\w+)'")


class TemplateFailure(Exception):  # noqa: N818  (always caught here and turned into a ProjectError)
    """Something that a template asked for and cannot have.

    `call` is the function and its first argument, by which the place within a tag is found.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        fix: str | None = None,
        notes: tuple[tuple[str, str], ...] = (),
        call: tuple[str, str | None] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix
        self.notes = notes
        self.call = call


class WarehouseRead(TemplateFailure):
    """The template asks the warehouse for something while it renders."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "NEEDS_WAREHOUSE",
            f"`{name}` reads the warehouse while the template renders, and no connection is open then",
            fix="write what it would have returned into the project, as a variable or a macro",
            call=(name, None),
        )


def near(name: object, candidates: Iterable[object]) -> list[str]:
    """Up to three of `candidates` that `name` may have been meant to be, the nearest first."""
    known = sorted({item for item in candidates if isinstance(item, str) and item[:1] != "_"})
    return get_close_matches(name, known, n=3, cutoff=0.6) if isinstance(name, str) else []


def did_you_mean(found: list[str]) -> str | None:
    """`did you mean …?` for near matches, None without any."""
    return f"did you mean {' or '.join(f'`{name}`' for name in found)}?" if found else None


class FailureReader:
    """Reads exceptions of one project: knows its names, for suggestions, and its secrets."""

    def __init__(
        self,
        env: Mapping[str, str],
        names: Callable[[], Iterable[str]],
        variables: Mapping[str, object],
        sandbox: Sandbox,
    ) -> None:
        self._filters = sandbox.filters
        self._tests = sandbox.tests
        self._secrets = sorted(
            (value for name, value in env.items() if name.startswith(SECRET_PREFIX) and value),
            key=len,
            reverse=True,
        )
        self._names = names
        self._variables = variables

    def syntax(self, error: TemplateSyntaxError, file: str, text: str) -> Diagnostic:
        """`error` of a template that does not compile; its lineno is one plus the offset."""
        message = (error.message or "it cannot be read").replace(MACRO_PREFIX, "")
        return self._clean(
            "JINJA_SYNTAX",
            f"jinja syntax error: {_lower(_OFFSET.sub('', message))}",
            span_at(file, text, error.lineno - 1, 1),
            self._syntax_fix(message),
        )

    def _syntax_fix(self, message: str) -> str:
        unknown = _UNKNOWN.search(message)
        if unknown is not None:
            known = self._filters if unknown[1] == "filter" else self._tests
            return (
                did_you_mean(near(unknown[2], known)) or f"use a {unknown[1]} that Jinja or dbt has"
            )
        if "end of template" in message or message.startswith("Missing end"):
            return "close every tag and block that is opened"
        return "correct the tag; `{% raw %}` keeps braces that are no Jinja"

    def failure(self, error: BaseException, root: PlacedTemplate) -> Diagnostic:
        """`error`, raised while `root` rendered, in the innermost of the user's files."""
        found = places(error.__traceback__)
        own = [place for place in found if not place[0].file.startswith(BUILT_IN)]
        template, offset = own[-1] if own else (root, 0)
        notes: tuple[tuple[str, str], ...] = ()
        outer = next((place for place in own if place[0] is root), None)
        if outer is not None and template is not root:
            span = root.tag_span(outer[1], inside=True)
            notes = (("called from", f"{span.file}:{span.line}:{span.column}"),)
        span = self._span(error, template, offset)
        return self._describe(error, span, notes)

    def project_error(self, error: BaseException, root: PlacedTemplate, model: str) -> ProjectError:
        """The same as an error that can be raised; one that is ours already stays."""
        if isinstance(error, ProjectError):
            return error
        return ProjectError(self.failure(error, root).for_model(model))

    def _describe(
        self, error: BaseException, span: SourceSpan, notes: tuple[tuple[str, str], ...]
    ) -> Diagnostic:
        text = str(error).replace(MACRO_PREFIX, "")
        match error:
            case TemplateFailure():
                notes = (*error.notes, *notes)
                return self._clean(error.code, error.message, span, error.fix, notes)
            case UndefinedNameError():
                message, fix = self._undefined(error, text)
                return self._clean("JINJA_UNDEFINED", message, span, fix, notes)
            case UndefinedError():
                return self._clean("JINJA_UNDEFINED", _lower(text), span, None, notes)
            case SecurityError():
                fix = "templates may use only public attributes of what they are given"
                return self._clean("JINJA_FORBIDDEN", _lower(text), span, fix, notes)
            case RecursionError():
                message = "the template never ends: its macros go on calling one another"
                fix = "give the macro a condition under which it does not call itself"
                return self._clean("JINJA_RECURSION", message, span, fix, notes)
            case MacroReturn():
                message, fix = "`return` outside a macro", "use `return` only inside a macro"
                return self._clean("JINJA_RUNTIME", message, span, fix, notes)
            case TypeError() if "no loader" in text:
                message = "`import`, `include` and `extends` have no files to read from here"
                fix = "call the macro by its name: all macros of the project can be seen everywhere"
                return self._clean("JINJA_RUNTIME", message, span, fix, notes)
            case _:
                kind = type(error).__name__
                message = (
                    f"the template fails: {kind}: {text}" if text else f"the template fails: {kind}"
                )
                return self._clean("JINJA_RUNTIME", message, span, None, notes)

    def _undefined(self, error: UndefinedNameError, text: str) -> tuple[str, str | None]:
        if error.is_variable:
            shown = {name: f"var('{name}')" for name in self._variables}
            shown |= {name: name for name in self._names()}
            found = [shown[name] for name in near(error.name, shown)]
            fix = did_you_mean(found) or "define it with `{% set … %}`, or read it with `var()`"
            return f"`{error.name}` is not defined", fix
        owner = error.owner
        members = owner.keys() if isinstance(owner, Mapping) else dir(owner)
        called = getattr(owner, "shown", None)
        where = f"`{called}`" if isinstance(called, str) else f"a {type(owner).__name__}"
        if not isinstance(error.name, str):
            return _lower(text), None
        return f"{where} has no `{error.name}`", did_you_mean(near(error.name, members))

    def _clean(
        self,
        code: str,
        message: str,
        span: SourceSpan,
        fix: str | None,
        notes: tuple[tuple[str, str], ...] = (),
    ) -> Diagnostic:
        for secret in self._secrets:
            message = message.replace(secret, "*****")
            fix = fix.replace(secret, "*****") if fix else fix
            notes = tuple((label, note.replace(secret, "*****")) for label, note in notes)
        return Diagnostic(code=code, message=message, span=span, fix=fix, notes=notes)

    def _span(self, error: BaseException, template: PlacedTemplate, offset: int) -> SourceSpan:
        tag = template.tag_at(offset)
        if tag is None:
            return template.span(offset)
        exact: tuple[int, int] | None = None
        if isinstance(error, UndefinedNameError) and isinstance(error.name, str):
            exact = _name_place(template, tag.begin, tag.end, error)
        elif isinstance(error, TemplateFailure) and error.call:
            exact = call_place(template, tag.begin, tag.end, *error.call)
        return template.span(*exact) if exact else template.tag_span(offset, inside=True)


def call_place(
    template: PlacedTemplate, begin: int, end: int, name: str, first: str | None
) -> tuple[int, int] | None:
    """Offset and length of a call of `name` between the offsets, its first argument being `first`."""
    for call in template.tree.find_all(nodes.Call):
        place = call.node.lineno - 1
        if not begin <= place < end or dotted(call.node) != name:
            continue
        arguments = [part.value for part in call.args if isinstance(part, nodes.Const)]
        if first is None or not call.args or first in map(str, arguments):
            start = leftmost(call.node) - 1
            return start, _call_length(template.source, start, end)
    return None


def dotted(node: nodes.Node) -> str | None:
    """`a.b.c` for the expression of that text, None for any other."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            owner = dotted(node.node)
            return f"{owner}.{node.attr}" if owner else None
        case _:
            return None


def leftmost(node: nodes.Node) -> int:
    """One plus the offset at which the expression begins."""
    while isinstance(node, nodes.Getattr):
        node = node.node
    return node.lineno


def _name_place(
    template: PlacedTemplate, begin: int, end: int, error: UndefinedNameError
) -> tuple[int, int] | None:
    name = str(error.name)
    if error.is_variable:
        for found in template.tree.find_all(nodes.Name):
            if found.name == name and begin <= found.lineno - 1 < end:
                return found.lineno - 1, len(name)
        return None
    for attribute in template.tree.find_all(nodes.Getattr):
        if attribute.attr == name and begin <= attribute.lineno - 1 < end:
            return attribute.lineno, len(name)
    return None


def _call_length(text: str, start: int, end: int) -> int:
    depth = 0
    for found in re.finditer(r"[()]|'[^']*'|\"[^\"]*\"", text[start:end]):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0] == ")" and depth == 0:
            return found.end()
    return 1


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")
