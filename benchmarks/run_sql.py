"""The other side of each comparison: one process that runs a file of SQL on a DuckDB file, and nothing else."""

import sys
from pathlib import Path

import duckdb

database, sql_file = sys.argv[1:]
with duckdb.connect(database) as connection:
    connection.execute("set timezone = 'UTC'")
    connection.execute(Path(sql_file).read_text())
