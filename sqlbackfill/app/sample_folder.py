"""The folder of a sample: which files are its own, how they are replaced, the target that reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

import yaml

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError

_MANIFEST: Final = "sample.json"
_SOURCES: Final = "sources.yml"
_PROFILES: Final = "profiles.yml"
_IGNORED: Final = ".gitignore"
_WAREHOUSE: Final = "sample.duckdb"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleProfile:
    """What the target that reads a sample takes over from the one that it stands in for."""

    profile: str
    schema: str
    dialect: str
    threads: int


@dataclass(slots=True)
class SampleFolder:
    """The folder `path`; `owned` are the files below it that samples wrote."""

    path: Path
    owned: set[str]

    @classmethod
    def opened(cls, path: Path) -> SampleFolder:
        """The folder as it is. Raises UsageError SAMPLE_FOREIGN where others' files lie in it."""
        manifest = path / _MANIFEST
        try:
            if manifest.is_file():
                content = json.loads(manifest.read_text(encoding="utf-8"))
                owned = {str(name) for name in content["files"]}
                is_ours = all(_is_below(name) for name in owned)
                return cls(path, owned) if is_ours else _refuse_manifest(path)
            is_empty = not path.exists() or not any(path.iterdir())
        except (ValueError, KeyError, TypeError):
            raise _foreign(path, f"`{manifest}` is none of ours") from None
        except OSError as error:
            raise _failed(path, error) from error
        if not is_empty:
            raise _foreign(path, f"`{path}` holds files, and no sample")
        return cls(path, set())

    def claim(self, files: Sequence[str]) -> None:
        """Takes `files` for its own before they are written, so that a rerun may replace them."""
        planned = {*files, _SOURCES, _PROFILES, _IGNORED}
        for name in sorted(planned - self.owned):
            if (self.path / name).exists():
                raise _foreign(self.path, f"`{self.path / name}` was not written by a sample")
        self.owned |= planned
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._write_manifest()
            # Rows of production do not belong into a repository.
            (self.path / _IGNORED).write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise _failed(self.path, error) from error

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A place to write to, which takes the place of `name` once it is whole."""
        target = self.path / name
        part = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(target)
        except OSError as error:
            raise _failed(target, error) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def finish(self, sources: Mapping[str, Sequence[str]], profile: SampleProfile) -> None:
        """Points the target to `sources`, files by source, and removes files of samples before."""
        output = {
            "type": "duckdb",
            "path": str(self.path.resolve() / _WAREHOUSE),
            "schema": profile.schema,
            "threads": profile.threads,
            "dialect": profile.dialect,
            "sources": str(self.path.resolve() / _SOURCES),
        }
        profiles = {profile.profile: {"target": "sample", "outputs": {"sample": output}}}
        head = "# Written by `sqlbackfill sample`, and written anew by the next one.\n"
        for name, content in (
            (_PROFILES, profiles),
            (_SOURCES, {source: list(files) for source, files in sources.items()}),
        ):
            with self.replacing(name) as part:
                text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
                part.write_text(head + text, encoding="utf-8")
        kept = {
            _SOURCES,
            _PROFILES,
            _IGNORED,
            *(file for files in sources.values() for file in files),
        }
        try:
            for name in sorted(self.owned - kept):
                (self.path / name).unlink(missing_ok=True)
            self.owned = kept
            self._write_manifest()
        except OSError as error:
            raise _failed(self.path, error) from error

    def _write_manifest(self) -> None:
        with self.replacing(_MANIFEST) as part:
            part.write_text(json.dumps({"files": sorted(self.owned)}, indent=1), encoding="utf-8")


def _refuse_manifest(path: Path) -> NoReturn:
    raise _foreign(path, f"`{path / _MANIFEST}` names files elsewhere")


def _is_below(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _foreign(path: Path, message: str) -> UsageError:
    return UsageError(
        Diagnostic(
            code="SAMPLE_FOREIGN",
            message=f"{message}: nothing was written",
            fix=f"choose another folder than {path}, or empty it",
        )
    )


def _failed(path: Path, error: OSError) -> UsageError:
    return UsageError(
        Diagnostic(
            code="OUTPUT_FAILED",
            message=f"cannot write `{path}`: {error.strerror or type(error).__name__}",
            fix="make room, or choose another folder with -o",
        )
    )
