"""Reads a project and its target, and makes what renders its templates."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlbackfill import __version__
from sqlbackfill.app.cache import digest
from sqlbackfill.app.code_stamp import code_stamp
from sqlbackfill.app.options import Options
from sqlbackfill.app.warehouses import adapter_for
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.project import MacroFile, Project
from sqlbackfill.project.target import Target
from sqlbackfill.warehouse.protocol import Adapter

if TYPE_CHECKING:  # the template stage imports jinja2, which many commands do without
    from sqlbackfill.template.templates import Templates

_ENGINES = frozenset(
    ["bigquery", "databricks", "duckdb", "postgres", "redshift", "snowflake", "spark"]
)
"""Dialects that are called as dbt calls the type of their target."""
_ENV_NAMES = re.compile(r"env_var\s*\(\s*(?:'(\w+)'|\"(\w+)\"|(.))")


@dataclass
class Loaded:
    """A project that was read, its target, and one clock for the whole command.

    `env` is what `env_var` sees, `overrides` what macros give whatever they say: a unit test's.
    """

    options: Options
    project: Project
    target: Target
    as_of: datetime
    adapter: Adapter
    invocation_id: str = field(default_factory=lambda: str(uuid4()))
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    overrides: Mapping[str, object] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """The SQL dialect of models that name none: the project's, else the target's."""
        return self.project.dialect or self.target.dialect or self.adapter.dialect

    @property
    def written_for(self) -> str:
        """The engine that the project's SQL is written for, as dbt calls its type: `target.type` in Jinja."""
        is_foreign = self.dialect != self.adapter.dialect
        return self.dialect if is_foreign and self.dialect in _ENGINES else self.target.type

    @cached_property
    def templates(self) -> Templates:
        """Renders the project's models; made on first use, since most commands find facts cached."""
        return _templates(self)

    @cached_property
    def render_key(self) -> str | None:
        """What every render of this project depends on besides the model; None if that is unknown."""
        texts = [macro.text for macro in self.project.macro_files]
        texts += [file.sql for file in self.project.files]
        env = read_env(texts, os.environ)
        if env is None:
            return None
        return digest(
            __version__,
            code_stamp(),
            repr(sorted(env.items())),
            repr(sorted(self.project.vars.items())),
            repr(sorted((k, sorted(v.items())) for k, v in self.project.package_vars.items())),
            repr((self.target.name, self.target.type, self.target.database, self.target.schema)),
            self.written_for,
            repr(sorted(self.target.public_fields.items(), key=str)),
            repr(sorted(self.adapter.declared_settings.items())),
            *(macro.package + macro.file + macro.text for macro in self.project.macro_files),
        )


def read_env(texts: Iterable[str], env: Mapping[str, str]) -> dict[str, str | None] | None:
    """The environment variables that `texts` name in `env_var`; None if one is not a literal."""
    found: dict[str, str | None] = {}
    for text in texts:
        if "env_var" not in text:
            continue
        for single, double, other in _ENV_NAMES.findall(text):
            if other:
                return None
            name = single or double
            found[name] = env.get(name)
    return found


def load(
    options: Options,
    *,
    env: Mapping[str, str] | None = None,
    adapter_of: Callable[[Target], Adapter] = adapter_for,
) -> Loaded:
    """The project at `options.project_dir` with its target.

    `env` stands in for the environment where yml files read it, the profile's secrets among them.
    What is wrong in yml files stays in `project.errors`, to be reported with what is wrong in the
    models. Raises ProjectError where the project file or the profile cannot be read.
    """
    from sqlbackfill.project.profiles import read_target
    from sqlbackfill.project.project_file import read_project_file
    from sqlbackfill.project.read import read_project

    as_of = options.as_of or datetime.now(UTC)
    values = _YmlValues(dict(options.vars), as_of, env=env or os.environ)
    own = read_project_file(options.project_dir, cli_vars=options.vars, render=values.render)
    target = read_target(
        own.root,
        options.profile or own.profile,
        profiles_dir=options.profiles_dir,
        target_name=options.target,
        env=os.environ,
        render=values.render,
    )
    project = read_project(
        options.project_dir,
        cli_vars=options.vars,
        render=_YmlValues(own.vars, as_of, target.public_fields, env or os.environ).render,
        default_database=target.database,
        project_file=own,
        keeps_errors=True,
    )
    if target.sources is not None:
        from sqlbackfill.project.source_locations import with_locations

        project = with_locations(project, target.sources)
    return Loaded(
        options=options, project=project, target=target, as_of=as_of, adapter=adapter_of(target)
    )


@dataclass
class _YmlValues:
    """Evaluates Jinja in yml values; the template stage is imported at the first that has any."""

    vars: Mapping[str, object]
    as_of: datetime
    target: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def render(self, text: str, span: SourceSpan) -> object:
        if "{{" not in text and "{%" not in text:
            return text
        return self._templates.value(text, span)

    @cached_property
    def _templates(self) -> Templates:
        from sqlbackfill.template.templates import Templates
        from sqlbackfill.template.types import TemplateSettings

        settings = TemplateSettings(
            project="",
            vars=self.vars,
            target=self.target,
            env=self.env,
            run_started_at=self.as_of,
        )
        return Templates(settings, (), quote=str, quote_name=str)


def _templates(loaded: Loaded) -> Templates:
    from sqlbackfill.template.templates import Templates
    from sqlbackfill.template.types import TemplateSettings

    project, target, adapter = loaded.project, loaded.target, loaded.adapter
    fields = dict(target.public_fields)
    fields.update(
        name=target.name,
        target_name=target.name,
        profile_name=target.profile,
        type=loaded.written_for,
        engine=target.type,
        database=target.database,
        schema=target.schema,
        threads=target.threads,
    )
    settings = TemplateSettings(
        project=project.name,
        vars=project.vars,
        package_vars=project.package_vars,
        target=fields,
        env=loaded.env,
        overrides=loaded.overrides,
        run_started_at=loaded.as_of,
        invocation_id=loaded.invocation_id,
    )
    macros: tuple[MacroFile, ...] = project.macro_files
    return Templates(settings, macros, quote=adapter.quote, quote_name=adapter.quote_name)
