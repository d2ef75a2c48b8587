"""Dataclasses as the standard library makes them, but whose `__init__` is compiled with the first instance.

A command declares some three hundred. To compile five or six functions for each of them, as the
standard library does when a module is imported, was a third of a short command's time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, **more):
        """The decorator of `dataclasses`; `more` is `eq`, `order` and `repr`."""

        def decorate(cls):
            if not slots or cls.__bases__ != (object,):
                standard = dataclasses.dataclass(
                    frozen=frozen, slots=slots, kw_only=kw_only, **more
                )
                return standard(cls)
            return _declared(cls, _Shape(cls, is_frozen=frozen, is_kw_only=kw_only), **more)

        return decorate if cls is None else decorate(cls)

    def replace(instance, /, **changes):
        """What `dataclasses.replace` gives."""
        shape = getattr(instance, "__shape__", None)
        if shape is None:
            return dataclasses.replace(instance, **changes)
        for name in shape.given:
            if name not in changes:
                changes[name] = getattr(instance, name)
        return instance.__class__(**changes)


class _Shape:
    """What a class declares: the names of its fields in order, their defaults, how it is decorated."""

    __slots__ = ("annotations", "defaults", "given", "is_frozen", "is_kw_only", "names")

    def __init__(self, cls: type[Any], *, is_frozen: bool, is_kw_only: bool) -> None:
        self.annotations = cls.__annotations__
        self.names = tuple(
            name for name, kind in self.annotations.items() if "ClassVar" not in str(kind)
        )
        self.defaults = {name: cls.__dict__[name] for name in self.names if name in cls.__dict__}
        self.is_frozen = is_frozen
        self.is_kw_only = is_kw_only
        self.given = self.where(lambda found: found.init)

    def field(self, name: str) -> Field[Any]:
        """The field `name` as it was declared, with its default."""
        default = self.defaults.get(name, MISSING)
        return default if isinstance(default, Field) else _PLAIN

    def where(self, is_wanted: Callable[[Field[Any]], bool | None]) -> tuple[str, ...]:
        return tuple(name for name in self.names if is_wanted(self.field(name)))


_PLAIN: Field[Any] = field()


def _declared(
    cls: type[Any],
    shape: _Shape,
    *,
    eq: bool = True,
    order: bool = False,
    repr: bool = True,  # noqa: A002 - the standard library's name
) -> type[Any]:
    """`cls` anew, with slots and with methods that need no compiling."""
    body = {name: value for name, value in cls.__dict__.items() if name not in shape.defaults}
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    body |= {"__slots__": shape.names, "__shape__": shape, "__qualname__": cls.__qualname__}
    for name in ("__dataclass_fields__", "__dataclass_params__", "__match_args__"):
        body[name] = _Late(name)
    if repr:
        body.setdefault("__repr__", _repr_of(shape))
    if eq:
        _add_comparison(body, shape, is_ordered=order)
    if shape.is_frozen:
        body |= {
            "__setattr__": _refuse_to_set,
            "__delattr__": _refuse_to_delete,
            "__getstate__": _state,
            "__setstate__": _set_state,
        }
    declared: type[Any]

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        declared.__init__ = compiled = _compiled_init(declared, shape)
        compiled(self, *args, **kwargs)

    body.setdefault("__init__", __init__)
    declared = type(cls.__name__, cls.__bases__, body)
    return declared


def _compiled_init(cls: type[Any], shape: _Shape) -> Callable[..., None]:
    """`__init__` as the standard library writes it."""
    names: dict[str, Any] = {"_MISSING": MISSING}
    positional: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for name in shape.names:
        found, default = shape.field(name), shape.defaults.get(name, MISSING)
        if found is not _PLAIN:
            default = found.default
        value = parameter = name
        if found.default_factory is not MISSING:
            names[f"_make_{name}"] = found.default_factory
            value = f"_make_{name}()"
            if found.init:
                parameter = f"{name}=_MISSING"
                value = f"{value} if {name} is _MISSING else {name}"
        elif default is not MISSING:
            names[f"_default_{name}"] = default
            parameter = f"{name}=_default_{name}"
            if not found.init:
                value = f"_default_{name}"
        elif not found.init:
            continue
        if found.init:
            is_named = shape.is_kw_only if found.kw_only in (MISSING, None) else found.kw_only
            (named if is_named else positional).append(parameter)
        names[f"_set_{name}"] = cls.__dict__[name].__set__
        body.append(f"_set_{name}(self, {value})" if shape.is_frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(["self", *positional, *(["*", *named] if named else [])])
    exec(f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"]), names)  # noqa: S102
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _add_comparison(body: dict[str, Any], shape: _Shape, *, is_ordered: bool) -> None:
    key = _values(shape.where(lambda found: found.compare))
    hashed = _values(shape.where(lambda found: found.compare if found.hash is None else found.hash))

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(hashed(self))

    def __lt__(self: Any, other: object) -> Any:  # noqa: N807
        return key(self) < key(other) if other.__class__ is self.__class__ else NotImplemented

    def __le__(self: Any, other: object) -> Any:  # noqa: N807
        return key(self) <= key(other) if other.__class__ is self.__class__ else NotImplemented

    def __gt__(self: Any, other: object) -> Any:  # noqa: N807
        return key(self) > key(other) if other.__class__ is self.__class__ else NotImplemented

    def __ge__(self: Any, other: object) -> Any:  # noqa: N807
        return key(self) >= key(other) if other.__class__ is self.__class__ else NotImplemented

    # A class that says what equals what, and nothing of hashes, comes with None for `__hash__`.
    if body.get("__hash__") is None:
        body["__hash__"] = __hash__ if shape.is_frozen else None
    body.setdefault("__eq__", __eq__)
    if is_ordered:
        body |= {"__lt__": __lt__, "__le__": __le__, "__gt__": __gt__, "__ge__": __ge__}


def _values(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return lambda self: (get(self),)


def _repr_of(shape: _Shape) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = shape.where(lambda found: found.repr)
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    return __repr__


def _refuse_to_set(self: object, name: str, value: object) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__shape__.names]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__shape__.names, state, strict=True):
        object.__setattr__(self, name, value)


class _Late:
    """What the standard library keeps of a class for `fields`, `match` and others: made when asked for."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, _: object, owner: type[Any]) -> Any:
        shape: _Shape = owner.__dict__["__shape__"]
        twin = type(
            owner.__name__,
            (),
            {
                **shape.defaults,
                "__annotations__": shape.annotations,
                "__module__": owner.__module__,
                "__doc__": owner.__doc__,
            },
        )
        dataclasses.dataclass(frozen=shape.is_frozen, kw_only=shape.is_kw_only, repr=False)(twin)
        for name in ("__dataclass_fields__", "__dataclass_params__", "__match_args__"):
            setattr(owner, name, getattr(twin, name))
        return getattr(twin, self.name)
