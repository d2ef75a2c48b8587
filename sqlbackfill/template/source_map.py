"""The way back from a place in rendered SQL to the place in the user's file that printed it."""

from __future__ import annotations

import re
from bisect import bisect_right

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan


def normal_text(source: str) -> str:
    """`source` as Jinja reads it: every line break a newline, a last one taken away."""
    text = re.sub(r"\r\n|\r", "\n", source)
    return text.removesuffix("\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of rendered text from offset `start` up to the next piece.

    Literal text was copied from offset `origin` of the file on; other text came out of the
    tag that stands at `origin`, `length` characters long.
    """

    start: int
    origin: int
    length: int
    is_literal: bool


@dataclass(frozen=True, slots=True, repr=False)
class SourceMap:
    """Positions of one rendered text in the file that it was rendered from.

    `pieces` are in the order of their starts, the first at 0, and none is empty.
    """

    file: str
    source: str
    rendered: str
    pieces: tuple[Piece, ...]

    def locate(self, line: int, column: int) -> SourceSpan:
        """The place in the file of the character at `line` and `column` (both from 1).

        What a tag printed maps to the whole tag. A position past the end of a line or of the text
        is taken as the last one there is.
        """
        return self.locate_offset(self._offset(line, column))

    def locate_offset(self, offset: int) -> SourceSpan:
        """The same for an offset (from 0) into the rendered text."""
        if not self.pieces:
            return SourceSpan(file=self.file, line=1)
        offset = max(0, min(offset, len(self.rendered) - 1))
        piece = self.pieces[bisect_right(self.pieces, offset, key=lambda p: p.start) - 1]
        if piece.is_literal:
            return span_at(self.file, self.source, piece.origin + offset - piece.start, 1)
        return span_at(self.file, self.source, piece.origin, piece.length)

    def _offset(self, line: int, column: int) -> int:
        start = 0
        for _ in range(line - 1):
            found = self.rendered.find("\n", start)
            if found < 0:
                break
            start = found + 1
        end = self.rendered.find("\n", start)
        return min(start + column - 1, end if end >= 0 else len(self.rendered))


def span_at(file: str, text: str, offset: int, length: int) -> SourceSpan:
    """The span of `length` characters at `offset` of `text`, cut at the end of its first line."""
    offset = max(0, min(offset, len(text)))
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    room = (line_end if line_end >= 0 else len(text)) - offset
    return SourceSpan(
        file=file,
        line=text.count("\n", 0, offset) + 1,
        column=offset - line_start + 1,
        length=max(1, min(length, room)),
    )
