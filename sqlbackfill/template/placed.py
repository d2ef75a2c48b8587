"""Jinja templates that know their places: the lexer, parser and generator below carry offsets.

Jinja's `lineno` holds one plus the offset into the source here, through tokens, syntax tree and the
compiled code's debug information, so every error and every piece of output has an exact place.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from types import FrameType, TracebackType
from typing import Any, Final, TypeAlias

from jinja2 import Environment, Template, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator, Frame, optimizeconst
from jinja2.lexer import Lexer

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.source_map import normal_text, span_at

BUILT_IN: Final = "sqlbackfill:"  # what the files of built-in macros are called
_BEGINS: Final = frozenset({"variable_begin", "block_begin"})
_ENDS: Final = frozenset({"variable_end", "block_end"})
_CLOSING: Final = re.compile(r"\s*[-+]?[%}]\}\s*\Z")

Token: TypeAlias = tuple[int, str, str]


class OffsetLexer(Lexer):
    """Gives tokens one plus their offset in the normal text in place of a line number."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[Token]:
        text = normal_text(source)
        offset = previous = 0
        try:
            for _, kind, value in super().tokeniter(source, name, filename, state):
                while not text.startswith(value, offset):
                    offset += 1  # over the whitespace that a `-` took away
                previous = offset
                offset += len(value)
                yield previous + 1, kind, value
        except TemplateSyntaxError as error:
            at_tag = (error.message or "").startswith("Missing end")
            error.lineno = (previous if at_tag else _skip_space(text, offset)) + 1
            raise


class PieceGenerator(CodeGenerator):
    """Compiles top-level output so that each piece tells its place as it is yielded."""

    _place: int | None = None

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802
        if frame.buffer is not None:
            super().visit_Output(node, frame)
            return
        for child in node.nodes:
            self.newline(child)
            self._place = child.lineno
            super().visit_Output(nodes.Output([child], lineno=child.lineno), frame)
        self._place = None

    def start_write(self, frame: Frame, node: nodes.Node | None = None) -> None:
        super().start_write(frame, node)
        if frame.buffer is None:
            self.write(f"context.piece({node.lineno}, " if node is not None else "(")

    def end_write(self, frame: Frame) -> None:
        super().end_write(frame)
        if frame.buffer is None:
            self.write(")")

    @optimizeconst
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.concat(map(str, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")))")

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        constant = super()._output_const_repr(group)
        return constant if self._place is None else f"context.piece({self._place}, {constant})"

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if self._place is not None:
            self.write(f"context.piece({self._place}, ")
        super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        super()._output_child_post(node, frame, finalize)
        if self._place is not None:
            self.write(")")


@dataclass(frozen=True, slots=True)
class Tag:
    """A `{{ … }}` or `{% … %}`: offsets of its first character, its inside, and past its end."""

    begin: int
    inside: int
    end: int


def _repeated_argument(tree: nodes.Template, message: str) -> TemplateSyntaxError:
    """What is wrong with `tree`, at the second of two arguments of one name if there are such."""
    for call in tree.find_all((nodes.Call, nodes.Filter, nodes.Test)):
        seen: set[str] = set()
        arguments: list[nodes.Keyword] = getattr(call, "kwargs", [])
        for argument in arguments:
            if argument.key in seen:
                return TemplateSyntaxError(message, argument.lineno)
            seen.add(argument.key)
    return TemplateSyntaxError(message, 1)


class PlacedTemplate(Template):
    """A compiled template with the text it came from."""

    file: str
    source: str
    package: str

    @classmethod
    def compile(
        cls,
        environment: Environment,
        source: str | nodes.Template,
        *,
        file: str,
        text: str,
        package: str,
    ) -> PlacedTemplate:
        """Raises TemplateSyntaxError, whose lineno is one plus the offset."""
        tree = environment.parse(source, file, file) if isinstance(source, str) else source
        try:
            code = environment.compile(tree, file, file)
        except SyntaxError as error:
            # Jinja leaves it to Python to see this, which knows no place in a template.
            raise _repeated_argument(tree, error.msg) from error
        template = cls.from_code(environment, code, environment.globals)
        assert isinstance(template, PlacedTemplate)  # noqa: S101
        if isinstance(source, str) and "config" not in source:
            # Compiling folds constants, which only the places in `config(…)` would miss.
            template.__dict__["tree"] = tree
        template.file = file
        template.source = normal_text(text)
        template.package = package
        return template

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        return tuple(_tags(self.environment, self.source))

    @cached_property
    def tree(self) -> nodes.Template:
        """The syntax tree, read again where what was compiled is not the whole of it."""
        return self.environment.parse(self.source)

    def tag_at(self, offset: int) -> Tag | None:
        """The tag that holds `offset`, or None within literal text."""
        index = bisect_right(self.tags, offset, key=lambda tag: tag.begin) - 1
        if index >= 0 and offset < self.tags[index].end:
            return self.tags[index]
        return None

    def span(self, offset: int, length: int = 1) -> SourceSpan:
        return span_at(self.file, self.source, offset, length)

    def tag_span(self, offset: int, *, inside: bool) -> SourceSpan:
        """The whole tag at `offset`, or what stands inside it; or `offset` itself in literal text."""
        tag = self.tag_at(offset)
        if tag is None:
            return self.span(offset)
        if not inside:
            return self.span(tag.begin, tag.end - tag.begin)
        text = self.source[tag.inside : tag.end]
        return self.span(tag.inside, len(_CLOSING.sub("", text)))

    def place_in_code(self, line: int) -> int:
        """The offset of what stands at `line` of the compiled code."""
        index = bisect_right(self._code_places, line, key=lambda pair: pair[0]) - 1
        return self._code_places[index][1] - 1 if index >= 0 else 0

    @cached_property
    def _code_places(self) -> list[tuple[int, int]]:
        return [(code_line, place) for place, code_line in self.debug_info]


def template_of(frame: FrameType) -> PlacedTemplate | None:
    """The template whose code runs in `frame`."""
    template = frame.f_globals.get("__jinja_template__")
    return template if isinstance(template, PlacedTemplate) else None


def places(traceback: TracebackType | None) -> list[tuple[PlacedTemplate, int]]:
    """Where templates were while an exception passed, outermost first."""
    found = []
    while traceback is not None:
        template = template_of(traceback.tb_frame)
        if template is not None:
            found.append((template, template.place_in_code(traceback.tb_lineno)))
        traceback = traceback.tb_next
    return found


def place_now() -> SourceSpan | None:
    """The tag that is being rendered, in the innermost of the user's files; None outside a render."""
    frame = sys._getframe()  # noqa: SLF001  what Jinja compiled runs in frames of its own
    found: FrameType | None = frame
    while found is not None:
        template = template_of(found)
        if template is not None and not template.file.startswith(BUILT_IN):
            return template.tag_span(template.place_in_code(found.f_lineno), inside=True)
        found = found.f_back
    return None


def _tags(environment: Environment, source: str) -> Iterator[Tag]:
    begin = inside = 0
    for place, kind, value in environment.lexer.tokeniter(source, None):
        if kind in _BEGINS:
            begin, inside = place - 1, _skip_space(source, place - 1 + len(value))
        elif kind in _ENDS:
            yield Tag(begin, inside, place - 1 + len(value.rstrip()))


def _skip_space(text: str, offset: int) -> int:
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset
