"""The workloads: which project, which command, which SQL by hand, and which tables must come out equal."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
REPO = HERE.parent
FLAGSHIP_TABLES = (
    "flights",
    "flight_weather",
    "carrier_day",
    "carrier_trailing_7d",
    "carrier_streak",
    "airport_week",
    "busiest_routes",
    "aircraft_minutes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A run of a project's `tables` over the civil dates [start, end), and the same by hand."""

    name: str
    tables: tuple[str, ...]
    sql_files: tuple[str, ...]
    start: str
    end: str
    partitions: int
    arguments: tuple[str, ...]

    @property
    def is_flagship(self) -> bool:
        return self.tables == FLAGSHIP_TABLES

    def sql(self) -> str:
        """The hand-written side as one script."""
        texts = [(HERE / "by_hand" / name).read_text() for name in self.sql_files]
        return "\n".join(texts).replace("{start}", self.start).replace("{end}", self.end)

    def write_project(self, root: Path, lineitem: Path | None) -> None:
        """Its project under `root`, with no models beside the workload's own."""
        origin = REPO if self.is_flagship else HERE / "tpch"
        profiles = "profiles.example.yml" if self.is_flagship else "profiles.yml"
        root.mkdir(parents=True)
        for name in ("sqlbackfill.yml", profiles):
            shutil.copy(origin / name, root / name)
        if self.is_flagship:
            shutil.copytree(origin / "macros", root / "macros")
        (root / "models").mkdir()
        for file in sorted((origin / "models").iterdir()):
            if file.suffix == ".yml" or file.stem in self.tables:
                shutil.copy(file, root / "models" / file.name)
        data = REPO / "data" if self.is_flagship else lineitem
        if data is not None:
            (root / "data").symlink_to(data.resolve(), target_is_directory=True)


def _tpch(name: str, years: str, tables: tuple[str, ...], *more: str) -> Workload:
    first, last = (years.split("..") * 2)[:2]
    days = sum(366 if year % 4 == 0 else 365 for year in range(int(first), int(last) + 1))
    return Workload(
        name=name,
        tables=tables,
        sql_files=tuple(f"{table}.sql" for table in tables),
        start=f"{first}-01-01",
        end=f"{int(last) + 1}-01-01",
        partitions=days * len(tables),
        arguments=("run", "-p", years, "--yes", *more),
    )


W4 = ("clean_lineitem", "daily_clean_lines")
WORKLOADS = (
    Workload(
        name="flagship, 8 models, 1 year",
        tables=FLAGSHIP_TABLES,
        sql_files=("flagship.sql",),
        start="2013-01-01",
        end="2014-01-01",
        partitions=7 * 365 + 53,
        arguments=("run", "-p", "2013", "--yes"),
    ),
    _tpch("W1 cleaned copy, 1 year", "1995", ("clean_lineitem",)),
    _tpch("W2 daily aggregate, 1 year", "1995", ("daily_lines",)),
    _tpch("W2, forced a day a query", "1995", ("daily_lines",), "--strategy", "partition"),
    _tpch("W4 chain, 1 year", "1995", W4),
    _tpch("W4 chain, 7 years", "1992..1998", W4),
)
