"""dbt's rules for the names of relations, as plain functions that a project's own macros may stand in for.

https://docs.getdbt.com/docs/build/custom-schemas, custom-aliases and custom-databases.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlbackfill.dataclass import dataclass
from sqlbackfill.project.target import Target

GenerateName = Callable[[str | None, str, Target], str]
"""(custom name of the config, model, target) to the name that the relation gets."""


def generate_schema_name(custom: str | None, model: str, target: Target) -> str:  # noqa: ARG001
    """The target's schema, or `target.schema_custom`."""
    return f"{target.schema}_{custom}" if custom else target.schema


def generate_alias_name(custom: str | None, model: str, target: Target) -> str:  # noqa: ARG001
    """The alias, or the model's name."""
    return custom or model


def generate_database_name(custom: str | None, model: str, target: Target) -> str:  # noqa: ARG001
    """The configured database, or the target's: that alone where it stands in for another."""
    return target.database if target.sources is not None else custom or target.database


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """The three rules. A project that overrides a `generate_*_name` macro passes its own here."""

    schema: GenerateName = generate_schema_name
    alias: GenerateName = generate_alias_name
    database: GenerateName = generate_database_name


DBT_NAMES = NameRules()
