"""Reads values by the path of their key and records what does not fit at the key's place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config_values import RefusedValue
from sqlbackfill.project.findings import Findings, suggestion

T = TypeVar("T")
Reader = Callable[[object], T]


@dataclass(frozen=True, slots=True)
class ValueReader:
    """Reads values and records what is wrong with them at the place of their key.

    `fallback` is where a key without a known place is reported.
    """

    spans: Mapping[str, SourceSpan]
    fallback: SourceSpan | None
    findings: Findings

    def span(self, path: str) -> SourceSpan | None:
        """The place of `path`, or of the nearest key above it."""
        while path:
            if path in self.spans:
                return self.spans[path]
            path = path.rpartition(".")[0]
        return self.fallback

    def read(self, path: str, value: object, reader: Reader[T]) -> T | None:
        """The value as `reader` reads it; None for null and for what it refuses (recorded)."""
        if value is None:
            return None
        try:
            return reader(value)
        except RefusedValue as refused:
            message = f"`{path}` {refused.message}"
            self.findings.error(refused.code, message, self.span(path), refused.fix)
            return None

    def read_all(
        self, prefix: str, values: Mapping[str, object], readers: Mapping[str, Reader[Any]]
    ) -> dict[str, Any]:
        """The values that `readers` know, by key; null and refused ones are left out."""
        found: dict[str, Any] = {}
        for key, value in values.items():
            if key in readers:
                taken = self.read(f"{prefix}.{key}" if prefix else key, value, readers[key])
                if taken is not None:
                    found[key] = taken
        return found

    def unknown(self, prefix: str, keys: Iterable[str], known: Iterable[str]) -> None:
        """Warns of keys below `prefix` that are not known."""
        known = tuple(known)
        for key in keys:
            if key not in known:
                self.findings.warning(
                    "UNKNOWN_CONFIG_KEY",
                    f"unknown key `{key}` under {prefix}{suggestion(key, known)}",
                    self.span(f"{prefix}.{key}"),
                    f"use one of {', '.join(sorted(known))}",
                )
