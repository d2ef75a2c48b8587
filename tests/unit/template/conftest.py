"""A small project of templates: one model, macros given as texts, relations that need no warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.template.templates import Templates
from sqlbackfill.template.types import (
    ExternalRelation,
    PartitionNames,
    RefTarget,
    Rendered,
    RunWindow,
    Scan,
    TemplateInput,
    TemplateSettings,
)
from sqlbackfill.warehouse.protocol import Relation

DAY = RunWindow(type=BoundType.DATE, start=date(2013, 1, 1), end=date(2013, 1, 2), key="2013-01-01")
SETTINGS = TemplateSettings(
    project="shop",
    vars={"start_date": "2013-01-01", "countries": ["eu", "us"]},
    target={
        "name": "dev",
        "type": "duckdb",
        "database": "db",
        "schema": "main",
        "password": "hush",
    },
    env={"HOME": "/home/me", "DBT_ENV_SECRET_KEY": "s3cr3t"},
    run_started_at=datetime(2024, 1, 1, 12, tzinfo=UTC),
    invocation_id="run-1",
)


@dataclass(frozen=True)
class File:
    file: str
    text: str
    package: str = "shop"


@dataclass
class Project:
    """Everything is called `main.NAME`; `ephemeral` are the SQL texts of ephemeral models."""

    macros: Sequence[File] = ()
    settings: TemplateSettings = SETTINGS
    ephemeral: Mapping[str, str] = field(default_factory=dict)

    def ref(self, name: str, package: str | None) -> RefTarget | None:
        if name in self.ephemeral:
            return TemplateInput(name=name, file=f"models/{name}.sql", sql=self.ephemeral[name])
        return None if name == "absent" else Relation("db", "main", name)

    def source(self, source: str, table: str) -> ExternalRelation:
        return ExternalRelation(f"read_parquet('data/{table}.parquet')", table)

    @property
    def templates(self) -> Templates:
        return Templates(
            self.settings,
            self.macros,
            quote=lambda relation: f'"{relation.schema}"."{relation.identifier}"',
            quote_name=lambda name: '"' + name.replace('"', '""') + '"',
        )

    def with_macros(self, *texts: str, package: str = "shop") -> Project:
        folder = "macros" if package == "shop" else f"dbt_packages/{package}/macros"
        files = [File(f"{folder}/{i}.sql", text, package) for i, text in enumerate(texts)]
        return replace(self, macros=[*self.macros, *files])

    def with_settings(self, **changes: object) -> Project:
        return replace(self, settings=replace(self.settings, **changes))

    def model(
        self, sql: str, *, kind: BoundType = BoundType.DATE, **known: object
    ) -> TemplateInput:
        return TemplateInput(
            name="daily",
            file="models/daily.sql",
            sql=sql,
            relation=Relation("db", "main", "daily"),
            partition=PartitionNames(column="day", grain="day", type=kind),
            **known,
        )

    def analyse(self, sql: str, **known: object) -> Rendered:
        return self.templates.analyse(self.model(sql, **known), self)

    def run(
        self,
        sql: str,
        window: RunWindow | None = DAY,
        scans: Mapping[int, Scan] | None = None,
        expected: Sequence[str] | None = None,
        **known: object,
    ) -> Rendered:
        templates = self.templates
        kind = window.type if window else BoundType.DATE
        model = self.model(sql, kind=kind, **known)
        if expected is None:
            expected = templates.analyse(model, self).targets
        return templates.render(model, window, scans or {}, lookup=self, expected=expected)

    def error(self, sql: str, **known: object) -> Diagnostic:
        with pytest.raises(ProjectError) as caught:
            self.analyse(sql, **known)
        return caught.value.diagnostics[0]

    def run_error(self, sql: str, *args: object, **known: object) -> Diagnostic:
        with pytest.raises(ProjectError) as caught:
            self.run(sql, *args, **known)
        return caught.value.diagnostics[0]


def place(found: Diagnostic) -> tuple[str, int, int]:
    assert found.span is not None
    return found.span.file, found.span.line, found.span.column


@pytest.fixture
def project() -> Project:
    return Project()


@pytest.fixture(name="place")
def _place():
    return place


@pytest.fixture
def day() -> RunWindow:
    return DAY
