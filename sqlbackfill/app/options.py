"""The options that every use case takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sqlbackfill.dataclass import dataclass, field

OnReading = Callable[[str, int | None], None]
"""Is told which source is about to be read, and about how many bytes of it where that is known."""


def tell_nobody(_source: str, _scan_bytes: int | None) -> None:
    """Where nobody asked to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which project, which target, and the clock. `as_of` None means now, read once a command.

    `on_reading` is told before sources are read only to see what changed in them.
    """

    project_dir: Path = field(default_factory=Path.cwd)
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    vars: Mapping[str, object] = field(default_factory=dict)
    as_of: datetime | None = None
    debug: bool = False
    on_reading: OnReading = field(default=tell_nobody, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError("as_of is an instant: it needs an offset")
