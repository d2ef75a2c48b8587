"""Which process a run or a lease belongs to, and whether that process still lives."""

from __future__ import annotations

import os
import platform
import sys
from functools import lru_cache
from pathlib import Path

from sqlbackfill.dataclass import dataclass

_SAME_START_S = 2.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process: `host` also tells containers of one host apart, `started` is seconds since 1970.

    `started` is 0 where the system does not say.
    """

    host: str
    pid: int
    started: float

    def is_alive(self) -> bool | None:
        """Whether it still runs; None where that cannot be told from here (another host)."""
        if self.host != this_host():
            return None
        started = process_started(self.pid)
        if started is None:
            return False
        known = bool(self.started and started)
        return not known or abs(started - self.started) <= _SAME_START_S


@lru_cache(maxsize=1)
def this_process() -> Process:
    """The process that asks."""
    return _describe(os.getpid())


@lru_cache(maxsize=1)
def this_host() -> str:
    """The machine's name, with the namespace of its process ids where the system has those."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return platform.node()
    return f"{platform.node()}/{namespace}"


def process_started(pid: int) -> float | None:
    """When process `pid` started, in seconds since 1970; None if there is none, 0 if unknown."""
    if pid <= 0:
        return None
    if sys.platform.startswith("linux"):
        return _started_on_linux(pid)
    if sys.platform == "win32":
        return _started_on_windows(pid)
    return _started_by_ps(pid)


def _describe(pid: int) -> Process:
    return Process(this_host(), pid, process_started(pid) or 0.0)


def _started_on_linux(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = next(
            line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")
        )
    except FileNotFoundError:
        return None
    except (OSError, StopIteration):
        return 0.0
    if fields[0] in {"Z", "X"}:
        return None
    return int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _started_by_ps(pid: int) -> float | None:
    import calendar
    import subprocess
    import time

    answer = subprocess.run(  # noqa: S603 - a number and fixed words
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    if not answer.stdout.strip():
        return None
    return float(calendar.timegm(time.strptime(answer.stdout.strip(), "%a %b %d %H:%M:%S %Y")))


def _started_on_windows(pid: int) -> float | None:
    import subprocess

    answer = subprocess.run(  # noqa: S603 - a number and fixed words
        ["tasklist", "/FI", f"PID eq {pid}", "/NH", "/FO", "CSV"],  # noqa: S607 - Windows' own
        capture_output=True,
        text=True,
        check=False,
    )
    return 0.0 if f'"{pid}"' in answer.stdout else None
