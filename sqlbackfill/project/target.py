"""Where a run reads and writes: one output of a profile. Never shows a field's value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic

_SECRET: Final = re.compile(
    r"pass|secret|token|private|credential|(?:^|_)key(?:$|_)|settings|config_options|attach|plugins"
    r"|filesystems|oauth|path$",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Target:
    """One output of a profile.

    `fields` holds every field of the output as rendered, secrets among them, empty ones left out:
    hand it to an adapter and to nothing else. `path` is duckdb's: absolute, or `:memory:`, or a URL
    such as `md:`. `profile_file` is how messages name the file, None for the target that is assumed
    where there is no profile. `dialect` is what models are written in that name none, where that is not
    the engine's own: a target that stands in for another. `sources` is a file that says where the
    sources' rows are instead.
    """

    profile: str
    name: str
    type: str
    fields: Mapping[str, object]
    database: str
    schema: str
    threads: int = 1
    path: str | None = None
    ledger_schema: str = "sqlbackfill"
    usd_per_hour: float | None = None
    dialect: str | None = None
    sources: Path | None = None
    profile_file: str | None = None
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def public_fields(self) -> Mapping[str, object]:
        """What Jinja's `target` shows: the fields but those that may hold a secret."""
        shown = {key: value for key, value in self.fields.items() if not _SECRET.search(key)}
        if self.path is not None:
            shown["path"] = self.path.partition("?")[0]
        return {
            **shown,
            "name": self.name,
            "target_name": self.name,
            "profile_name": self.profile,
            "type": self.type,
            "database": self.database,
            "schema": self.schema,
            "threads": self.threads,
        }

    def __repr__(self) -> str:
        return f"Target(profile={self.profile!r}, name={self.name!r}, type={self.type!r})"
