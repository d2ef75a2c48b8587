"""Reads dbt_project.yml, else sqlbackfill.yml, vars.yml and the macros: what must be known before Jinja runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.project.config_keys import PROJECT_FILE_KEYS, warn_unknown_keys
from sqlbackfill.project.config_values import (
    read_flag,
    read_mapping,
    read_text,
    read_texts,
)
from sqlbackfill.project.files import first_existing, walk
from sqlbackfill.project.files import read_text as read_file
from sqlbackfill.project.findings import Findings
from sqlbackfill.project.project import MacroFile
from sqlbackfill.project.source import Quoting
from sqlbackfill.project.value_reader import Reader, T, ValueReader
from sqlbackfill.project.yml import Render, Yml, read_yml

PROJECT_FILES: Final = ("dbt_project.yml", "sqlbackfill.yml")
_SQL: Final = frozenset({"sql"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """What a project says of itself, defaults filled in.

    `trees` holds the unread config trees by section (models, seeds, snapshots, sources).
    `diagnostics` are errors that do not keep the rest from being read, and warnings.
    """

    root: Path
    file: str | None
    name: str | None
    profile: str | None
    dialect: str | None
    model_paths: tuple[str, ...]
    seed_paths: tuple[str, ...]
    snapshot_paths: tuple[str, ...]
    test_paths: tuple[str, ...]
    macro_files: tuple[MacroFile, ...]
    vars: Mapping[str, object]
    package_vars: Mapping[str, Mapping[str, object]]
    quoting: Quoting
    trees: Mapping[str, Yml]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def shown_name(self) -> str:
        """The project's name; where it gives none, that of its folder."""
        return self.name or self.root.resolve().name or "project"


def read_project_file(root: Path, *, cli_vars: Mapping[str, object], render: Render) -> ProjectFile:
    """Reads the project file, the vars and the macros below `root`.

    `render` sees Jinja in the project file: no variables but `cli_vars` can be known to it yet.
    Raises ProjectError: NO_PROJECT where there is neither a project file nor a folder `models`,
    MALFORMED_YML where the file cannot be read at all.
    """
    findings = Findings()
    path = first_existing(root / name for name in PROJECT_FILES)
    if path is None and not (root / "models").is_dir():
        raise ProjectError(_no_project(root))
    tree = _read_tree(path, render, findings) if path else None
    entries = tree.parts() if tree else {}
    if tree:
        unknown = tree.keys_but(PROJECT_FILE_KEYS)
        where = f"in {path.name if path else ''}"
        warn_unknown_keys(unknown, PROJECT_FILE_KEYS, where, findings)
    reader = _EntryReader(entries, findings)
    name = reader.read("name", read_text)
    packages = _packages(root, reader)
    own_vars = _read_vars(root, entries.get("vars"), render, findings)
    return ProjectFile(
        root=root,
        file=path.name if path else None,
        name=name,
        profile=reader.read("profile", read_text),
        dialect=reader.read("dialect", read_text),
        model_paths=_paths(root, reader, "model-paths", "source-paths", "models"),
        seed_paths=_paths(root, reader, "seed-paths", "data-paths", "seeds"),
        test_paths=_paths(root, reader, "test-paths", "test-paths", "tests"),
        snapshot_paths=_paths(root, reader, "snapshot-paths", "snapshot-paths", "snapshots"),
        macro_files=_read_macros(root, name or root.resolve().name, reader, packages, findings),
        vars={**own_vars, **_section(own_vars, name), **cli_vars},
        package_vars={package: _section(own_vars, package) for package in sorted(packages)},
        quoting=read_quoting(entries.get("quoting"), findings),
        trees={
            key: entries[key]
            for key in ("models", "seeds", "snapshots", "sources")
            if key in entries and not entries[key].is_null
        },
        diagnostics=(*findings.errors, *findings.warnings),
    )


@dataclass(frozen=True, slots=True)
class _EntryReader:
    """Reads entries of the project file by key."""

    entries: Mapping[str, Yml]
    findings: Findings

    def read(self, key: str, reader: Reader[T]) -> T | None:
        entry = self.entries.get(key)
        if entry is None:
            return None
        values = ValueReader({key: entry.span}, entry.span, self.findings)
        return values.read(key, entry.value(), reader)


