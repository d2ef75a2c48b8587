"""Finds and replaces the words of a query that print a partition's bounds. Decides nothing.

The rest of the text stays as the author wrote it, line for line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query.lifted import LiftSlot
from sqlbackfill.query.substituted import Substitution
from sqlbackfill.query.values import END, START

BOUND: Final = re.compile("__sb_(?:start|end|key)__", re.IGNORECASE)
OCCURRENCE: Final = re.compile(r"__sb_occurrence_\d+__")
SPINE: Final = "__sb_spine"
_TEXTS: Final = {START: "__sb_start", END: "__sb_end"}
_VALUES: Final = {START: "__sb_lo", END: "__sb_hi"}
"""Columns of the spine: the bounds as the template prints them, and as values of their own type."""
_TYPES: Final = frozenset(["date", "timestamp", "timestamptz", "datetime"])


@dataclass(frozen=True, slots=True)
class BoundWord:
    """A word that prints bounds, at [start, end) of the SQL; `typed_at` is where its type begins.

    `typed_at` is None unless the word before it names its type.
    """

    start: int
    end: int
    text: str
    is_text: bool
    typed_at: int | None = None


def bound_words(sql: str, dialect: str = "duckdb") -> tuple[BoundWord, ...] | None:
    """The words of the SQL that print bounds, in order.

    None where a bound stands anywhere else: in a comment, a name, or text of another kind.
    """
    try:
        tokens = sqlglot.tokenize(sql, dialect=dialect)
    except SqlglotError:
        return None
    found = []
    for at, token in enumerate(tokens):
        if not BOUND.search(token.text):
            continue
        word = _word(sql, tokens, at)
        if word is None:
            return None
        found.append(word)
    seen = sum(len(BOUND.findall(word.text)) for word in found)
    return tuple(found) if seen == len(BOUND.findall(sql)) else None


def _word(sql: str, tokens: Sequence[Token], at: int) -> BoundWord | None:
    token = tokens[at]
    start, end = token.start, token.end + 1
    if any(bound not in _TEXTS for bound in BOUND.findall(token.text)):
        return None
    if token.token_type is TokenType.STRING:
        if sql[start:end] != text_literal(token.text):
            return None
        typed_at, is_plain = _type_before(sql, tokens, at)
        return BoundWord(start, end, token.text, True, typed_at) if is_plain else None
    if token.token_type is TokenType.VAR and token.text in _TEXTS and sql[start:end] == token.text:
        return BoundWord(start, end, token.text, False)
    return None


def _type_before(sql: str, tokens: Sequence[Token], at: int) -> tuple[int | None, bool]:
    """Where the type of a literal such as `date '…'` begins, and whether it can be told."""
    if at == 0:
        return None, True
    before = tokens[at - 1]
    word = sql[before.start : before.end + 1].lower()
    if word in _TYPES:
        is_cast_again = at + 1 < len(tokens) and tokens[at + 1].token_type is TokenType.DCOLON
        return before.start, not is_cast_again
    # A word that could be one more type, or an interval, is not taken for an operand.
    is_name = before.token_type is TokenType.VAR or before.token_type is TokenType.INTERVAL
    return None, not is_name


def replaced(sql: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """`sql` with each (start, end, text) put in place; the edits do not overlap."""
    for start, end, text in sorted(edits, reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql


def with_spine(sql: str, slots: Sequence[LiftSlot]) -> str | None:
    """The query with columns of the spine in place of its bounds; None if the slots are not its own."""
    words = bound_words(sql)
    if words is None or len(words) != len(slots):
        return None
    edits = []
    for word, slot in zip(words, slots, strict=True):
        if (word.text, word.is_text, word.typed_at is not None) != (
            slot.text,
            slot.is_text,
            slot.is_typed,
        ):
            return None
        begin = word.start if word.typed_at is None else word.typed_at
        type_ = slot.cast
        if word.typed_at is not None:
            type_ = sql[word.typed_at : word.start].strip()
        value = _spine_value(word) if slot.is_value else _spine_text(word)
        edits.append((begin, word.end, f"CAST({value} AS {type_})" if type_ else value))
    return replaced(sql, edits)


def with_column(sql: str, substitution: Substitution) -> str | None:
    """The query with a column in its bounds' place; None if the substitution is not its own."""
    edits = column_edits(sql, substitution)
    return replaced(sql, edits) if edits is not None else None


def column_edits(sql: str, substitution: Substitution) -> list[tuple[int, int, str]] | None:
    """The (start, end, text) that `with_column` puts in place, in order."""
    words = bound_words(sql, substitution.dialect)
    if words is None or len(words) != len(substitution.values):
        return None
    edits = []
    for word, one in zip(words, substitution.values, strict=True):
        if (word.text, word.typed_at is not None) != (one.text, one.is_typed):
            return None
        edits.append((word.start if word.typed_at is None else word.typed_at, word.end, one.value))
    if substitution.group_key is not None:
        at = _outermost_group(sql, substitution.dialect)
        if at is None:
            return None
        edits.append((at, at, f" {substitution.group_key},"))
    return sorted(edits)


def _outermost_group(sql: str, dialect: str) -> int | None:
    """Where the only GROUP BY outside of parentheses ends."""
    depth, found = 0, []
    for token in sqlglot.tokenize(sql, dialect=dialect):
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
        elif token.token_type is TokenType.GROUP_BY and depth == 0:
            found.append(token.end + 1)
    return found[0] if len(found) == 1 else None


def _spine_value(word: BoundWord) -> str:
    return f'"{SPINE}"."{_VALUES[word.text]}"'


def _spine_text(word: BoundWord) -> str:
    """The word as an expression over the spine: a column, or text joined with columns."""
    parts, position = [], 0
    for found in BOUND.finditer(word.text):
        if found.start() > position:
            parts.append(text_literal(word.text[position : found.start()]))
        parts.append(f'"{SPINE}"."{_TEXTS[found.group()]}"')
        position = found.end()
    if position < len(word.text):
        parts.append(text_literal(word.text[position:]))
    return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


def with_bounds(sql: str, start: str, end: str) -> str:
    """The query for one partition, its bounds printed as `start` and `end`."""
    return sql.replace(START, start).replace(END, end)


def with_tables(sql: str, table: Callable[[str], str]) -> str | None:
    """An analysis render with real tables for its occurrences; None where one stands in no name."""
    try:
        tokens = sqlglot.tokenize(sql, dialect="duckdb")
    except SqlglotError:
        return None
    edits = [
        (token.start, token.end + 1, table(token.text))
        for token in tokens
        if token.token_type is TokenType.VAR and OCCURRENCE.fullmatch(token.text)
    ]
    return replaced(sql, edits) if len(edits) == len(OCCURRENCE.findall(sql)) else None


def text_literal(text: str) -> str:
    """Any text as a string literal of DuckDB."""
    return "'" + text.replace("'", "''") + "'"
