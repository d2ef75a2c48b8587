"""Stand-ins that analysis renders with: they leave a marker where they are printed and remember
every other use. Owns no Jinja; `sandbox` hands them to whatever templates call.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.types import BoundUse

_BOUND: Final = re.compile(r"__sb_(start|end|key)_(\d+)__", re.IGNORECASE)
_RELATION: Final = re.compile(r"__sb_occurrence_(\d+)__", re.IGNORECASE)


@dataclass(slots=True)
class Uses:
    """What one analysis has seen of the partition's bounds and of relations as text.

    `where` tells the place that is being rendered; `place` is that of the first use that was no print.
    """

    where: Callable[[], SourceSpan | None] = lambda: None
    printed: list[object] = field(default_factory=list)
    in_control_flow: bool = False
    as_value: bool = False
    key: bool = False
    relations_as_value: bool = False
    place: SourceSpan | None = None

    def print(self, name: str, sample: object) -> MarkedText:
        """The marker of one print of the bound called `name`, numbered until `settle`."""
        if name == "key":
            self.key = True
            self._note_place()
        self.printed.append(sample)
        return MarkedText.of(f"__sb_{name}_{len(self.printed) - 1}__", self)

    def concrete(self, text: str) -> str:
        """`text` with the sample in place of each bound's marker."""
        return _BOUND.sub(lambda found: str(self.printed[int(found[2])]), plain(text))

    def text_used(self, text: str, *, in_control_flow: bool) -> str:
        """Records that marked `text` was computed with or compared; its concrete form."""
        text = plain(text)
        if _RELATION.search(text):
            self.relations_as_value = True
            self._note_place()
        if _BOUND.search(text):
            self.bound_used(in_control_flow=in_control_flow)
        return self.concrete(text)

    def bound_used(self, *, in_control_flow: bool) -> None:
        if in_control_flow:
            self.in_control_flow = True
        else:
            self.as_value = True
        self._note_place()

    def _note_place(self) -> None:
        self.place = self.place or self.where()

    def settle(self, texts: Iterable[str]) -> tuple[list[str], BoundUse]:
        """The rendered pieces with the plain markers, and how the bounds were used.

        A print that stands nowhere in the text was taken apart on a way that nothing here saw.
        """
        standing: set[int] = set()

        def marker(found: re.Match[str]) -> str:
            standing.add(int(found[2]))
            return f"__sb_{found[1].lower()}__"

        settled = [_BOUND.sub(marker, plain(text)) for text in texts]
        return settled, BoundUse(
            printed=bool(self.printed),
            in_control_flow=self.in_control_flow,
            as_value=self.as_value or len(standing) < len(self.printed),
            key=self.key,
            place=self.place,
        )


class MarkedText(str):
    """Text that holds markers. Joining keeps it, any other operation is remembered."""

    __slots__ = ("uses",)
    uses: Uses

    @classmethod
    def of(cls, text: str, uses: Uses) -> MarkedText:
        marked = cls(text)
        marked.uses = uses
        return marked

    def __str__(self) -> str:
        return self

    def __bool__(self) -> bool:
        return True

    def __add__(self, other: str) -> str:
        return self.of(str.__add__(self, other), self.uses)

    def __radd__(self, other: str) -> str:
        return self.of(str.__add__(other, self), self.uses)

    def __format__(self, spec: str) -> str:
        return self if not spec else format(self.computed(), spec)

    def __iter__(self) -> Iterator[str]:
        return iter(self.compared())

    def __hash__(self) -> int:
        return hash(self.compared())

    def computed(self) -> str:
        return self.uses.text_used(self, in_control_flow=False)

    def compared(self) -> str:
        return self.uses.text_used(self, in_control_flow=True)

    def strip(self, chars: str | None = None, /) -> str:
        return self.of(str.strip(self, chars), self.uses)

    def lstrip(self, chars: str | None = None, /) -> str:
        return self.of(str.lstrip(self, chars), self.uses)

    def rstrip(self, chars: str | None = None, /) -> str:
        return self.of(str.rstrip(self, chars), self.uses)

    def join(self, parts: Iterable[str], /) -> str:
        return self.of(str.join(self, parts), self.uses)


