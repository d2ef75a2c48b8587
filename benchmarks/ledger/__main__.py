"""`python -m benchmarks.ledger`: status over many models with ten years of hours, as whole processes.

The ledger is made by SQL as runs would have left it, with a checkpoint of each table or without.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, cheapest, measure
from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.app.planning import Prepared, prepare
from sqlbackfill.ledger.islands import RelationLog
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.log_rows import ISLAND_COLUMNS, inputs_text, read_islands
from sqlbackfill.ledger.records import InputMark

COMMAND = str(Path(sys.executable).with_name("sqlbackfill"))
STATUS = (COMMAND, "--as-of", "2025-01-01T00:00:00Z", "status", "--json")
FIRST, LAST = 394_464, 482_136
"""2015-01-01 and 2025-01-01, in hours since 1970."""
CHAIN = 4
SINCE = 16
"""How many records of a table are newer than its checkpoint: about as many as there may be."""
IDENTITY = "0123456789ab"
TOKEN = 1 << 32
_BLOCK = 100
_LOG = "sqlbackfill.partition_log"
_PROJECT = "name: hours\nprofile: hours\nmodels:\n  hours:\n    +materialized: incremental\n"
_PROFILES = (
    "hours: {target: dev, outputs: {dev: {type: duckdb, path: house.duckdb, schema: main}}}\n"
)
_CONFIG = "{{ config(event_time='h', batch_size='hour', begin='2015-01-01') }}\n"
_SOURCES = (
    "version: 2\nsources:\n  - name: raw\n    schema: main\n"
    "    meta: {sqlbackfill: {freshness: off}}\n    tables: [{name: events}]\n"
)


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        root.mkdir(exist_ok=True)
        write_project(root, options.models)
        fill(root, options.models, options.records // options.models)
        if not options.without:
            checkpoint(root, options.records // options.models)
        cost = _measured(root, options.repeat)
    kind = "without checkpoints" if options.without else "with checkpoints"
    print(
        f"| {options.models:,} models, {options.records:,} records, {kind} "
        f"| {cost.cpu_s:.2f} | {cost.wall_s:.2f} | {cost.peak_mb:.0f} |"
    )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--without", action="store_true", help="leave the checkpoints out")
    parser.add_argument("--keep", type=Path, help="make it here and leave it there")
    return parser.parse_args()


def _measured(root: Path, repeat: int) -> Cost:
    """The cost of status with the project's facts cached; it must say what is true."""
    shown = subprocess.run(STATUS, cwd=root, capture_output=True, check=True).stdout
    for model in json.loads(shown)["models"]:
        # The first hour of the first model was built again: who reads it is stale there.
        stale = 1 if model["model"] == "m00001" else 0
        assert (model["built"], model["stale"]) == (LAST - FIRST - stale, stale), model
    return cheapest([measure(STATUS, cwd=root) for _ in range(repeat)])


def write_project(root: Path, models: int) -> None:
    """Chains of models, each reading the same hour of the one before, and empty tables for them."""
    (root / "models").mkdir()
    (root / "sqlbackfill.yml").write_text(_PROJECT)
    (root / "profiles.yml").write_text(_PROFILES)
    (root / "models" / "sources.yml").write_text(_SOURCES)
    with duckdb.connect(str(root / "house.duckdb")) as connection:
        columns = "(h timestamp, id bigint, amount double)"
        connection.execute(f"create table events {columns}")
        for number in range(models):
            name = f"m{number:05d}"
            source = "{{ source('raw', 'events') }}"
            upstream = f"{{{{ ref('m{number - 1:05d}') }}}}" if number % CHAIN else source
            text = f"{_CONFIG}select h, id, amount from {upstream}\n"
            (root / "models" / f"{name}.sql").write_text(text)
            connection.execute(f"create table {name} {columns}")
            connection.execute(f"comment on table {name} is '[sqlbackfill:{IDENTITY}]'")


def fill(root: Path, models: int, records: int) -> None:
    """`records` of each model, its hours in stretches of equal size, and one more of the first.

    Number n of a model has seen number n of its upstream. They come as in time: number n of all
    models, then the next. At the end the very first hour of the first model is built again.
    """
    prepared = _prepared(root)
    names = [f"m{number:05d}" for number in range(models)]
    with duckdb.connect(str(root / "house.duckdb")) as connection:
        connection.execute(
            "create temporary table model (place int, name varchar, space varchar, "
            "fingerprint varchar, inputs varchar)"
        )
        connection.executemany(
            "insert into model values (?, ?, ?, ?, ?)",
            [(at, name, *_of_model(prepared, name)) for at, name in enumerate(names)],
        )
        for first in range(0, records, _BLOCK):
            last = min(first + _BLOCK, records)
            _insert(connection, "true", f"range({first}, {last})", records, TOKEN)
        _insert(connection, "name = 'm00000'", "range(1)", LAST - FIRST, 2 * TOKEN)


def _of_model(prepared: Prepared, name: str) -> tuple[str, str, str]:
    """The key space, the fingerprint, and the inputs, with # for the number of the mark."""
    space = prepared.workspace.partitionings[name].space
    inputs = {
        edge.name: InputMark(f"#|{IDENTITY}|{space}", edge.columns, edge.window)
        for edge in prepared.inputs[name]
    }
    return space, prepared.candidates[name].fingerprint, inputs_text(inputs)


def _prepared(root: Path) -> Prepared:
    """The project beside an empty ledger."""
    workspace = open_workspace(Options(project_dir=root))
    session = workspace.loaded.adapter.session()
    Ledger(workspace.loaded.adapter, workspace.loaded.target.database).prepare(session)
    prepared = prepare(workspace, session)
    session.close()
    workspace.loaded.adapter.close()
    return prepared


def _insert(
    connection: duckdb.DuckDBPyConnection, which: str, numbers: str, stretches: int, above: int
) -> None:
    start, end = (f"{FIRST} + (n + {more}) * {LAST - FIRST} // {stretches}" for more in (0, 1))
    connection.execute(
        f"insert into {_LOG} select {above} + n + 1, 'house', 'main', name, '{IDENTITY}', "
        f"space, {start}, {end}, 'k', 'k', name, 'built', 'r' || n, 'p', 0, fingerprint, '', "
        f"replace(inputs, '#', ({above} + n + 1)::varchar), 0, '2025', '1', "
        f"'range', 0, null, null, '', '', '' from {numbers} t(n), model where {which} "
        "order by n, place"
    )


def checkpoint(root: Path, records: int) -> None:
    """What an earlier run left of each table: one island, with the marks of that time."""
    loaded = load(Options(project_dir=root))
    session = loaded.adapter.session()
    ledger = Ledger(loaded.adapter, loaded.target.database)
    upto = TOKEN + max(records - SINCE, 1)
    rows = session.execute(f"select {ISLAND_COLUMNS} from {_LOG} where seq = {upto}")
    for island in read_islands(rows):
        whole = replace(island, start=FIRST)
        log = RelationLog((whole,), (), ((island.space, upto),))
        ledger.save_checkpoint(session, island.relation, log, "2025")
    session.close()
    loaded.adapter.close()


if __name__ == "__main__":
    sys.exit(main())
