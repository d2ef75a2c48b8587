"""Generated projects for the load benchmark: layers of models with 30 columns each. Nothing is measured here.

The same number of models gives the same files, byte for byte.
"""

from __future__ import annotations

import random
from pathlib import Path

import duckdb

WIDTH = 30
SOURCES = 5
_FIRST_DAY = "2024-01-01"
_MEASURES = tuple(f"m{i}" for i in range(1, WIDTH - 4))  # beside day, ts, id, user_id, kind
_SHARES = ((0.15, "stg"), (0.40, "dedup"), (0.75, "int"), (1.0, "mart"))


def write_load_project(root: Path, models: int) -> None:
    """A project of `models` models under `root`, reading Parquet files of a few rows."""
    (root / "data").mkdir(parents=True)
    folder = root / "models"
    folder.mkdir()
    (root / "sqlbackfill.yml").write_text(_PROJECT)
    (root / "profiles.yml").write_text(_PROFILES)
    names = "\n".join(f"      - name: events{i}" for i in range(SOURCES))
    (folder / "sources.yml").write_text(_SOURCES + names + "\n")
    columns = ", ".join(f"{i}::double as {m}" for i, m in enumerate(_MEASURES))
    with duckdb.connect() as connection:
        for i in range(SOURCES):
            connection.execute(
                f"copy (select timestamp '{_FIRST_DAY}' + interval (n) hour as ts, n as id, n % 7 as user_id, "
                f"'k' || (n % 3) as kind, {columns} from range(48) t(n)) "
                f"to '{root}/data/events{i}.parquet' (format parquet)"
            )
    chance = random.Random(models)
    layers: dict[str, list[str]] = {layer: [] for _, layer in _SHARES}
    for number in range(models):
        layer = next(name for share, name in _SHARES if number < models * share)
        name = f"{layer}_{number:05d}"
        (folder / layer).mkdir(exist_ok=True)
        (folder / layer / f"{name}.sql").write_text(_sql(layer, number, layers, chance))
        layers[layer].append(name)


def _sql(layer: str, number: int, layers: dict[str, list[str]], chance: random.Random) -> str:
    if layer == "stg":
        return _staging(number)
    if layer == "dedup":
        return _deduplicated(chance.choice(layers["stg"]))
    if layer == "int":
        below = layers["dedup"] + layers["int"][-20:]
        return _joined(chance.choice(below), chance.choice(layers["dedup"]), number)
    first, second = chance.choice(layers["int"]), chance.choice(layers["dedup"])
    return _daily(first, second) if number % 3 else _trailing(first)


def _listed(texts: list[str]) -> str:
    return ",\n".join(f"    {text}" for text in texts)


def _staging(number: int) -> str:
    columns = [f"cast({m} as double) + {number % 5} as {m}" for m in _MEASURES]
    head = ["cast(ts as date) as day", "ts", "id", "user_id", "lower(trim(kind)) as kind"]
    return (
        "-- one source, typed and renamed\nselect\n"
        f"{_listed(head + columns)}\nfrom {{{{ source('raw', 'events{number % SOURCES}') }}}}\n"
        f"where id is not null and kind <> 'k{number % 3 + 7}'\n"
    )


def _deduplicated(upstream: str) -> str:
    columns = [f"coalesce({m}, 0) as {m}" for m in _MEASURES]
    return (
        f"with events as (\n    select * from {{{{ ref('{upstream}') }}}}\n),\n\n"
        "ranked as (\n    select\n        *,\n"
        "        row_number() over (partition by day, id order by ts desc, user_id) as nth\n    from events\n)\n\n"
        f"select\n{_listed(['day', 'ts', 'id', 'user_id', 'kind', *columns])}\nfrom ranked\nwhere nth = 1\n"
    )


def _joined(first: str, second: str, number: int) -> str:
    half = len(_MEASURES) // 2
    columns = [f"a.{m}" for m in _MEASURES[:half]]
    columns += [
        f"case when b.id is null then 0 else a.{m} + b.{m} end as {m}" for m in _MEASURES[half:]
    ]
    return (
        f"with a as (\n    select * from {{{{ ref('{first}') }}}}\n),\n\n"
        f"b as (\n    select * from {{{{ ref('{second}') }}}} where kind = 'k{number % 3}'\n)\n\n"
        f"select\n{_listed(['a.day', 'a.ts', 'a.id', 'a.user_id', 'a.kind', *columns])}\n"
        "from a\nleft join b on a.day = b.day and a.id = b.id\n"
    )


def _daily(first: str, second: str) -> str:
    columns = [f"sum(a.{m}) as {m}" for m in _MEASURES]
    head = ["a.day", "max(a.ts) as ts", "count(*) as id", "a.user_id", "min(a.kind) as kind"]
    return (
        f"select\n{_listed(head + columns)}\nfrom {{{{ ref('{first}') }}}} a\n"
        f"join {{{{ ref('{second}') }}}} b on a.day = b.day and a.id = b.id\n"
        "group by a.day, a.user_id\nhaving count(*) > 0\n"
    )


def _trailing(upstream: str) -> str:
    frame = "over (partition by user_id order by day range between interval 6 days preceding and current row)"
    columns = [f"sum({m}) {frame} as {m}" for m in _MEASURES[:3]] + list(_MEASURES[3:])
    return (
        f"select\n{_listed(['day', 'ts', 'id', 'user_id', 'kind', *columns])}\n"
        f"from {{{{ ref('{upstream}') }}}}\n"
    )


_PROJECT = f"""name: load
profile: load
dialect: duckdb

models:
  load:
    +materialized: incremental
    +event_time: day
    +batch_size: day
    +begin: "{_FIRST_DAY}"
    +meta:
      sqlbackfill:
        end: "2024-01-03"
"""
_PROFILES = """load:
  target: bench
  outputs:
    bench: {type: duckdb, path: warehouse.duckdb, schema: main}
"""
_SOURCES = """version: 2

sources:
  - name: raw
    meta:
      external_location: "data/{name}.parquet"
    tables:
"""
