"""Readers of single config values: plain Python in, a typed value out. They know no keys and no files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.zones import zone_named
from sqlbackfill.project.findings import near_match

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_STRATEGY: Final = re.compile(r"range|partition|auto|chunk=(?:[1-9]\d*|week|month|quarter|year)")


class RefusedValue(Exception):  # noqa: N818
    """A value that a reader does not take: what is wrong, and how to fix it."""

    def __init__(
        self, message: str, fix: str | None = None, code: str = "BAD_CONFIG_VALUE"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code


def kind_of(value: object) -> str:
    """What a value is, in the words of yml."""
    if isinstance(value, bool):
        return "true or false"
    kinds = ((str, "text"), (int, "a number"), (float, "a number"), (Mapping, "a mapping"))
    for python_type, words in kinds:
        if isinstance(value, python_type):
            return words
    if isinstance(value, list | tuple):
        return "a list"
    return "a date" if isinstance(value, date) else "nothing" if value is None else "another value"


def read_text(value: object) -> str:
    """Text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, int | float | date):
        raise RefusedValue(f"must be text, not {kind_of(value)}", f'write it in quotes: "{value}"')
    what = "must not be empty" if isinstance(value, str) else f"must be text, not {kind_of(value)}"
    raise RefusedValue(what, "write text, or remove the key")


def read_flag(value: object) -> bool:
    """True or false; Jinja may have given it as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise RefusedValue("must be true or false", "write true or false without quotes")


def read_whole(value: object) -> int:
    """A whole number; Jinja may have given it as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value):
        return int(value)
    raise RefusedValue(f"must be a whole number, not {shown(value)}", "write a number such as 3")


def at_least(least: int) -> Callable[[object], int]:
    """A reader of whole numbers from `least` on."""

    def read(value: object) -> int:
        number = read_whole(value)
        if number < least:
            raise RefusedValue(f"must be at least {least}, not {number}", f"write {least} or more")
        return number

    return read


def read_texts(value: object) -> tuple[str, ...]:
    """One text or a list of texts."""
    if isinstance(value, list | tuple):
        return tuple(read_text(item) for item in value)
    return (read_text(value),)


def read_tags(value: object) -> tuple[str, ...]:
    """One tag or a list of tags, each once; numbers are read as text."""
    items = value if isinstance(value, list | tuple) else [value]
    tags = (str(item) if type(item) is int else read_text(item) for item in items)
    return tuple(dict.fromkeys(tags))


def read_keys(value: object) -> tuple[str, ...]:
    """A list of at least one key, each once; numbers are read as text, and true and false refused."""
    if not isinstance(value, list | tuple) or not value:
        raise RefusedValue("must be a list of keys", "write [eu, us]")
    keys: list[str] = []
    for item in value:
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise RefusedValue(
                f"holds {shown(item)}, which is no key", "write every key in quotes, such as 'no'"
            )
        if str(item) in keys:
            raise RefusedValue(f"holds the key `{item}` twice", "name each key once")
        keys.append(str(item))
    return tuple(keys)


def read_mapping(value: object) -> Mapping[str, object]:
    """A mapping with text keys."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    raise RefusedValue(f"must be a mapping, not {kind_of(value)}", "write {key: value}")


def read_moment(value: object) -> str:
    """A date or a date with a time as ISO 8601 text, its offset kept, none added."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        text = value.strip()
        for parse in (date.fromisoformat, datetime.fromisoformat):
            try:
                parse(text)
            except ValueError:
                continue
            if re.match(r"\d{4}-\d{2}-\d{2}", text):
                return text
    raise RefusedValue(
        f"must be a date, not {shown(value)}",
        'write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in quotes: "2024-01-01"',
    )


def read_timezone(value: object) -> str:
    """An IANA time zone."""
    name = read_text(value)
    try:
        zone_named(name)
    except ProjectError as error:
        raise _refused(error) from None
    return name


def read_grain(value: object) -> Grain:
    """`day`, `week`, `6 hours` and so on."""
    text = read_text(value)
    try:
        return Grain.parse(text)
    except ProjectError as error:
        raise _refused(error) from None


def read_week_start(value: object) -> int:
    """A weekday's name (three letters do) as days since Monday."""
    name = read_text(value).lower()
    for index, weekday in enumerate(WEEKDAYS):
        if name in {weekday, weekday[:3]}:
            return index
    raise RefusedValue(f"names no weekday: `{name}`", f"use one of {', '.join(WEEKDAYS)}")


def read_strategy(value: object) -> str:
    """A strategy as --strategy takes it."""
    text = read_text(value).lower()
    if _STRATEGY.fullmatch(text):
        return text
    raise RefusedValue(
        f"names no strategy: `{text}`",
        "use range, partition, auto, chunk=N, or chunk=week, month, quarter or year",
    )


def one_of(kinds: type[E]) -> Callable[[object], E]:
    """A reader of the values of an enumeration."""

    def read(value: object) -> E:
        text = read_text(value).lower()
        try:
            return kinds(text)
        except ValueError:
            names = [kind.value for kind in kinds]
            match = near_match(text, names)
            raise RefusedValue(
                f"cannot be `{text}`" + (f"; did you mean `{match}`?" if match else ""),
                f"use one of {', '.join(names)}",
            ) from None

    return read


def _refused(error: ProjectError) -> RefusedValue:
    found = error.diagnostics[0]
    return RefusedValue(f"is wrong: {found.message}", found.fix, found.code)


def shown(value: object) -> str:
    """A value for a message."""
    if isinstance(value, str | int | float | date) and not isinstance(value, bool):
        return f"`{value}`"
    return kind_of(value)