class SymbolicBound:
    """A bound of a partition that is not chosen yet: prints a marker, computes with a sample."""

    __slots__ = ("name", "sample", "uses")

    def __init__(self, name: str, sample: object, uses: Uses) -> None:
        self.name = name
        self.sample = sample
        self.uses = uses

    def __str__(self) -> str:
        return self.uses.print(self.name, self.sample)

    def __format__(self, spec: str) -> str:
        return str(self) if not spec else format(self.computed(), spec)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.computed(), name)

    def computed(self) -> Any:
        self._note(in_control_flow=False)
        return self.sample

    def compared(self) -> Any:
        self._note(in_control_flow=True)
        return self.sample

    def _note(self, *, in_control_flow: bool) -> None:
        self.uses.key = self.uses.key or self.name == "key"
        self.uses.bound_used(in_control_flow=in_control_flow)


def plain(text: str) -> str:
    """`text` as an exact str, on which nothing is remembered."""
    return str.__str__(text)


def is_symbolic(value: object) -> bool:
    """Whether `value` is a bound that is not chosen yet, or text that holds markers."""
    return type(value) is MarkedText or type(value) is SymbolicBound


def concrete(value: Any, *, in_control_flow: bool = False) -> Any:
    """`value` to compute with, recorded where it is symbolic; any other value as it is."""
    if not is_symbolic(value):
        return value
    return value.compared() if in_control_flow else value.computed()


def holds_symbolic(value: Any) -> bool:
    """Whether `value` is symbolic, or a list, tuple, set or mapping with something symbolic in it."""
    match value:
        case dict():
            return any(map(holds_symbolic, value.values()))
        case list() | tuple() | set():
            return any(map(holds_symbolic, value))
        case _:
            return is_symbolic(value)


def concrete_within(value: Any) -> Any:
    """`value` to compute with, also where the symbolic ones stand in lists and mappings."""
    if not holds_symbolic(value):
        return value
    match value:
        case dict():
            return {key: concrete_within(item) for key, item in value.items()}
        case list() | tuple() | set():
            return type(value)(map(concrete_within, value))
        case _:
            return concrete(value)


def marked_like(text: Any, parts: Iterable[object]) -> Any:
    """`text` as text that holds the markers of `parts`, if any of them is symbolic."""
    if type(text) is str:
        for part in parts:
            if is_symbolic(part):
                return MarkedText.of(text, part.uses)  # type: ignore[attr-defined]  # both have it
    return text


def join_text(parts: Iterable[str]) -> str:
    """The parts as one text, marked where one of them is."""
    parts = parts if isinstance(parts, (list, tuple)) else list(parts)
    text = "".join(parts)
    for part in parts:
        if type(part) is MarkedText:
            return MarkedText.of(text, part.uses)
    return text


def _deferred(method: Callable[..., Any], *, in_control_flow: bool) -> Callable[..., Any]:
    def use(self: Any, *others: Any, **named: Any) -> Any:
        own = self.compared() if in_control_flow else self.computed()
        rest = [concrete(other, in_control_flow=in_control_flow) for other in others]
        return method(own, *rest, **named)

    return use


def _reflected(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda own, other: method(other, own)


def _install(target: type, methods: Mapping[str, Callable[..., Any]], *, flow: bool) -> None:
    for name, method in methods.items():
        setattr(target, name, _deferred(method, in_control_flow=flow))


_COMPARISONS: Final[Mapping[str, Callable[..., Any]]] = {
    **{f"__{name}__": getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    "__contains__": operator.contains,
}
_ARITHMETIC: Final = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_OWN: Final = frozenset(vars(MarkedText)) | {"format", "format_map"}  # the sandbox wraps these two
_NUMBERS: Final[Mapping[str, Callable[..., Any]]] = {
    **{f"__{name}__": getattr(operator, name) for name in _ARITHMETIC},
    **{f"__r{name}__": _reflected(getattr(operator, name)) for name in _ARITHMETIC},
}
_TEXTS: Final[Mapping[str, Callable[..., Any]]] = {
    name: method
    for name, method in vars(str).items()
    if callable(method) and name not in _OWN and not name.startswith("__")
}

_install(MarkedText, _COMPARISONS, flow=True)
_install(
    MarkedText,
    {
        **_TEXTS,
        "__getitem__": operator.getitem,
        "__mul__": operator.mul,
        "__mod__": operator.mod,
        "__len__": len,
        "__repr__": repr,
    },
    flow=False,
)
_install(
    SymbolicBound,
    {**_COMPARISONS, "__bool__": bool, "__hash__": hash, "__iter__": iter},
    flow=True,
)
_install(
    SymbolicBound,
    {
        **_NUMBERS,
        "__getitem__": operator.getitem,
        "__len__": len,
        "__int__": int,
        "__float__": float,
        "__neg__": operator.neg,
        "__abs__": abs,
        "__repr__": repr,
    },
    flow=False,
)
