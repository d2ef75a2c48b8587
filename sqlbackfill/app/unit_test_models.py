"""A model as one unit test sees it: under the test's variables and macros, reading the test's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlbackfill.app.analysis import analyse_model
from sqlbackfill.app.input_refs import input_refs
from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.render_facts import RenderFacts, render_facts
from sqlbackfill.app.template_inputs import ProjectLookup, template_input
from sqlbackfill.app.unit_test_tables import KnownColumns
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.model import Model
from sqlbackfill.project.project import MacroFile
from sqlbackfill.project.unit_test import UnitTest
from sqlbackfill.query.facts import InputRef
from sqlbackfill.template.types import ExternalRelation, RefTarget
from sqlbackfill.warehouse.protocol import Relation

_BOUND_TYPES: Final = {
    BoundType.DATE: "DATE",
    BoundType.TIMESTAMP: "TIMESTAMP",
    BoundType.TIMESTAMPTZ: "TIMESTAMPTZ",
}


class GivenTables(ProjectLookup):
    """`ref` and `source` stand for the tables that a test gives; `tables` has their SQL by target."""

    def __init__(
        self, loaded: Loaded, models: Mapping[str, Model], tables: Mapping[str, str]
    ) -> None:
        super().__init__(loaded, models)
        self._tables = tables
        self.ephemeral = frozenset(n for n in self.ephemeral if f"ref:{n}" not in tables)

    def ref(self, name: str, package: str | None) -> RefTarget | None:
        table = self._tables.get(f"ref:{name}")
        if table is None:
            return super().ref(name, package)
        return ExternalRelation(table, self._models[name].relation.identifier)

    def source(self, source: str, table: str) -> Relation | ExternalRelation | None:
        given = self._tables.get(f"source:{source}.{table}")
        found = super().source(source, table)
        if given is None or found is None:
            return found
        return ExternalRelation(given, found.identifier)


@dataclass(frozen=True, slots=True)
class UnitModel:
    """The workspace in which a test's model is rendered, and what its names stand for there."""

    workspace: Workspace
    lookup: GivenTables


def unit_model(workspace: Workspace, test: UnitTest, tables: Mapping[str, str]) -> UnitModel:
    """`test`'s model, analysed anew where the test changes what it is rendered with.

    Raises ProjectError.
    """
    mocked = [name for name in _given_models(test) if workspace.is_ephemeral(name)]
    if not test.has_overrides and not mocked:
        return UnitModel(workspace, GivenTables(workspace.loaded, workspace.models, tables))
    loaded = _overridden(workspace.loaded, test)
    lookup = GivenTables(loaded, workspace.models, tables)
    model = workspace.models[test.model]
    names = (test.model, *sorted(lookup.ephemeral))
    renders = {**workspace.renders, **_renders(loaded, workspace, lookup, names)}
    inputs = input_refs(
        loaded,
        workspace.models,
        model,
        renders,
        workspace.facts,
        workspace.partitionings,
        workspace.schemas,
    )
    inputs |= {f"ref:{name}": _mocked(workspace, name) for name in mocked}
    facts = analyse_model(loaded, model, lookup, inputs)
    if facts.errors:
        raise ProjectError(*(one.for_model(test.model) for one in facts.errors))
    changed = replace(
        workspace,
        loaded=loaded,
        renders=renders,
        facts={**workspace.facts, test.model: facts},
    )
    return UnitModel(changed, lookup)


def _given_models(test: UnitTest) -> list[str]:
    return [one.target[4:] for one in test.given if one.target.startswith("ref:")]


def _overridden(loaded: Loaded, test: UnitTest) -> Loaded:
    """The project under the test's variables, macros and environment."""
    project = loaded.project
    own: dict[str, object] = {}
    packaged: list[MacroFile] = []
    for name, value in test.macros.items():
        package, _, macro = name.rpartition(".")
        if package in ("", "dbt", project.name):
            own[macro] = value
        else:
            # The first definition of a package's macro is the one that counts.
            packaged.append(
                MacroFile(file=test.span.file, text=_macro(macro, value), package=package)
            )
    changed = replace(
        project,
        vars={**project.vars, **test.vars},
        macro_files=(*packaged, *project.macro_files),
    )
    return replace(loaded, project=changed, env={**loaded.env, **test.env_vars}, overrides=own)


