"""Reads the unit tests of models from the properties yml, as dbt has them. Runs nothing.

https://docs.getdbt.com/reference/resource-properties/unit-tests
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.files import read_text, walk
from sqlbackfill.project.findings import Findings, suggestion
from sqlbackfill.project.properties import mappings, named
from sqlbackfill.project.unit_test import UnitInput, UnitRows, UnitTest
from sqlbackfill.project.unit_test_rows import Fixtures, read_rows
from sqlbackfill.project.yml import Render, Yml, read_yml

_YML: Final = frozenset({"yml", "yaml"})
_KEYS: Final = frozenset(
    [
        "name",
        "model",
        "given",
        "expect",
        "overrides",
        "config",
        "description",
        "versions",
        "partitions",
        "meta",
    ]
)
_INPUT_KEYS: Final = frozenset(["input", "rows", "format", "fixture"])
_OVERRIDE_KEYS: Final = frozenset(["vars", "macros", "env_vars"])
_INPUT: Final = re.compile(
    r"""\s*(?:
        (?P<this>this)
      | ref\s*\(\s*(?:['"][^'"]+['"]\s*,\s*)?['"](?P<ref>[^'"]+)['"]\s*(?:,\s*v(?:ersion)?\s*=\s*(?P<v>\w+)\s*)?\)
      | source\s*\(\s*['"](?P<source>[^'"]+)['"]\s*,\s*['"](?P<table>[^'"]+)['"]\s*\)
    )\s*""",
    re.VERBOSE,
)


def read_unit_tests(
    root: Path, folders: tuple[str, ...], test_folders: tuple[str, ...], render: Render
) -> tuple[UnitTest, ...]:
    """The tests that the yml files below `folders` define, in the order of their places.

    Disabled ones are left out. Fixtures lie in `fixtures` of `test_folders`. `render` evaluates the
    Jinja of `config` and `overrides`; rows are taken as they are. Raises ProjectError with every
    BAD_UNIT_TEST and MALFORMED_YML.
    """
    findings = Findings()
    fixtures = Fixtures(root, test_folders)
    found: dict[tuple[str, str], UnitTest] = {}
    for folder in dict.fromkeys(folders):
        for file in walk(root, folder, _YML):
            text = read_text(file.path, file.shown, findings)
            if text is None or "unit_tests" not in text:
                continue
            top = read_yml(file.shown, text, render, findings)
            entries = top.child("unit_tests") if top is not None else None
            if entries is None:
                continue
            for test in _tests(entries, fixtures, findings):
                first = found.setdefault((test.model, test.name), test)
                if first is not test:
                    findings.error(
                        "BAD_UNIT_TEST",
                        f"`{test.model}` has two unit tests called `{test.name}`",
                        test.span,
                        f"rename one; the other is in {first.span.file}, line {first.span.line}",
                    )
    findings.raise_errors()
    return tuple(found.values())


def _tests(entries: Yml, fixtures: Fixtures, findings: Findings) -> Iterator[UnitTest]:
    for entry in mappings("unit_tests", entries, findings):
        name = named("unit test", entry, findings)
        if name is None:
            continue
        reader = _TestReader(name[0], name[1], entry.parts(), fixtures, findings)
        reader.refuse_unknown(entry, _KEYS, f"of unit test `{name[0]}`")
        test = reader.test()
        if test is not None:
            yield test


@dataclass(frozen=True, slots=True)
class _TestReader:
    """Reads one entry and records what is wrong with it."""

    name: str
    span: SourceSpan
    parts: Mapping[str, Yml]
    fixtures: Fixtures
    findings: Findings

    def refuse(self, message: str, span: SourceSpan, fix: str) -> None:
        self.findings.error("BAD_UNIT_TEST", f"unit test `{self.name}`: {message}", span, fix)

    def refuse_unknown(self, node: Yml, known: frozenset[str], where: str) -> None:
        for key, span in node.keys_but(known):
            self.refuse(
                f"unknown key `{key}` {where}{suggestion(key, known)}",
                span,
                f"use one of {', '.join(sorted(known))}",
            )

    def test(self) -> UnitTest | None:
        config = self._mapping("config")
        if config.get("enabled") is False:
            return None
        model = self._text("model")
        expect = self.parts.get("expect")
        if expect is None:
            self.refuse("it expects nothing", self.span, "add `expect:` with `rows:`")
        rows = self._rows(expect, "expect") if expect is not None else None
        given = tuple(self._given())
        overrides = self._overrides()
        if model is None or rows is None:
            return None
        partitions, partitions_span = self._partitions(config)
        tags = config.get("tags") or ()
        return UnitTest(
            name=self.name,
            model=model,
            span=self.span,
            given=given,
            expect=rows,
            description=str(self._value("description") or "").strip(),
            vars=overrides.get("vars", {}),
            macros=overrides.get("macros", {}),
            env_vars={key: str(value) for key, value in overrides.get("env_vars", {}).items()},
            tags=(tags,) if isinstance(tags, str) else tuple(map(str, _listed(tags))),
            partitions=partitions,
            partitions_span=partitions_span,
        )

    def _value(self, key: str) -> object:
        return self.parts[key].value(rendered=False) if key in self.parts else None

    def _text(self, key: str) -> str | None:
        value = self._value(key)
        if isinstance(value, str) and value:
            return value
        span = self.parts[key].span if key in self.parts else self.span
        self.refuse(f"it names no `{key}`", span, f"add `{key}:` with a name")
        return None

    def _mapping(self, key: str) -> Mapping[str, object]:
        node = self.parts.get(key)
        if node is None or node.is_null:
            return {}
        if not node.is_mapping:
            self.refuse(
                f"`{key}` must be a mapping, not {node.kind}", node.span, "write key: value"
            )
            return {}
        value = node.value(key)
        return value if isinstance(value, dict) else {}

    def _overrides(self) -> dict[str, dict[str, object]]:
        node = self.parts.get("overrides")
        values = self._mapping("overrides")
        if node is not None and node.is_mapping:
            self.refuse_unknown(node, _OVERRIDE_KEYS, "of overrides")
        found: dict[str, dict[str, object]] = {}
        for key, value in values.items():
            if isinstance(value, dict):
                found[key] = value
            elif value is not None and node is not None:
                self.refuse(f"`overrides.{key}` must be a mapping", node.span, "write name: value")
        return found

    def _given(self) -> Iterator[UnitInput]:
        node = self.parts.get("given")
        if node is None or node.is_null:
            return
        seen: dict[str, SourceSpan] = {}
        for entry in mappings("given", node, self.findings):
            self.refuse_unknown(entry, _INPUT_KEYS, "of an input")
            written = entry.child("input")
            text = written.value(rendered=False) if written is not None else None
            found = _INPUT.fullmatch(text) if isinstance(text, str) else None
            if found is None:
                span = written.span if written is not None else entry.span
                fix = "write input: ref('model'), source('name', 'table') or this"
                self.refuse(f"`{text}` is no input" if text else "an input has no name", span, fix)
                continue
            target = _target(found)
            if target in seen:
                self.refuse(f"`{text}` is given twice", entry.span, "join the rows")
                continue
            seen[target] = entry.span
            rows = self._rows(entry, str(text))
            if rows is not None:
                yield UnitInput(target=target, rows=rows, span=entry.span)

    def _rows(self, node: Yml, where: str) -> UnitRows | None:
        if not node.is_mapping:
            self.refuse(f"`{where}` must be a mapping, not {node.kind}", node.span, "add `rows:`")
            return None
        if where == "expect":
            self.refuse_unknown(node, _INPUT_KEYS - {"input"}, "of expect")
        return read_rows(node, where, self.fixtures, self.refuse)

    def _partitions(
        self, config: Mapping[str, object]
    ) -> tuple[tuple[str, ...], SourceSpan | None]:
        """`partitions:`, or the same under config.meta.sqlbackfill, where dbt knows of no such key."""
        node = self.parts.get("partitions")
        value, span = (node.value(), node.span) if node is not None else (None, None)
        if node is None:
            meta = config.get("meta")
            ours = meta.get("sqlbackfill") if isinstance(meta, dict) else None
            if isinstance(ours, dict) and "partitions" in ours:
                value, span = ours["partitions"], self.parts["config"].span
        if value is None:
            return (), None
        return tuple(str(item) for item in _listed(value)), span


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _target(found: re.Match[str]) -> str:
    if found["this"]:
        return "this"
    if found["source"]:
        return f"source:{found['source']}.{found['table']}"
    return f"ref:{found['ref']}" + (f".v{found['v']}" if found["v"] else "")
