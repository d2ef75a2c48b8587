"""The emulator as the tests use it: an environment of its own, made once, and a server in a process.

Its packages never meet the product's. What the server answers is `server.py`'s.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PINS = (
    "fakesnow[server]==0.12.1",
    "snowflake-connector-python==4.8.1",
    "duckdb==2.0.0",
    "sqlglot==30.22.0",
    "pyarrow==26",
    "starlette==1.10",
    "uvicorn==0.54",
)
IS_LONG = os.environ.get("SQLBACKFILL_EMULATOR") == "long"
"""Whether to take the time for everything: `make emulator-long`, `make contract`."""
_SERVER = Path(__file__).with_name("server.py")


def home() -> Path:
    """Where environments are kept: outside the checkout, since they are made once for all of them."""
    given = os.environ.get("SQLBACKFILL_EMULATOR_HOME")
    if given:
        return Path(given)
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sqlbackfill"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"sqlbackfill-{os.getuid()}"
    return place


def environment(pins: tuple[str, ...] = PINS, name: str = "emulator") -> Path:
    """The Python of an environment with `pins`, made now if it is not there; one process makes it."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = hashlib.sha256("\n".join((version, *pins)).encode()).hexdigest()[:12]
    place = home() / f"{name}-{key}"
    python = place / "bin" / "python"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = place / "made"
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
            install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", *pins]
            subprocess.run([str(python), *install], check=True)
            done.touch()
    return python


@dataclass(slots=True)
class Emulator:
    """A server over the files below `directory`. It can be killed and started again on its port."""

    directory: Path
    port: int = 0
    _parent: subprocess.Popen[str] | None = field(default=None, repr=False)
    _server: int = 0

    def start(self) -> None:
        """Starts the server, or another in its place, and waits until it takes connections."""
        if self._parent is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._parent = subprocess.Popen(
                [str(environment()), str(_SERVER), str(self.directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{self.port}\n")
        self._parent.stdin.flush()
        told = self._parent.stdout.readline().split()
        if not told:
            raise RuntimeError("the emulator did not start")
        self.port, self._server = map(int, told)

    def kill(self) -> None:
        """Ends the server at once, wherever it is."""
        os.kill(self._server, signal.SIGKILL)

    def stop(self) -> None:
        """Ends the server and what starts it."""
        parent, self._parent = self._parent, None
        if parent is not None:
            with parent:
                assert parent.stdin is not None
                parent.stdin.close()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    parent.wait(5)
                parent.kill()

    def statements(self, *, clear: bool = False) -> list[dict[str, Any]]:
        """Every statement that the server was sent, in order, with its session's number."""
        address = f"http://127.0.0.1:{self.port}/emulator/log{'?clear=1' if clear else ''}"
        with urllib.request.urlopen(address) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def logins(self) -> list[dict[str, Any]]:
        """What each session signed in with, in order, as the connector sent it."""
        address = f"http://127.0.0.1:{self.port}/emulator/logins"
        with urllib.request.urlopen(address) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def end_sessions(self) -> None:
        """Lets every session expire."""
        address = f"http://127.0.0.1:{self.port}/emulator/sessions"
        with urllib.request.urlopen(urllib.request.Request(address, method="DELETE")):
            pass

    def fields(self, schema: str = "MAIN", **more: object) -> dict[str, object]:
        """The fields of a profile's output that leads here."""
        return {
            "type": "snowflake",
            "account": "emulated",
            "user": "tester",
            "password": "not a secret",
            "host": "127.0.0.1",
            "port": self.port,
            "protocol": "http",
            "database": "HOUSE",
            "schema": schema,
            "warehouse": "COMPUTE_WH",
            "connect_timeout": 5,
            **more,
        }


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Emulator]:
    """An emulator for the time of the block."""
    emulator = Emulator(directory)
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()
