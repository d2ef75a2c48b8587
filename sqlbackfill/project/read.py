"""Reads a whole project: every file once, every error at once."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config_reading import read_config
from sqlbackfill.project.files import FoundFile, walk
from sqlbackfill.project.files import read_text as read_file
from sqlbackfill.project.findings import Findings, suggestion
from sqlbackfill.project.graph import duplicate_model
from sqlbackfill.project.model import ModelFile, ModelKind
from sqlbackfill.project.project import Project
from sqlbackfill.project.project_file import ProjectFile, read_project_file
from sqlbackfill.project.properties import Properties, check_properties_file, read_properties
from sqlbackfill.project.snapshots import read_snapshots
from sqlbackfill.project.source import Source
from sqlbackfill.project.source_reading import SourceDefaults, read_sources
from sqlbackfill.project.tree import ConfigTree
from sqlbackfill.project.value_reader import ValueReader
from sqlbackfill.project.yml import Render, Yml, read_yml

_MODEL_SUFFIXES: Final = frozenset({"sql", "py", "yml", "yaml"})
_SEED_SUFFIXES: Final = frozenset({"csv", "yml", "yaml"})
_SNAPSHOT_SUFFIXES: Final = frozenset({"sql", "yml", "yaml"})
_SECTIONS: Final = ("models", "seeds", "snapshots")


def read_project(
    root: Path,
    *,
    cli_vars: Mapping[str, object],
    render: Render,
    default_database: str = "",
    project_file: ProjectFile | None = None,
    keeps_errors: bool = False,
) -> Project:
    """The project below `root`.

    `render` evaluates the Jinja in yml values, the config trees of the project file included; it
    may use the variables of `project_file`, which is read here where it was not read before.
    `default_database` is that of the target, for sources that name none. Raises ProjectError with
    everything that is wrong, warnings last; with `keeps_errors` they go to `Project.errors`, so
    that they can be reported together with those of the models.
    """
    own = project_file or read_project_file(root, cli_vars=cli_vars, render=render)
    reading = _Reading(own, render, default_database)
    reading.findings.add(*own.diagnostics)
    with _collector_paused():
        reading.read_folders()
        files = tuple(reading.model_files())
        _check_duplicates(files, reading.findings)
        reading.check_layers()
    if not keeps_errors:
        reading.findings.raise_errors()
    return Project(
        root=root,
        name=own.shown_name,
        files=files,
        sources=dict(sorted(reading.sources.items())),
        macro_files=own.macro_files,
        vars=own.vars,
        package_vars=own.package_vars,
        profile=own.profile,
        dialect=own.dialect,
        quoting=own.quoting,
        project_file=own.file,
        warnings=reading.findings.warnings,
        errors=reading.findings.errors,
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the cycle collector: over the many nodes of large yml files, none of which is garbage,
    it takes longer than the reading itself.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(slots=True)
class _Reading:
    """What was found so far."""

    own: ProjectFile
    render: Render
    database: str
    findings: Findings = field(default_factory=Findings)
    found: list[tuple[ModelKind, FoundFile]] = field(default_factory=list)
    properties: dict[str, dict[str, Properties]] = field(
        default_factory=lambda: {section: {} for section in _SECTIONS}
    )
    sources: dict[str, Source] = field(default_factory=dict)
    trees: dict[str, ConfigTree] = field(default_factory=dict)

    def read_folders(self) -> None:
        """Finds the models, seeds and snapshots, and reads every properties file."""
        for section in (*_SECTIONS, "sources"):
            tree = self.own.trees.get(section)
            again = tree.again(self.render, self.findings) if tree else None
            self.trees[section] = ConfigTree(section, again, self.findings)
        seen: set[str] = set()
        for file in self._walk(self.own.model_paths, _MODEL_SUFFIXES, seen):
            kind = ModelKind.PYTHON if file.suffix == "py" else ModelKind.SQL
            self.found.append((kind, file))
        for file in self._walk(self.own.seed_paths, _SEED_SUFFIXES, seen):
            self.found.append((ModelKind.SEED, file))
        for file in self._walk(self.own.snapshot_paths, _SNAPSHOT_SUFFIXES, seen):
            self.found.append((ModelKind.SNAPSHOT, file))

    def _walk(
        self, folders: Iterable[str], suffixes: frozenset[str], seen: set[str]
    ) -> Iterator[FoundFile]:
        """The files that are no properties; those are read on the way."""
        for folder in folders:
            for file in walk(self.own.root, folder, suffixes):
                if file.shown in seen:
                    continue
                seen.add(file.shown)
                if file.suffix in ("yml", "yaml"):
                    self._read_properties(file)
                else:
                    yield file

    def _read_properties(self, file: FoundFile) -> None:
        text = read_file(file.path, file.shown, self.findings)
        root = read_yml(file.shown, text, self.render, self.findings) if text is not None else None
        if root is None or not check_properties_file(root, self.findings):
            return
        for section, _, entries in root.entries():
            if section == "sources":
                self._add_sources(file, entries)
            elif section in self.properties:
                for found in read_properties(section, entries, self.findings):
                    self._add_properties(section, found)

    def _add_properties(self, section: str, found: Properties) -> None:
        first = self.properties[section].setdefault(found.name, found)
        if first is not found:
            self.findings.error(
                "DUPLICATE_PROPERTIES",
                f"`{found.name}` is described twice under {section}",
                found.span,
                f"join it with the entry in {first.span.file}, line {first.span.line}",
            )

    def _add_sources(self, file: FoundFile, entries: Yml) -> None:
        defaults = SourceDefaults(
            database=self.database,
            quoting=self.own.quoting,
            tree=self.trees["sources"],
            fqn=self._fqn(file.folders),
        )
        for source in read_sources(entries, defaults, self.findings):
            first = self.sources.setdefault(source.name, source)
            if first is not source and first.span is not None:
                self.findings.error(
                    "DUPLICATE_SOURCE",
                    f"source `{source.name}` is declared twice",
                    source.span,
                    f"remove it here, or the one in {first.span.file}, line {first.span.line}",
                )

    def _fqn(self, folders: tuple[str, ...]) -> tuple[str, ...]:
        return (self.own.name, *folders) if self.own.name else folders

    def model_files(self) -> Iterator[ModelFile]:
        """The models, seeds and snapshots with their layers, in the order of their paths."""
        used: dict[str, set[str]] = {section: set() for section in _SECTIONS}
        for kind, file in self.found:
            for name, sql in self._contents(kind, file):
                section = _section_of(kind)
                used[section].add(name)
                yield self._model_file(kind, section, name, file, sql)
        for name, described in self.properties["snapshots"].items():
            if name not in used["snapshots"]:
                used["snapshots"].add(name)
                yield self._yml_snapshot(described)
        for section, names in used.items():
            for name, described in self.properties[section].items():
                if name not in names:
                    self.findings.warning(
                        "PROPERTIES_WITHOUT_FILE",
                        f"{section.removesuffix('s')} `{name}` is described, and there is no such file"
                        + suggestion(name, names),
                        described.span,
                        "correct the name, or remove the entry",
                    )

    def _contents(self, kind: ModelKind, file: FoundFile) -> Iterator[tuple[str, str]]:
        if kind is ModelKind.SEED or kind is ModelKind.PYTHON:
            yield file.stem, ""
            return
        text = read_file(file.path, file.shown, self.findings)
        if text is None:
            return
        if kind is ModelKind.SNAPSHOT:
            yield from ((name, "") for name in read_snapshots(text))
        else:
            yield file.stem, text

    def _model_file(
        self, kind: ModelKind, section: str, name: str, file: FoundFile, sql: str
    ) -> ModelFile:
        described = self.properties[section].get(name)
        return ModelFile(
            name=name,
            file=file.shown,
            sql=sql,
            kind=kind,
            folders=file.folders,
            description=described.description if described else "",
            columns=described.columns if described else (),
            tree_config=self.trees[section].layers((*self._fqn(file.folders), name)),
            yml_config=described.layer if described else None,
            span=described.span if described else SourceSpan(file=file.shown, line=1),
        )

    def _yml_snapshot(self, described: Properties) -> ModelFile:
        """A snapshot that stands in yml alone, as dbt allows since 1.9."""
        return ModelFile(
            name=described.name,
            file=described.span.file,
            sql="",
            kind=ModelKind.SNAPSHOT,
            description=described.description,
            columns=described.columns,
            tree_config=self.trees["snapshots"].layers((*self._fqn(()), described.name)),
            yml_config=described.layer,
            span=described.span,
        )

    def check_layers(self) -> None:
        """Checks each layer of the model tree once, and warns of branches that nothing is under."""
        for layer in self.trees["models"].used_layers():
            fallback = next(iter(layer.spans.values()), None)
            read_config(layer.values, ValueReader(layer.spans, fallback, self.findings))
        for tree in self.trees.values():
            tree.warn_unused(self.own.name, self.findings)


def _section_of(kind: ModelKind) -> str:
    return {ModelKind.SEED: "seeds", ModelKind.SNAPSHOT: "snapshots"}.get(kind, "models")


def _check_duplicates(files: tuple[ModelFile, ...], findings: Findings) -> None:
    """Two enabled files of one name are an error.

    A file whose text speaks of `enabled` may switch itself off, which only Jinja can tell: that
    pair is left to `build_graph`.
    """
    first: dict[str, ModelFile] = {}
    for file in files:
        if _is_disabled(file):
            continue
        other = first.setdefault(file.name, file)
        if other is not file and not any("enabled" in each.sql for each in (other, file)):
            findings.add(duplicate_model(file.name, other.file, file.file))


def _is_disabled(file: ModelFile) -> bool:
    layers = [*file.tree_config, *((file.yml_config,) if file.yml_config else ())]
    given = [layer.values["enabled"] for layer in layers if "enabled" in layer.values]
    return bool(given) and str(given[-1]).lower() == "false"