def _no_project(root: Path) -> Diagnostic:
    inside = next(
        (
            above
            for above in root.resolve().parents
            if first_existing(above / n for n in PROJECT_FILES)
        ),
        None,
    )
    fix = "run `sqlbackfill init` to make a small project, or name one with --project-dir"
    if inside:
        fix = "go to the project's own folder, or name it with --project-dir"
    return Diagnostic(
        code="NO_PROJECT",
        message="no project here: neither dbt_project.yml nor sqlbackfill.yml nor a folder `models`",
        fix=fix,
    )


def _read_tree(path: Path, render: Render, findings: Findings) -> Yml | None:
    text = read_file(path, path.name, findings)
    tree = read_yml(path.name, text, render, findings) if text is not None else None
    if tree is not None and not tree.is_mapping:
        findings.error(
            "BAD_YML_SHAPE",
            f"{path.name} must be a mapping, not {tree.kind}",
            tree.span,
            "write `key: value` lines, such as `name: my_project`",
        )
        tree = None
    findings.raise_errors()
    return tree


def _paths(root: Path, reader: _EntryReader, key: str, old: str, default: str) -> tuple[str, ...]:
    """Folders as configured, each once. A missing one is a warning if it was asked for."""
    given = next((name for name in (key, old) if name in reader.entries), None)
    folders = reader.read(given, read_texts) if given else None
    if folders is None:
        return (default,)
    for folder in folders:
        if key == "model-paths" and not (root / folder).is_dir():
            reader.findings.warning(
                "MODEL_PATH_MISSING",
                f"the folder `{folder}` of {key} does not exist",
                reader.entries[given or key].span,
                "make the folder, or take it out of the list",
            )
    return tuple(dict.fromkeys(folders))


def _packages(root: Path, reader: _EntryReader) -> dict[str, Path]:
    """The folders of the installed packages by package name."""
    folder = root / (reader.read("packages-install-path", read_text) or "dbt_packages")
    if not folder.is_dir():
        return {}
    return {
        path.name: path for path in sorted(folder.iterdir()) if (path / PROJECT_FILES[0]).is_file()
    }


def _read_macros(
    root: Path,
    own_name: str,
    reader: _EntryReader,
    packages: Mapping[str, Path],
    findings: Findings,
) -> tuple[MacroFile, ...]:
    folders = [
        (own_name, folder) for folder in reader.read("macro-paths", read_texts) or ("macros",)
    ]
    for name, path in packages.items():
        folders.append((name, f"{path.relative_to(root).as_posix()}/macros"))
    found: dict[str, MacroFile] = {}
    for package, folder in folders:
        for file in walk(root, folder, _SQL):
            text = None if file.shown in found else read_file(file.path, file.shown, findings)
            if text is not None:
                found[file.shown] = MacroFile(file=file.shown, text=text, package=package)
    return tuple(found[file] for file in sorted(found))


def _read_vars(
    root: Path, entry: Yml | None, render: Render, findings: Findings
) -> Mapping[str, object]:
    """The `vars` of vars.yml or of the project file, not rendered: dbt takes them literally."""
    path = root / "vars.yml"
    if path.is_file():
        text = read_file(path, path.name, findings)
        tree = read_yml(path.name, text, render, findings) if text is not None else None
        own = tree.child("vars") if tree else None
        if own is not None and entry is not None and not entry.is_null:
            findings.error(
                "VARS_TWICE",
                "vars are given in vars.yml and in the project file",
                entry.span,
                "keep them in one of the two",
            )
        entry = own or entry
    if entry is None or entry.is_null:
        return {}
    if not entry.is_mapping:
        message = f"vars must be a mapping, not {entry.kind}"
        findings.error("BAD_YML_SHAPE", message, entry.span, "write `vars: {name: value}`")
        return {}
    value = entry.value(rendered=False)
    return read_mapping(value)


def _section(variables: Mapping[str, object], name: str | None) -> Mapping[str, object]:
    section = variables.get(name) if name else None
    return section if isinstance(section, Mapping) else {}


def read_quoting(entry: Yml | None, findings: Findings) -> Quoting:
    """`quoting: {database: true, …}`; what is not said is None."""
    if entry is None or entry.is_null:
        return Quoting()
    spans: dict[str, SourceSpan] = {}
    values = ValueReader(spans, entry.span, findings)
    parts = values.read("quoting", entry.value("quoting", spans), read_mapping) or {}
    known: Iterable[str] = ("database", "schema", "identifier")
    found = {part: values.read(f"quoting.{part}", parts.get(part), read_flag) for part in known}
    return Quoting(**found)
