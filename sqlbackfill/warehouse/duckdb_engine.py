"""DuckDB's engine without the rest of its Python client.

The package `duckdb` adds relations, expressions and sources of other libraries, written in Python:
some fifteen modules, and importlib.metadata for its version, which take longer than to load the engine
and which nothing here uses. Before 1.4 the engine was within the package.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

try:
    import _duckdb as _engine
except ImportError:
    import duckdb as _engine  # type: ignore[no-redef]

connect: Any = _engine.connect
version: str = _engine.__version__
Error: type[Exception] = _engine.Error

_FOOTERS = "parquet_metadata_cache"


def open_engine(place: str, config: Mapping[str, Any], *, read_only: bool = False) -> Any:
    """The engine on the file at `place`, or in memory.

    Unless `config` says otherwise the footer of a Parquet file is read again only where the file's
    time has moved, or is so new that it may not have: to read that of a large file takes half as long
    as a query over one day of it.
    """
    engine = connect(place, read_only=read_only, config=dict(config))
    if _FOOTERS not in config:
        with contextlib.suppress(Exception):  # a version without it reads footers each time
            engine.execute(f"SET GLOBAL {_FOOTERS} = true")
    return engine
