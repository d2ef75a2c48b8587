"""What happens to a name that nothing defines: any use but `is defined` and `default` fails."""

from __future__ import annotations

from functools import partial
from typing import Any

from jinja2 import StrictUndefined, UndefinedError
from jinja2.utils import missing


class UndefinedNameError(UndefinedError):
    """`name` was used but is not defined; `owner` is what it was looked up on, if on anything."""

    def __init__(self, message: str, *, name: object, owner: object) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner

    @property
    def is_variable(self) -> bool:
        return self.owner is missing


class NamedUndefined(StrictUndefined):
    """A strict undefined whose error remembers the name and what it was looked up on."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Any = UndefinedError,
    ) -> None:
        if exc is UndefinedError and hint is None:
            exc = partial(UndefinedNameError, name=name, owner=obj)
        super().__init__(hint, obj, name, exc)
