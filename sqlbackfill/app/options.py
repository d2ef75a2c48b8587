"""The options that every use case takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which project, which target, and the clock. `as_of` None means now, read once a command."""

    project_dir: Path = field(default_factory=Path.cwd)
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    vars: Mapping[str, object] = field(default_factory=dict)
    as_of: datetime | None = None
    debug: bool = False

    def __post_init__(self) -> None:
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError("as_of is an instant: it needs an offset")