def _macro(name: str, value: object) -> str:
    """A macro that gives `value` for whatever it is called with."""
    takes_all = "{%- set _given = (varargs, kwargs) -%}"
    return f"{{% macro {name}() %}}{takes_all}{{{{ return({value!r}) }}}}{{% endmacro %}}"


def _renders(
    loaded: Loaded, workspace: Workspace, lookup: ProjectLookup, names: Iterable[str]
) -> dict[str, RenderFacts]:
    return {
        name: render_facts(
            loaded.templates.analyse(template_input(loaded, workspace.models[name]), lookup)
        )
        for name in names
    }


def _mocked(workspace: Workspace, name: str) -> InputRef:
    """An ephemeral model as the table that stands for it."""
    known = known_columns(workspace, f"ref:{name}")
    return InputRef(
        relation=name,
        columns=tuple((n, t or "") for n, t in known.columns) if known.complete else None,
        columns_dialect="duckdb",
        unpartitioned=True,
        identifier=workspace.models[name].relation.identifier,
    )


def known_columns(workspace: Workspace, target: str) -> KnownColumns:
    """What is known of an input's columns without asking a warehouse, in DuckDB's types."""
    loaded = workspace.loaded
    kind, _, name = target.partition(":")
    if kind == "source":
        schema, source = workspace.schemas.get(name), loaded.project.sources[name]
        if schema is not None and schema.columns is not None:
            columns = ((column.name, column.type) for column in schema.columns)
            return KnownColumns(_in_duckdb(columns, loaded.adapter.dialect), complete=True)
        declared = ((column.name, column.data_type) for column in source.columns)
        return KnownColumns(_in_duckdb(declared, loaded.dialect), complete=False)
    model, facts = workspace.models[name], workspace.facts.get(name)
    types = {column.name.lower(): column.data_type for column in model.columns}
    cut = workspace.partitionings.get(name)
    if cut is not None and not isinstance(cut, WholePartitioning) and model.partition_column:
        key = model.partition_column.lower()
        types[key] = types.get(key) or _BOUND_TYPES.get(cut.column_type)
    listed = facts.columns if facts is not None else ()
    pairs = [
        (column.name, types.pop(column.name.lower(), None) or column.type) for column in listed
    ]
    declared_only = [(c.name, c.data_type) for c in model.columns if c.name.lower() in types]
    dialect = model.dialect or loaded.dialect
    is_complete = facts is not None and facts.columns_known
    return KnownColumns(
        _in_duckdb(pairs if is_complete else [*pairs, *declared_only], dialect),
        complete=is_complete,
    )


def _in_duckdb(
    columns: Iterable[tuple[str, str | None]], dialect: str
) -> tuple[tuple[str, str | None], ...]:
    if dialect == "duckdb":
        return tuple((name, type_ or None) for name, type_ in columns)
    from sqlbackfill.query.transpile import type_in

    return tuple((n, type_in(t, dialect, "duckdb") if t else None) for n, t in columns)


def needed_inputs(workspace: Workspace, name: str, given: Iterable[str]) -> list[str]:
    """The targets that a test of `name` must give: its inputs, through ephemeral models not given."""
    given = set(given)
    needed: dict[str, None] = {}
    pending, seen = [name], {name}
    while pending:
        render = workspace.renders[pending.pop(0)]
        needed.update((f"source:{one.name}", None) for one in render.sources)
        for ref in render.ref_names:
            is_inlined = ref in workspace.models and workspace.is_ephemeral(ref)
            if not is_inlined or f"ref:{ref}" in given:
                needed[f"ref:{ref}"] = None
            elif ref not in seen:
                seen.add(ref)
                pending.append(ref)
    return list(needed)
