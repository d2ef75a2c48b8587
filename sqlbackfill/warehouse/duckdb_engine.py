"""DuckDB's engine without the rest of its Python client.

The package `duckdb` adds relations, expressions and sources of other libraries, written in Python:
some fifteen modules, and importlib.metadata for its version, which take longer than to load the engine
and which nothing here uses. Before 1.4 the engine was within the package.
"""

from __future__ import annotations

from typing import Any

try:
    import _duckdb as _engine
except ImportError:
    import duckdb as _engine  # type: ignore[no-redef]

connect: Any = _engine.connect
version: str = _engine.__version__
Error: type[Exception] = _engine.Error
