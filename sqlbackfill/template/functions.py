"""Functions of the Jinja context that know nothing of the model: dbt's serialisers, modules, flags."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import pytz
import yaml

from sqlbackfill.template.failures import TemplateFailure, WarehouseRead
from sqlbackfill.template.sandbox import MacroReturn, takes_markers

_SECRET_FIELD: Final = re.compile(
    r"password|passphrase|secret|token|private_key|credential", re.IGNORECASE
)


class ShownMapping(Mapping[str, object]):
    """A read-only mapping that errors call by its name."""

    def __init__(self, shown: str, values: Mapping[str, object]) -> None:
        self.shown = shown
        self._values = dict(values)

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def shown_target(fields: Mapping[str, object]) -> Mapping[str, object]:
    """`target` as templates see it: read-only, and whatever looks like a secret taken out."""
    public = {name: value for name, value in fields.items() if not _SECRET_FIELD.search(name)}
    return ShownMapping("target", public)


def tojson(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    """`value` as JSON, `default` if it cannot be."""
    try:
        return json.dumps(value, sort_keys=sort_keys)
    except (TypeError, ValueError):
        return default


def fromjson(text: str, default: Any = None) -> Any:
    """The value of a JSON text, `default` if it is none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return default


def toyaml(value: Any, default: str | None = None, sort_keys: bool = False) -> str | None:
    """`value` as YAML, `default` if it cannot be."""
    try:
        return yaml.safe_dump(value, sort_keys=sort_keys)
    except (yaml.YAMLError, ValueError):
        return default


def fromyaml(text: str, default: Any = None) -> Any:
    """The value of a YAML text, `default` if it is none."""
    try:
        return yaml.safe_load(text)
    except (AttributeError, yaml.YAMLError):
        return default


@takes_markers
def to_set(items: Iterable[Any], default: Any = None) -> Any:
    """The distinct items, `default` if they cannot be had."""
    try:
        return set(items)
    except TypeError:
        return default


@takes_markers
def to_zip(*lists: Iterable[Any], default: Any = None) -> Any:
    """The items of the lists side by side, `default` if they cannot be had."""
    try:
        return list(zip(*lists, strict=False))
    except TypeError:
        return default


@takes_markers
def macro_return(value: Any = None) -> None:
    """Leaves the macro, which then stands for `value`."""
    raise MacroReturn(value)


def local_md5(text: str) -> str:
    """The MD5 digest in hexadecimal, as dbt's function of that name."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Unavailable:
    """A name of dbt's that needs the warehouse. While analysis only collects refs it does nothing."""

    unsafe_callable = alters_data = False  # Jinja asks for these three before it calls anything
    jinja_pass_arg = None

    def __init__(self, shown: str, *, is_silent: bool) -> None:
        self.shown = shown
        self._is_silent = is_silent

    def __call__(self, *_args: Any, **_named: Any) -> None:
        if not self._is_silent:
            raise WarehouseRead(self.shown)

    def __getattr__(self, name: str) -> Unavailable:
        if name.startswith("_"):
            raise AttributeError(name)
        return Unavailable(f"{self.shown}.{name}", is_silent=self._is_silent)

    def __str__(self) -> str:
        self()
        return ""

    def __iter__(self) -> Any:
        self()
        return iter(())

    def __bool__(self) -> bool:
        self()
        return False


class Modules:
    """`modules`: the parts of Python's library that dbt shows. Clocks show the run's own moment."""

    shown: Final = "modules"

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now

    @property
    def datetime(self) -> Mapping[str, object]:
        shown = ("time", "timedelta", "timezone", "tzinfo")
        moments = {"datetime": clocked_datetime(self._now), "date": clocked_date(self._now)}
        return {**{name: getattr(dt, name) for name in shown}, **moments}

    @property
    def pytz(self) -> Mapping[str, object]:
        names = ("UTC", "utc", "timezone", "AmbiguousTimeError", "NonExistentTimeError")
        return {name: getattr(pytz, name) for name in names} | {
            "UnknownTimeZoneError": pytz.UnknownTimeZoneError,
            "InvalidTimeError": pytz.InvalidTimeError,
        }

    @property
    def re(self) -> Mapping[str, object]:
        return {name: getattr(re, name) for name in re.__all__}

    @property
    def itertools(self) -> Mapping[str, object]:
        return {name: value for name, value in vars(itertools).items() if name[:1] != "_"}


def clocked_datetime(now: Callable[[], dt.datetime]) -> type[dt.datetime]:
    """`datetime` whose clock is `now`."""

    class Clocked(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            moment = now()
            return moment.astimezone(tz) if tz else moment.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> dt.datetime:  # type: ignore[override]  # plain moments, as dbt's
            return now().replace(tzinfo=None)

        @classmethod
        def today(cls) -> dt.datetime:  # type: ignore[override]  # plain moments, as dbt's
            return now().replace(tzinfo=None)

    return Clocked


def clocked_date(now: Callable[[], dt.datetime]) -> type[dt.date]:
    """`date` whose clock is `now`."""

    class Clocked(dt.date):
        @classmethod
        def today(cls) -> dt.date:  # type: ignore[override]  # a plain date, as dbt's
            return now().date()

    return Clocked


FLAGS: Final = ShownMapping(
    "flags",
    {
        "FULL_REFRESH": False,
        "STORE_FAILURES": False,
        "WHICH": "run",
        "EMPTY": False,
        "DEFER": False,
        "PRINT": True,
        "PROFILES_DIR": None,
        "INTROSPECT": False,
        "WARN_ERROR": False,
    },
)

FUNCTIONS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "tojson": tojson,
        "fromjson": fromjson,
        "toyaml": toyaml,
        "fromyaml": fromyaml,
        "set": to_set,
        "set_strict": set,
        "zip": to_zip,
        "zip_strict": lambda *lists: list(zip(*lists, strict=True)),
        "return": macro_return,
        "local_md5": local_md5,
        "is_incremental": lambda: False,
        "should_full_refresh": lambda: False,
        "flags": FLAGS,
        "dbt_version": "1.11.0",
    }
)


def same(value: Any) -> Any:
    """`value`: outside yml, dbt's `as_…` filters change nothing."""
    return value


MODEL_FILTERS: Final = dict.fromkeys(("as_text", "as_native", "as_bool", "as_number"), same)


def as_text(value: Any) -> str:
    """`value` as text, whatever it looks like."""
    return str(value)


def as_native(value: Any) -> Any:
    """The Python value that a text spells; the text itself if it spells none."""
    try:
        return literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError, MemoryError):
        return value


def as_bool(value: Any) -> bool:
    """A truth value, also from the texts true and false. Raises TemplateFailure."""
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    found: bool = _of_type(as_native(value), (bool,), "a bool")
    return found


def as_number(value: Any) -> int | float:
    """A number, also from a text. Raises TemplateFailure."""
    found: int | float = _of_type(as_native(value), (int, float), "a number")
    return found


def _of_type(value: Any, types: tuple[type, ...], what: str) -> Any:
    if isinstance(value, types) and (bool in types or not isinstance(value, bool)):
        return value
    raise TemplateFailure(
        "INVALID_YML_VALUE",
        f"the value is not {what}",
        fix=f"give it {what}, or take the filter away",
    )


YML_FILTERS: Final = {
    "as_text": as_text, "as_native": as_native, "as_bool": as_bool, "as_number": as_number,
}  # fmt: skip
