"""`sqlbackfill init`."""

from __future__ import annotations

from pathlib import Path

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation

_EXAMPLES = (
    ("sqlbackfill init shop", "write a project into ./shop"),
    ("sqlbackfill init", "write it into the current directory"),
)


@group.command("init", examples=_EXAMPLES)
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@options.as_json
def command(call: Invocation, directory: Path, as_json: bool) -> int:
    """Write a small project that runs as it is: models, data and a profile for DuckDB.

    Nothing that exists is overwritten.
    """
    from sqlbackfill.app.init import init

    written = init(directory)
    if as_json:
        files = [path.as_posix() for path in written]
        call.output.document({"schema_version": 1, "files": files})
        return 0
    call.output.data("\n".join(f"wrote {path.as_posix()}" for path in written))
    enter = "" if directory == Path() else f"cd {directory} && "
    call.output.remark(f"next: {enter}sqlbackfill run")
    return 0
