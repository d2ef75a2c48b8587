"""Whether a model or a source is what one value of a selection names. Wildcards are fnmatch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from sqlbackfill.project.model import Model


def matches_fqn(fqn: tuple[str, ...], value: str) -> bool:
    """The model's name, or its folders from the project's name on (which may be left out)."""
    if fnmatchcase(fqn[-1], value):
        return True
    parts = value.split(".")
    return any(_is_prefix(parts, path) for path in (fqn, fqn[1:]))


def _is_prefix(parts: Sequence[str], path: Sequence[str]) -> bool:
    if len(parts) > len(path) or (len(parts) == 1 and len(path) == 1):
        return False
    return all(fnmatchcase(have, want) for have, want in zip(path, parts, strict=False))


def matches_path(file: str, value: str) -> bool:
    """The file itself, or one below the folder; relative to the project, wildcards allowed."""
    wanted = value.replace("\\", "/").removeprefix("./").rstrip("/")
    return fnmatchcase(file, wanted) or fnmatchcase(file, wanted + "/*")


def matches_file(file: str, value: str) -> bool:
    """The file's name, with or without its ending."""
    name = file.rsplit("/", 1)[-1]
    return fnmatchcase(name, value) or fnmatchcase(name.rsplit(".", 1)[0], value)


def matches_source(name: str, value: str, project: str) -> bool:
    """`raw`, `raw.events`, or either below the project's name; wildcards in each part."""
    wanted = value.split(".")
    if len(wanted) > 1 and wanted[0] == project and not fnmatchcase(name, value):
        wanted = wanted[1:]
    source, _, table = name.partition(".")
    have = (source, table)[: len(wanted)]
    return len(wanted) <= 2 and all(map(fnmatchcase, have, wanted))


def matches_config(model: Model, key: str, value: str) -> bool:
    """`config.materialized:table`, `config.meta.owner:me`: true and false as yml spells them."""
    found: object = {**model.config.values, "materialized": model.config.materialized.value}
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    values = found if isinstance(found, list | tuple) else [found]
    return any(
        (str(item).lower() if isinstance(item, bool) else str(item)) == value for item in values
    )
