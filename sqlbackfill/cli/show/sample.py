"""What a sample reads and what it wrote, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlbackfill.cli.show.diagnostics import printable
from sqlbackfill.cli.show.words import count, size

if TYPE_CHECKING:
    from sqlbackfill.app.sample import Sample


def reading_text(planned: Sample) -> str:
    """How much is read at most, source by source."""
    lines = []
    for source, most in planned.source_bytes.items():
        labels = ", ".join(one.label for one in planned.files if one.source == source)
        price = "how much is not known" if most is None else f"at most {size(most)}"
        lines.append(printable(f"reading {source} {labels} ({price})"))
    return "\n".join(lines)


def sample_text(found: Sample) -> str:
    """The files with their rows, and the command that runs on them."""
    rows = sum(one.rows or 0 for one in found.files)
    lines = [printable(f"{one.path}  {count(one.rows or 0, 'row')}") for one in found.files]
    lines.append(f"{count(rows, 'row')} in {count(len(found.files), 'file')} below {found.output}")
    lines.append(f"run on them: {found.next}")
    return "\n".join(lines)
