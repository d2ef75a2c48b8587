"""The `sqlbackfill` command as its users run it: a process of its own in a project directory."""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.e2e.fork_server import ForkServer

REPO = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("sqlbackfill")
PROFILE_VARIABLES = ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_TARGET", "DBT_PROFILE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished command left: its exit code and both streams."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        assert document["schema_version"] == 1
        return document

    @property
    def error_codes(self) -> list[str]:
        """The codes of the errors on stderr, in order, warnings left out."""
        return re.findall(r"^error\[([A-Z0-9_]+)\]", self.stderr, flags=re.MULTILINE)

    def __str__(self) -> str:
        return f"exit {self.exit_code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@dataclass(frozen=True, slots=True)
class ProjectDir:
    """A project on disk, its home directory kept away from the user's own."""

    root: Path

    def command(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        before_start: Callable[[], None] | None = None,
        from_scratch: bool = False,
    ) -> Outcome:
        """Runs `sqlbackfill ARGUMENTS` here to its end; never raises for its exit code.

        In a process of its own: forked from one that has read the modules, or `from_scratch`.
        """
        if before_start is None and not from_scratch:
            return Outcome(*_server().run(arguments, self.root, self.environment(environment)))
        finished = subprocess.run(
            [str(COMMAND), *arguments],
            cwd=self.root,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=before_start,
        )
        return Outcome(finished.returncode, finished.stdout, finished.stderr)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in PROFILE_VARIABLES}
        return {**kept, "HOME": str(self.root.parent), "NO_COLOR": "1", **(extra or {})}

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Changes the warehouse behind sqlbackfill's back."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()

    def contents(self) -> dict[str, str]:
        """A hash of every file, the cache and Python's own left out: equal iff nothing changed."""
        return {
            path.relative_to(self.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and "/.sqlbackfill/cache/" not in path.as_posix()
        }


@functools.cache
def _server() -> ForkServer:
    server = ForkServer()
    atexit.register(server.close)
    return server


def copy_flagship(root: Path) -> ProjectDir:
    """The repo's own project under `root`, with `data` linked."""
    root.mkdir(parents=True)
    for name in ("sqlbackfill.yml", "profiles.example.yml"):
        shutil.copy(REPO / name, root / name)
    for name in ("models", "macros"):
        shutil.copytree(REPO / name, root / name)
    (root / "data").symlink_to(REPO / "data", target_is_directory=True)
    return ProjectDir(root)
