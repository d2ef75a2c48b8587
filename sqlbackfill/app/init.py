"""The `init` use case: writes the starter project."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from sqlbackfill.errors import Diagnostic, UsageError


def init(directory: Path) -> tuple[Path, ...]:
    """Writes the starter project below `directory` and returns the files, in order.

    Nothing is overwritten: raises UsageError FILES_EXIST naming what stands in the way, or
    OUTPUT_FAILED where the folder cannot be written; either way nothing was written.
    """
    starter = files("sqlbackfill.app") / "starter"
    wanted = sorted(_contents(starter, Path()), key=lambda item: item[0])
    taken = [path for path, _ in wanted if (directory / path).exists()]
    if taken:
        raise UsageError(
            Diagnostic(
                code="FILES_EXIST",
                message=f"`{(directory / taken[0]).as_posix()}` exists, and init overwrites nothing",
                fix="give another folder",
                notes=(("exist", ", ".join(path.as_posix() for path in taken)),),
            )
        )
    try:
        for path, source in wanted:
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    except OSError as error:
        raise UsageError(
            Diagnostic(
                code="OUTPUT_FAILED",
                message=f"cannot write below `{directory.as_posix()}`: {error.strerror}",
                fix="give a folder that can be written to",
            )
        ) from None
    return tuple(directory / path for path, _ in wanted)


def _contents(folder: Traversable, path: Path) -> list[tuple[Path, Traversable]]:
    found: list[tuple[Path, Traversable]] = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _contents(item, path / item.name) if item.name != "__pycache__" else []
        else:
            found.append((path / item.name, item))
    return found
