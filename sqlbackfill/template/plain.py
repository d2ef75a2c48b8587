"""Models that hold nothing but SQL, calls of `ref` and `source`, and `config` with plain values: no Jinja.

Most models of most projects are such. Whatever else a template says is Jinja's to read; the text, the
places and the calls are those that Jinja would have given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.plain_scan import ScanPrinter
from sqlbackfill.template.source_map import Piece, SourceMap, normal_text, span_at
from sqlbackfill.template.types import (
    OCCURRENCE_MARKER,
    SCAN_MARKER,
    Lookup,
    Occurrence,
    RefCall,
    RefTarget,
    Rendered,
    Scan,
    SourceCall,
    TemplateInput,
)

_NAME: Final = r"""(?:'[^'"\\{}%#\r\n]*'|"[^'"\\{}%#\r\n]*")"""
_VALUE: Final = rf"(?:{_NAME}|0|[1-9][0-9]*|[Tt]rue|[Ff]alse)"
_GIVEN: Final = rf"[A-Za-z_][A-Za-z0-9_]*\s*=\s*{_VALUE}"
_TAG: Final = (
    rf"\{{\{{\s*(?P<call>(?P<what>ref|source)\(\s*(?P<first>{_NAME})(?:\s*,\s*(?P<second>{_NAME}))?\s*\)"
    rf"|config\((?P<given>\s*{_GIVEN}(?:\s*,\s*{_GIVEN})*\s*,?\s*)\))\s*\}}\}}"
)
_PAIR: Final = rf"(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>{_VALUE})"
_JINJA: Final = r"\{[{%#]|\{\Z"
_CALLS: Final = ("ref", "source", "config")
_TRUTH: Final = {"true": True, "True": True, "false": False, "False": False}


@dataclass(frozen=True, slots=True)
class _Literal:
    """Text that is printed as it stands at offset `begin`."""

    text: str
    begin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A tag that prints a relation; `call` is its place, `tag` that of the whole tag."""

    target: str
    what: str
    names: tuple[str, ...]
    begin: int
    length: int
    call: SourceSpan
    tag: SourceSpan

    def known(self, lookup: Lookup | None) -> RefTarget | None:
        if lookup is None:
            return None
        if self.what == "source":
            return lookup.source(*self.names)
        return lookup.ref(self.names[-1], self.names[0] if len(self.names) > 1 else None)


@dataclass(frozen=True, slots=True)
class PlainTemplate:
    """Such a model, taken apart; `config` is what its `config` calls give, and `spans` where."""

    file: str
    text: str
    parts: tuple[_Literal | _Call, ...]
    config: Mapping[str, object]
    spans: Mapping[str, SourceSpan]

    def analysed(self, lookup: Lookup | None) -> Rendered | None:
        """The model with a marker for each relation; None if one stands for an ephemeral model.

        The macros that the occurrences use are left for the caller to add.
        """
        calls = [part for part in self.parts if isinstance(part, _Call)]
        occurrences = self._occurrences(calls, lookup)
        if occurrences is None:
            return None
        markers = [OCCURRENCE_MARKER.format(index=index) for index in range(len(calls))]
        return replace(
            self._printed(markers, occurrences),
            refs=tuple(
                RefCall(
                    name=call.names[-1],
                    package=call.names[0] if len(call.names) > 1 else None,
                    span=call.call,
                )
                for call in calls
                if call.what == "ref"
            ),
            sources=tuple(
                SourceCall(name=".".join(call.names), span=call.call)
                for call in calls
                if call.what == "source"
            ),
            config=dict(self.config),
            config_spans=dict(self.spans),
        )

    def rendered(
        self,
        scans: Mapping[int, Scan],
        lookup: Lookup,
        expected: Sequence[str],
        printer: ScanPrinter,
        *,
        names_scans: bool,
    ) -> Rendered | None:
        """The model as it runs, as `Templates.render` has it; None where that is Jinja's to say."""
        calls = [part for part in self.parts if isinstance(part, _Call)]
        if [call.target for call in calls] != list(expected):
            return None
        occurrences = self._occurrences(calls, lookup)
        if occurrences is None:
            return None
        printed = []
        for one in occurrences:
            text = printer.text(one, scans.get(one.index))
            if text is None:
                return None
            printed.append(text)
        if not names_scans:
            return self._printed(printed, occurrences)
        markers = [SCAN_MARKER.format(index=index) for index in range(len(calls))]
        return replace(self._printed(markers, occurrences), scan_texts=dict(enumerate(printed)))

    def _occurrences(
        self, calls: Sequence[_Call], lookup: Lookup | None
    ) -> tuple[Occurrence, ...] | None:
        found = []
        for index, call in enumerate(calls):
            known = call.known(lookup)
            if isinstance(known, TemplateInput):
                return None
            found.append(
                Occurrence(
                    index=index, target=call.target, relation=known, filtered=True, span=call.tag
                )
            )
        return tuple(found)

    def _printed(self, printed: Sequence[str], occurrences: tuple[Occurrence, ...]) -> Rendered:
        texts: list[str] = []
        pieces: list[Piece] = []
        start, given = 0, iter(printed)
        for part in self.parts:
            if isinstance(part, _Literal):
                text, piece = part.text, Piece(start, part.begin, 1, is_literal=True)
            else:
                text, piece = next(given), Piece(start, part.begin, part.length, is_literal=False)
            if text:
                texts.append(text)
                pieces.append(piece)
                start += len(text)
        sql = "".join(texts)
        return Rendered(
            sql=sql,
            source_map=SourceMap(self.file, self.text, sql, tuple(pieces)),
            occurrences=occurrences,
        )


def plain_template(model: TemplateInput, names: Mapping[str, object]) -> PlainTemplate | None:
    """`model` taken apart if Jinja has nothing else to do in it.

    `names` are the macros that the model sees, which may take the place of `ref`, `source` and `config`.
    """
    if "__sb_" in model.sql or any(name in names for name in _CALLS):
        return None
    text = normal_text(model.sql)
    parts: list[_Literal | _Call] = []
    config: dict[str, object] = {}
    spans: dict[str, SourceSpan] = {}
    end = 0
    for tag in re.finditer(_TAG, text):
        literal = text[end : tag.start()]
        if re.search(_JINJA, literal):
            return None
        if literal:
            parts.append(_Literal(literal, end))
        end = tag.end()
        if tag["what"]:
            if tag["what"] == "source" and tag["second"] is None:
                return None
            parts.append(_call(tag, text, model.file))
        elif not _configure(tag, text, model.file, config, spans):
            return None
    if re.search(_JINJA, text[end:]):
        return None
    if text[end:]:
        parts.append(_Literal(text[end:], end))
    return PlainTemplate(model.file, text, tuple(parts), config, spans)


def plain_render(
    model: TemplateInput, lookup: Lookup | None, names: Mapping[str, object]
) -> Rendered | None:
    """The analysis of a model that `plain_template` can take apart; None for any other."""
    found = plain_template(model, names)
    return None if found is None else found.analysed(lookup)


def _call(tag: re.Match[str], text: str, file: str) -> _Call:
    names = tuple(name[1:-1] for name in (tag["first"], tag["second"]) if name is not None)
    begin, end = tag.span("call")
    length = tag.end() - tag.start()
    name = names[-1] if tag["what"] == "ref" else ".".join(names)
    return _Call(
        target=f"{tag['what']}:{name}",
        what=tag["what"],
        names=names,
        begin=tag.start(),
        length=length,
        call=span_at(file, text, begin, end - begin),
        tag=span_at(file, text, tag.start(), length),
    )


def _configure(
    tag: re.Match[str],
    text: str,
    file: str,
    config: dict[str, object],
    spans: dict[str, SourceSpan],
) -> bool:
    """Adds what one `config` call gives; False if it names a key twice."""
    keys = set()
    for pair in re.finditer(_PAIR, tag["given"]):
        key = pair["key"]
        # A name that the machinery between template and call takes for itself is Jinja's to refuse.
        if key in keys or key == "self" or key.startswith("_"):
            return False
        keys.add(key)
        config[key] = _value(pair["value"])
        spans[key] = span_at(file, text, _place(key, text, tag), len(key))
    return True


def _place(key: str, text: str, tag: re.Match[str]) -> int:
    """Where Jinja's reader finds a key: where it is first given a value, in a text or not."""
    found = re.compile(rf"\b{key}\s*=(?!=)").search(text, tag.start("call"), tag.end())
    return found.start() if found else tag.start("call")


def _value(text: str) -> object:
    if text in _TRUTH:
        return _TRUTH[text]
    return int(text) if text.isdecimal() else text[1:-1]
