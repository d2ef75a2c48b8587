"""The concrete adapters: chosen by a target's type, imported when one is wanted."""

from __future__ import annotations

from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.project.target import Target
from sqlbackfill.warehouse.protocol import Adapter


def adapter_for(target: Target) -> Adapter:
    """The adapter that `target` names; nothing is connected to yet.

    Raises ProjectError UNSUPPORTED_TARGET for a type that has no adapter.
    """
    if target.type == "duckdb":
        from sqlbackfill.warehouse.duckdb import DuckDBAdapter
        from sqlbackfill.warehouse.duckdb_profile import read_duckdb_target

        fields = dict(target.fields)
        fields["path"] = target.path or ":memory:"
        return DuckDBAdapter(read_duckdb_target(fields))
    if target.type == "snowflake":
        from sqlbackfill.warehouse.snowflake import SnowflakeAdapter
        from sqlbackfill.warehouse.snowflake_profile import read_snowflake_target

        return SnowflakeAdapter(read_snowflake_target(target.fields))
    raise ProjectError(
        Diagnostic(
            code="UNSUPPORTED_TARGET",
            message=f"target `{target.name}` is of type `{target.type}`, which nothing runs on",
            fix="choose a duckdb or snowflake target with --target",
        )
    )
