"""The Jinja environment that templates run in: sandboxed, strict, and watchful of symbolic values.

Unlike Jinja's immutable sandbox it lets templates append to their own lists, which most dbt projects
do; whatever outlives a render is therefore handed to templates as a copy or read-only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn, cast

from jinja2 import nodes, pass_eval_context
from jinja2.ext import Extension
from jinja2.filters import make_attrgetter
from jinja2.lexer import Lexer
from jinja2.nodes import EvalContext
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace

from sqlbackfill.template.placed import OffsetLexer, PieceGenerator
from sqlbackfill.template.symbolic import (
    MarkedText,
    concrete,
    concrete_within,
    holds_symbolic,
    is_symbolic,
    join_text,
    marked_like,
    plain,
)
from sqlbackfill.template.undefined import NamedUndefined

_UNPREDICTABLE: Final = ("random",)
_TAKES_MARKERS: Final = frozenset({"d", "default", "join", "list"})
_SERIALISES: Final = frozenset({"format", "pprint", "tojson", "urlencode", "xmlattr"})
_KEEPS_MARKERS: Final = frozenset({"indent", "safe", "string", "trim"})
_FORMATS: Final = ("format", "format_map")
_TESTS_TAKE_MARKERS: Final = frozenset({"defined", "undefined", "none"})


class MacroReturn(Exception):  # noqa: N818  (no failure: how `return` leaves a macro)
    """Carries what `return` was given out of the macro that called it."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


class RenderContext(Context):
    """What compiled code sees of a render. `render` is shared by all the contexts of one render."""

    render: Any
    package: str

    def piece(self, place: int, text: str) -> str:
        """`text`, which the template is about to yield; `place` is one plus its offset."""
        self.render.place = place - 1
        return text

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        return found.read(self.render) if type(found) is Watched else found

    def derived(self, locals: dict[str, Any] | None = None) -> RenderContext:  # noqa: A002
        context = super().derived(locals)
        assert isinstance(context, RenderContext)  # noqa: S101
        context.render, context.package = self.render, self.package
        return context


class Watched:
    """A name whose use is worth knowing: reading it marks the render volatile."""

    def __init__(self, value: object) -> None:
        self.value = value

    def read(self, render: Any) -> object:
        render.trace.volatile = True
        return self.value


class DroppedBlocks(Extension):
    """Reads the blocks of dbt that are no part of any SQL of ours, and drops them."""

    tags = {  # noqa: RUF012  (jinja declares an instance variable)
        "materialization",
        "test",
        "data_test",
        "docs",
        "unit_test",
    }

    def parse(self, parser: Parser) -> list[nodes.Node]:
        kind = next(parser.stream).value
        while parser.stream.current.type != "block_end":
            next(parser.stream)
        parser.parse_statements((f"name:end{kind}",), drop_needle=True)
        return []


class Sandbox(SandboxedEnvironment):
    """Compiles and runs templates of one project. Nothing in it changes once it is built."""

    code_generator_class = PieceGenerator
    context_class = RenderContext
    concat = staticmethod(join_text)
    intercepted_binops = frozenset({"%"})

    def __init__(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", DroppedBlocks],
            undefined=NamedUndefined,
            cache_size=0,
        )
        self._offset_lexer = OffsetLexer(self)
        self.filters.update(filters)
        self.filters["join"] = _join
        self.globals.pop("lipsum", None)
        for name in _UNPREDICTABLE:
            self.filters.pop(name, None)
        for name, found in [*self.filters.items()]:
            if name in _KEEPS_MARKERS:
                self.filters[name] = _keeping(found)
            elif name in _SERIALISES:
                self.filters[name] = _serialising(found)
            elif name not in _TAKES_MARKERS:
                self.filters[name] = _watchful(found, in_control_flow=False)
        for name, found in [*cast("dict[str, Callable[..., Any]]", self.tests).items()]:
            if name not in _TESTS_TAKE_MARKERS:
                self.tests[name] = _watchful(found, in_control_flow=True)

    @property
    def lexer(self) -> Lexer:
        return self._offset_lexer

    def handle_exception(self, source: str | None = None) -> NoReturn:  # noqa: ARG002
        """Passes errors on as they are: `failures` reads the places from them."""
        raise  # noqa: PLE0704

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        marks: Iterable[object] = ()
        if __context.render.is_symbolic and (
            any(map(holds_symbolic, args)) or any(map(holds_symbolic, kwargs.values()))
        ):
            if getattr(__obj, "__name__", "") in _FORMATS:
                marks = (*args, *kwargs.values())
            elif not _takes_markers(__obj):
                args = tuple(map(concrete_within, args))
                kwargs = {name: concrete_within(value) for name, value in kwargs.items()}
        if type(__obj) is not Macro:
            found = super().call(__context, __obj, *args, **kwargs)
            return marked_like(found, marks) if marks else found
        try:
            return super().call(__context, __obj, *args, **kwargs)
        except MacroReturn as returned:
            return returned.value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        found = super().call_binop(context, operator, left, right)
        match right:
            case tuple():
                return marked_like(found, right)
            case dict():
                return marked_like(found, right.values())
            case _:
                return marked_like(found, (right,))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        owner = getattr(value, "__self__", None)
        if type(owner) is MarkedText and value.__name__ in _FORMATS:
            value = getattr(owner.computed(), value.__name__)
        return super().wrap_str_format(value)


def takes_markers(function: Any) -> Any:
    """Marks a callable of ours that may be handed symbolic values as they are."""
    function.takes_markers = True
    return function


def _takes_markers(callee: Any) -> bool:
    if type(callee) is Macro or callee is dict or callee is Namespace:
        return True
    if getattr(callee, "takes_markers", False):
        return True
    return isinstance(getattr(callee, "__self__", None), (list, dict, set))


def _watchful(function: Callable[..., Any], *, in_control_flow: bool) -> Callable[..., Any]:
    @functools.wraps(function)
    def watch(*args: Any, **kwargs: Any) -> Any:
        if any(map(is_symbolic, args)):
            args = tuple(concrete(value, in_control_flow=in_control_flow) for value in args)
        return function(*args, **kwargs)

    return watch


def _serialising(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that writes out whatever is in a list or mapping."""

    @functools.wraps(function)
    def write(*args: Any, **kwargs: Any) -> Any:
        return function(*map(concrete_within, args), **kwargs)

    return write


def _keeping(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that moves text about without looking at it."""

    @functools.wraps(function)
    def keep(*args: Any, **kwargs: Any) -> Any:
        if not any(map(is_symbolic, args)):
            return function(*args, **kwargs)
        texts = [plain(str(value)) if is_symbolic(value) else value for value in args]
        return marked_like(str(function(*texts, **kwargs)), args)

    return keep


@pass_eval_context
def _join(
    eval_ctx: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> str:
    """Jinja's `join`, which keeps markers."""
    if attribute is not None:
        value = map(make_attrgetter(eval_ctx.environment, attribute), value)
    parts: list[str] = []
    for item in value:
        parts += (str(d), str(item)) if parts else (str(item),)
    return join_text(parts)
