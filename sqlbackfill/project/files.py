"""Finding and reading a project's files, each once. Knows nothing of what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.findings import Findings


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below one of the searched folders.

    `shown` is its path relative to the project directory with forward slashes; `folders` are those
    between the searched folder and the file.
    """

    path: str
    shown: str
    folders: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.shown.rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        return self.name.rsplit(".", 1)[0]

    @property
    def suffix(self) -> str:
        return self.name.rsplit(".", 1)[-1].lower()


def walk(root: Path, folder: str, suffixes: frozenset[str]) -> Iterator[FoundFile]:
    """The files below `root/folder` that end in one of `suffixes` (without the dot), by path.

    Names that start with `.`, `#` or `~` are left out, as dbt does. Symbolic links are followed, a
    link back to a folder that holds it is not. A folder that does not exist holds nothing.
    """
    shown = folder.replace("\\", "/").strip("/")
    shown = "" if shown in {"", "."} else shown.removeprefix("./")
    yield from _walk(os.path.join(root, folder), shown, (), suffixes, frozenset())  # noqa: PTH118


def _walk(
    path: str,
    shown: str,
    folders: tuple[str, ...],
    suffixes: frozenset[str],
    above: frozenset[str],
) -> Iterator[FoundFile]:
    try:
        with os.scandir(path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = entry.name
        if name[0] in ".#~":
            continue
        below = f"{shown}/{name}" if shown else name
        if name.rsplit(".", 1)[-1].lower() in suffixes and entry.is_file():
            yield FoundFile(entry.path, below, folders)
        elif entry.is_dir():
            seen = above
            if entry.is_symlink():
                real = os.path.realpath(entry.path)
                here = os.path.realpath(path) + os.sep
                if real in above or here.startswith(real + os.sep):
                    continue
                seen = above | {real}
            yield from _walk(entry.path, below, (*folders, name), suffixes, seen)


def read_text(path: str | Path, shown: str, findings: Findings) -> str | None:
    """The text of a UTF-8 file without its byte order mark, or None after recording why not."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        findings.error(
            "UNREADABLE_FILE",
            f"`{shown}` cannot be read: {(error.strerror or 'unknown reason').lower()}",
            SourceSpan(file=shown, line=1),
            "check the file's permissions",
        )
        return None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        findings.error(
            "UNREADABLE_FILE",
            f"`{shown}` is not UTF-8 text (byte {error.start})",
            SourceSpan(file=shown, line=line),
            "save the file as UTF-8",
        )
        return None


def shown_path(path: Path, root: Path) -> str:
    """How diagnostics name a file: relative to `root` below it, with `~` below the home folder."""
    for above, prefix in ((root, ""), (Path.home(), "~/")):
        try:
            return prefix + path.relative_to(above).as_posix()
        except ValueError:
            continue
    return path.as_posix()


def first_existing(paths: Iterable[Path]) -> Path | None:
    """The first of `paths` that is a file."""
    return next((path for path in paths if path.is_file()), None)
