"""CPU seconds and peak memory of a process from its start to its end, as the kernel counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""An installed package has its bytecode: without it, each process would compile the source anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process, with the children it waited for, took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


class CommandFailedError(Exception):
    """The measured command did not exit with 0; carries its output."""


def measure(command: Sequence[str], *, cwd: Path) -> Cost:
    """Runs `command` to its end. Raises CommandFailedError with its output unless it exits with 0."""
    with tempfile.NamedTemporaryFile() as cost_file:
        finished = subprocess.run(
            [sys.executable, "-S", str(LAUNCH), cost_file.name, *command],
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise CommandFailedError(f"{' '.join(command)}\n{finished.stdout}")
        return Cost(**json.loads(Path(cost_file.name).read_text()))


def cheapest(costs: Sequence[Cost]) -> Cost:
    """The least of each figure: what noise from other processes has added to is not ours to report."""
    return Cost(
        cpu_s=min(c.cpu_s for c in costs),
        wall_s=min(c.wall_s for c in costs),
        peak_mb=min(c.peak_mb for c in costs),
    )
