"""Reads where a target's sources lie instead of where the project says: a sample's Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.project.files import shown_path
from sqlbackfill.project.findings import suggestion
from sqlbackfill.project.project import Project


def with_locations(project: Project, file: Path) -> Project:
    """The project with the sources that `file` names read from the files that it names.

    The file is a mapping of `source.table` to one path or a list of them; relative ones are taken
    from its own folder. Raises ProjectError BAD_SOURCES_FILE.
    """
    shown = shown_path(file, project.root.resolve())
    sources = dict(project.sources)
    for name, paths in _read(file, shown).items():
        if name not in sources:
            message = f"`{shown}` names the source `{name}`, which there is not"
            raise _bad(shown, message + suggestion(name, sources), "take it out, or sample again")
        location = _location([file.parent / path for path in paths])
        sources[name] = replace(sources[name], relation=None, external_location=location)
    return replace(project, sources=sources)


def _read(file: Path, shown: str) -> Mapping[str, list[str]]:
    fix = "run `sqlbackfill sample` again, or correct `sources` of the target"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"`{shown}` cannot be read: {(error.strerror or 'unknown reason').lower()}"
        raise _bad(shown, message, fix) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _bad(shown, f"`{shown}` is not yml", fix) from None
    if not isinstance(content, dict):
        raise _bad(shown, f"`{shown}` must be a mapping of sources to files", fix)
    found: dict[str, list[str]] = {}
    for name, paths in content.items():
        listed = [paths] if isinstance(paths, str) else paths
        if (
            not isinstance(listed, list)
            or not listed
            or not all(isinstance(p, str) for p in listed)
        ):
            raise _bad(shown, f"`{name}` of `{shown}` must be a path or a list of paths", fix)
        found[str(name)] = listed
    return found


def _location(paths: list[Path]) -> str:
    if len(paths) == 1:
        return str(paths[0])
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{quoted}])"


def _bad(shown: str, message: str, fix: str) -> ProjectError:
    return ProjectError(
        Diagnostic(
            code="BAD_SOURCES_FILE", message=message, span=SourceSpan(file=shown, line=1), fix=fix
        )
    )
