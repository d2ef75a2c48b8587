"""What tells the code by which facts are computed from another state of it. Facts of one are none of the other."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_STAGES: Final = ("partitions", "project", "query", "template")


@lru_cache(maxsize=1)
def code_stamp() -> str:
    """A digest of the stages' files and of the parser's version, which is not imported for it.

    The tool's own version says less: it stays while rules are mended, and a parser is upgraded by itself.
    """
    own = Path(__file__).parent.parent
    files = [file for stage in _STAGES for file in sorted((own / stage).rglob("*.py"))]
    parser = find_spec("sqlglot")
    if parser is not None and parser.origin is not None:
        files.append(Path(parser.origin).with_name("_version.py"))
    stamp = blake2b(digest_size=16)
    for file in files:
        stamp.update(file.name.encode())
        stamp.update(file.read_bytes())
    return stamp.hexdigest()
