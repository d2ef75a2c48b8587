"""A process that runs the chain on a DuckDB file until it is done or killed.

`worker.py FILE RUN_ID WORKERS`.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlbackfill.run.execute import execute  # noqa: E402 - the path comes first
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget  # noqa: E402
from tests.crash import chain  # noqa: E402


def tell(event: object) -> None:
    sys.stdout.write(f"{type(event).__name__}\n")
    sys.stdout.flush()


def main(file: Path, run_id: str, workers: int) -> int:
    adapter = DuckDBAdapter(DuckDBTarget(path=file))
    inputs = chain.run_inputs(adapter, run_id, sink=tell, max_parallel=workers)
    return execute(inputs).exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
