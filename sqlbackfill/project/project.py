"""What a project is once its files were read. No reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic
from sqlbackfill.project.model import ModelFile
from sqlbackfill.project.source import Quoting, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroFile:
    """A file of macros; `package` is the project's own name, or that of an installed package."""

    file: str
    text: str
    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything that was read. `vars` are the project's own with --vars over them; `package_vars`
    what the project file says for an installed package. `files` and `macro_files` are in the order
    of their paths, `sources` in the order of their names.
    """

    root: Path
    name: str
    files: tuple[ModelFile, ...]
    sources: Mapping[str, Source]
    macro_files: tuple[MacroFile, ...]
    vars: Mapping[str, object]
    package_vars: Mapping[str, Mapping[str, object]]
    profile: str | None
    dialect: str | None
    quoting: Quoting
    project_file: str | None
    warnings: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...] = ()

    def file(self, name: str) -> ModelFile | None:
        """The file of the model called `name`."""
        return next((file for file in self.files if file.name == name), None)
