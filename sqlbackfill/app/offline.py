"""A workspace without warehouse and credentials: what stands in for both is a statistics file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from sqlbackfill.app.analysis import analyse_project
from sqlbackfill.app.loading import Loaded, load
from sqlbackfill.app.options import Options
from sqlbackfill.app.sources import SourceSchema
from sqlbackfill.app.warehouses import adapter_for
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import ProjectError, SqlbackfillError
from sqlbackfill.plan.estimate_statistics import Statistics
from sqlbackfill.project.target import Target
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Adapter

_PLACEHOLDER: Final = "1"
"""What an environment variable is that is not set: text and number alike, and no secret."""
_VARIABLE: Final = re.compile(r"`(\w+)`")


def offline_workspace(options: Options, statistics: Statistics) -> Workspace:
    """The project as it is analysed with the schemas of `statistics`; nothing is connected to.

    Raises ProjectError with everything that is wrong in the project.
    """
    loaded = _load(options)
    tables = statistics.tables
    known = {
        name: SourceSchema(tables[name].columns if name in tables else None)
        for name in loaded.project.sources
    }
    return analyse_project(loaded, known)


def _load(options: Options) -> Loaded:
    """The project with its target; environment variables that are not set are made up."""
    env = dict(os.environ)
    while True:
        try:
            return load(options, env=env, adapter_of=_offline)
        except ProjectError as error:
            unset = {
                name
                for found in error.diagnostics
                if found.code == "UNKNOWN_ENV_VAR"
                for name in _VARIABLE.findall(found.message)[:1]
            }
            if not unset - env.keys():
                raise
            env.update(dict.fromkeys(unset, _PLACEHOLDER))


class _EmptyWarehouse(DuckDBAdapter):
    """A database in memory that nothing was built in, speaking another engine's dialect."""

    exists = False

    def __init__(self, target: Target, settings: Mapping[str, str], dialect: str) -> None:
        super().__init__(DuckDBTarget(name=target.database or "memory"))
        self.name = target.type
        self.dialect = dialect
        self._settings = dict(settings)

    @property
    def declared_settings(self) -> dict[str, str]:
        return self._settings


def _offline(target: Target) -> Adapter:
    try:
        real = adapter_for(target)
    except SqlbackfillError:  # its credentials are not there, and are not needed
        return _EmptyWarehouse(target, {}, target.type)
    return _EmptyWarehouse(target, real.declared_settings, real.dialect)
