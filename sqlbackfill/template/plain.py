"""Models that hold nothing but SQL and calls of `ref` and `source`: rendered without compiling them.

Most models of most projects are such. Whatever else a template says is Jinja's to read; the text, the
places and the calls are those that Jinja would have given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.template.placed import normal_text
from sqlbackfill.template.source_map import Piece, SourceMap, span_at
from sqlbackfill.template.types import (
    OCCURRENCE_MARKER,
    Lookup,
    Occurrence,
    RefCall,
    Rendered,
    SourceCall,
    TemplateInput,
)

_NAME: Final = r"""(?:'[^'"\\{}%#\r\n]*'|"[^'"\\{}%#\r\n]*")"""
_TAG: Final = re.compile(
    rf"\{{\{{\s*(?P<call>(?P<what>ref|source)\(\s*(?P<first>{_NAME})(?:\s*,\s*(?P<second>{_NAME}))?\s*\))\s*\}}\}}"
)
_JINJA: Final = re.compile(r"\{[{%#]|\{\Z")
_CALLS: Final = ("ref", "source")


@dataclass(slots=True)
class _Found:
    """What was read so far; `start` is how long the rendered text is."""

    texts: list[str]
    pieces: list[Piece]
    occurrences: list[Occurrence]
    refs: list[RefCall]
    sources: list[SourceCall]
    start: int = 0

    def add(self, text: str, origin: int, length: int, *, is_literal: bool) -> None:
        self.pieces.append(Piece(self.start, origin, length, is_literal))
        self.texts.append(text)
        self.start += len(text)


def plain_render(
    model: TemplateInput, lookup: Lookup | None, names: Mapping[str, object]
) -> Rendered | None:
    """The analysis of a model in which Jinja has nothing else to do; None for any other.

    `names` are the macros that the model sees, which may take the place of `ref` and `source`. The
    macros that the occurrences use are left for the caller to add.
    """
    if "__sb_" in model.sql or any(name in names for name in _CALLS):
        return None
    text = normal_text(model.sql)
    found = _Found([], [], [], [], [])
    end = 0
    for tag in _TAG.finditer(text):
        if not _literal(found, text, end, tag.start()) or not _call(
            found, tag, text, model.file, lookup
        ):
            return None
        end = tag.end()
    if not _literal(found, text, end, len(text)):
        return None
    sql = "".join(found.texts)
    return Rendered(
        sql=sql,
        source_map=SourceMap(model.file, text, sql, tuple(found.pieces)),
        occurrences=tuple(found.occurrences),
        refs=tuple(found.refs),
        sources=tuple(found.sources),
    )


def _literal(found: _Found, text: str, begin: int, end: int) -> bool:
    """Adds the text between two tags; False if there is more Jinja in it."""
    literal = text[begin:end]
    if _JINJA.search(literal):
        return False
    if literal:
        found.add(literal, begin, 1, is_literal=True)
    return True


def _call(found: _Found, tag: re.Match[str], text: str, file: str, lookup: Lookup | None) -> bool:
    """Adds what a tag prints; False if it is an error or the SQL of an ephemeral model."""
    what, first, second = tag["what"], tag["first"][1:-1], tag["second"]
    second = None if second is None else second[1:-1]
    begin, end = tag.span("call")
    span = span_at(file, text, begin, end - begin)
    if what == "ref":
        name, package = (first, None) if second is None else (second, first)
        found.refs.append(RefCall(name=name, package=package, span=span))
        known = lookup.ref(name, package) if lookup is not None else None
    elif second is None:
        return False
    else:
        name = f"{first}.{second}"
        found.sources.append(SourceCall(name=name, span=span))
        known = lookup.source(first, second) if lookup is not None else None
    if isinstance(known, TemplateInput):
        return False
    length = tag.end() - tag.start()
    occurrence = Occurrence(
        index=len(found.occurrences),
        target=f"{what}:{name}",
        relation=known,
        filtered=True,
        span=span_at(file, text, tag.start(), length),
    )
    found.occurrences.append(occurrence)
    found.add(
        OCCURRENCE_MARKER.format(index=occurrence.index), tag.start(), length, is_literal=False
    )
    return True
