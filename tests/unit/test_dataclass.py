"""Our dataclasses do what the standard library's do, though they are compiled later."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
import pytest

import sqlbackfill
from sqlbackfill import dataclass as ours
from sqlbackfill.dataclass import dataclass, field, replace

Decorator = Callable[..., Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


def declared(dataclass: Decorator) -> SimpleNamespace:
    """The same classes by either decorator."""

    @dataclass(frozen=True, slots=True)
    class Value:
        """A value."""

        a: int
        b: str = "b"
        c: tuple[int, ...] = field(default_factory=tuple)
        d: dict[str, int] = field(default_factory=dict, hash=False)
        e: int = field(default=5, compare=False, repr=False)
        limit: ClassVar[int] = 3

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Named:
        a: int
        b: int = 2
        double: int = field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("too small")
            object.__setattr__(self, "double", 2 * self.a)

    @dataclass(slots=True)
    class Mutable:
        a: int
        found: list[int] = field(default_factory=list)
        seen: int = field(default=7, init=False)
        made: list[int] = field(default_factory=list, init=False)

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        a: int
        b: int

    @dataclass(frozen=True, slots=True, eq=False)
    class Same:
        a: int

    @dataclass(frozen=True, slots=True, repr=False)
    class Secret:
        a: int

    @dataclass(frozen=True, slots=True)
    class Spelled:
        a: int

        def __repr__(self) -> str:
            return "spelled"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 4

    @dataclass(frozen=True, slots=True)
    class EqualByHand:  # noqa: PLW1641 - its hash is generated
        a: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, EqualByHand)

    @dataclass(frozen=True, slots=True)
    class Empty:
        pass

    @dataclass(frozen=True, slots=True)
    class Kind(Generic[T]):
        a: T

    @dataclass(frozen=True, slots=True)
    class One:
        a: float

    return SimpleNamespace(**{k: v for k, v in locals().items() if isinstance(v, type)})


@pytest.fixture(params=[dataclass, dataclasses.dataclass], ids=["ours", "standard"])
def made(request: pytest.FixtureRequest) -> SimpleNamespace:
    return declared(request.param)


def test_defaults_are_taken_in_order_and_by_name(made: SimpleNamespace) -> None:
    value = made.Value(1, c=(2,))
    assert (value.a, value.b, value.c, value.d, value.e) == (1, "b", (2,), {}, 5)
    assert made.Value(1).d is not made.Value(1).d
    named = made.Named(a=4)
    assert (named.b, named.double) == (2, 8)
    assert made.Value.limit == 3
    mutable = made.Mutable(1)
    assert (mutable.found, mutable.seen, mutable.made) == ([], 7, [])


def test_what_is_missing_or_unknown_is_an_error_that_names_the_class(made: SimpleNamespace) -> None:
    with pytest.raises(TypeError, match=r"Value.__init__\(\) missing 1 required.*'a'"):
        made.Value()
    with pytest.raises(TypeError, match=r"Value.__init__\(\) got an unexpected keyword.*'z'"):
        made.Value(1, z=3)
    with pytest.raises(TypeError, match=r"Named.__init__\(\) takes 1 positional"):
        made.Named(1)
    with pytest.raises(TypeError):
        made.Mutable(1, seen=3)


def test_an_instance_that_is_refused_is_refused_each_time(made: SimpleNamespace) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="too small"):
            made.Named(a=-1)


def test_a_frozen_instance_cannot_be_changed(made: SimpleNamespace) -> None:
    value = made.Value(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
        value.a = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
        del value.a
    mutable = made.Mutable(1)
    mutable.a = 2
    assert mutable.a == 2
    with pytest.raises(AttributeError):
        mutable.other = 3


def test_instances_are_equal_by_the_fields_that_are_compared(made: SimpleNamespace) -> None:
    assert made.Value(1, e=1) == made.Value(1, e=2)
    assert made.Value(1) != made.Value(2)
    assert made.Value(1) != made.Ordered(1, 2)
    assert made.Empty() == made.Empty()
    assert made.One(1.0) == made.One(1.0)
    same = made.Same(1)
    assert same == same
    assert same != made.Same(1)
    assert made.Spelled(1) == made.Spelled(2)
    assert made.EqualByHand(1) == made.EqualByHand(2)
    nothing = float("nan")
    assert made.One(nothing) == made.One(nothing)


def test_only_frozen_instances_have_hashes_and_not_of_what_is_left_out(
    made: SimpleNamespace,
) -> None:
    assert hash(made.Value(1, d={"a": 1})) == hash(made.Value(1, d={"b": 2}))
    assert hash(made.Value(1)) != hash(made.Value(2))
    assert hash(made.Spelled(1)) == 4
    assert hash(made.EqualByHand(1)) != hash(made.EqualByHand(2))
    assert isinstance(hash(made.Same(1)), int)
    assert hash(made.Empty()) == hash(made.Empty())
    with pytest.raises(TypeError, match="unhashable"):
        hash(made.Mutable(1))


def test_order_is_by_the_fields_and_among_the_same_class(made: SimpleNamespace) -> None:
    low, high = made.Ordered(1, 2), made.Ordered(1, 3)
    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    with pytest.raises(TypeError):
        low < made.One(1.0)  # noqa: B015


def test_an_instance_is_shown_by_its_fields(made: SimpleNamespace) -> None:
    assert repr(made.Value(1)).endswith("Value(a=1, b='b', c=(), d={})")
    assert repr(made.Named(a=1)).endswith("Named(a=1, b=2)")
    assert repr(made.Spelled(1)) == "spelled"
    assert "a=1" not in repr(made.Secret(1))
    assert repr(made.Empty()).endswith("Empty()")


def test_fields_are_known_to_those_who_ask_for_them(made: SimpleNamespace) -> None:
    assert dataclasses.is_dataclass(made.Value)
    assert [f.name for f in dataclasses.fields(made.Value)] == ["a", "b", "c", "d", "e"]
    assert [f.init for f in dataclasses.fields(made.Named(a=1))] == [True, True, False]
    assert dataclasses.asdict(made.Ordered(1, 2)) == {"a": 1, "b": 2}
    match made.Ordered(1, 2):
        case made.Ordered(a, b):
            assert (a, b) == (1, 2)
    assert made.Named.__match_args__ == ()


def test_a_value_with_changes_is_made_and_checked_anew(made: SimpleNamespace) -> None:
    for changed in (replace, dataclasses.replace):
        assert changed(made.Value(1, e=9), b="c") == made.Value(1, "c")
        assert changed(made.Value(1, e=9), b="c").e == 9
        assert changed(made.Named(a=1), a=2).double == 4
        with pytest.raises(ValueError, match="too small"):
            changed(made.Named(a=1), a=-1)


def test_instances_are_copied(made: SimpleNamespace) -> None:
    value = made.Value(1, d={"a": 1})
    copied = copy.deepcopy(value)
    assert copied == value
    assert copied.d is not value.d
    assert copy.copy(made.Mutable(1, [2])).found == [2]
    assert copy.copy(made.Kind(1)).a == 1


def test_instances_are_pickled_and_encoded() -> None:
    point = Point(1, 2)
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301
    assert msgspec.json.decode(msgspec.json.encode(point), type=Point) == point
    assert msgspec.json.decode(b'{"x": 3}', type=Point) == Point(3)


def every_dataclass() -> Iterator[type[Any]]:
    for module in pkgutil.walk_packages(sqlbackfill.__path__, "sqlbackfill."):
        if module.name.endswith("__main__"):
            continue
        for found in vars(importlib.import_module(module.name)).values():
            is_class = isinstance(found, type) and found.__module__ == module.name
            if is_class and "__shape__" in vars(found):
                yield found


def test_every_dataclass_of_ours_takes_what_the_standard_library_would_have_it_take() -> None:
    found = list(every_dataclass())
    assert len(found) > 200
    for cls in found:
        shape = vars(cls)["__shape__"]
        members = {**shape.defaults, "__annotations__": shape.annotations}
        standard = dataclasses.dataclass(frozen=shape.is_frozen, kw_only=shape.is_kw_only)(
            type(cls.__name__, (), members)
        )
        compiled = inspect.signature(ours._compiled_init(cls, shape)).parameters.values()
        wanted = inspect.signature(standard.__init__).parameters.values()
        assert [(p.name, p.kind) for p in compiled] == [(p.name, p.kind) for p in wanted], cls
        assert [p.default is p.empty for p in compiled] == [p.default is p.empty for p in wanted]
