"""Processes of the command that start with its modules read: what they would spend a third of a second on.

Run as a script it reads requests, a line of JSON each, forks for every one, and answers with its exit code.
Owns no command: what the fork does from there on is what a process of its own does.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

_LATER = ("sqlbackfill.cli.__main__", "sqlbackfill.warehouse.snowflake")


class ForkServer:
    """Starts commands; one at a time."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, words: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) of the command, with nothing on its stdin."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as streams:
            files = [Path(streams) / name for name in ("stdout", "stderr")]
            request = {
                "words": list(words),
                "directory": str(directory),
                "environment": dict(environment),
                "streams": [str(file) for file in files],
            }
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            exit_code = int(self._server.stdout.readline())
            out, err = (file.read_text(encoding="utf-8") for file in files)
        return exit_code, out, err

    def close(self) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


def _preload() -> None:
    import sqlbackfill

    for module in pkgutil.walk_packages(sqlbackfill.__path__, "sqlbackfill."):
        if not module.name.startswith(_LATER):
            importlib.import_module(module.name)
    import duckdb  # noqa: F401
    import sqlglot.optimizer.qualify  # noqa: F401

    # A fork has one thread; one that another thread's lock was copied into could wait for ever.
    threads = Path("/proc/self/task")
    assert not threads.exists() or len(list(threads.iterdir())) == 1


def _serve() -> None:
    """Answers requests until there are no more; in a fork, ends as the command does."""
    answers = os.fdopen(os.dup(1), "w")
    requests = os.fdopen(os.dup(0), "r")
    _preload()
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            answers.close()
            requests.close()
            _end(_command(request))
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _command(request: Mapping[str, Any]) -> int:
    from sqlbackfill.cli.main import main

    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    nothing = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(file, flags, 0o600) for file in request["streams"])
    for own, standard in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(own, standard)
        os.close(own)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = ["sqlbackfill", *request["words"]]
    try:
        return main()
    except BaseException:  # noqa: BLE001  # nothing may go back to serving
        traceback.print_exc()
        return 1


def _end(exit_code: int) -> NoReturn:
    """As the interpreter ends, save that nothing is taken to pieces that the system takes back at once."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    _serve()
