"""`estimate` as a check of pull requests: two checkouts, limits, baselines, no warehouse."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.command import Outcome, ProjectDir

PROJECT_FILE = "name: shop\nprofile: shop\nmodels:\n  shop:\n    +materialized: incremental\n"
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: warehouse.duckdb, schema: main}
"""
SOURCES = """\
version: 2
sources:
  - name: raw
    meta: {external_location: "data/{name}.parquet"}
    tables:
      - {name: orders, config: {event_time: day}}
      - {name: prices, config: {event_time: day}}
"""
CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-12-31'}}) }}
"""
PRICED = (
    CONFIG
    + """\
select o.day, o.id, o.amount, p.price
from {{ source('raw', 'orders') }} as o
join {{ source('raw', 'prices') }} as p
    on o.item = p.item
    and o.day = p.day
"""
)
TOTALS = (
    CONFIG
    + """\
select day, sum(amount * price) as turnover
from {{ ref('priced') }}
group by day
"""
)
WITHOUT_FILTER = PRICED.replace("    and o.day = p.day\n", "")
REFORMATTED = PRICED.replace("\njoin", "\n-- at the price of the day\n  inner join").replace(
    "o.day, o.id", "o.day,\n       o.id"
)
MARCH = ("-p", "2024-03")


def make(root: Path) -> ProjectDir:
    project = ProjectDir(root)
    project.write("sqlbackfill.yml", PROJECT_FILE)
    project.write("profiles.yml", PROFILES)
    project.write("models/sources.yml", SOURCES)
    project.write("models/priced.sql", PRICED)
    project.write("models/totals.sql", TOTALS)
    (root / "data").mkdir()
    for name, value in (("orders", "amount"), ("prices", "price")):
        duckdb.execute(f"""
            copy (select date '2024-01-01' + (n // 200)::integer as day, n as id,
                         n % 50 as item, random() as {value} from range(73000) r(n))
            to '{root}/data/{name}.parquet' (row_group_size 2048)
        """)
    return project


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> ProjectDir:
    """The main branch, with the manifest, the statistics and the estimate that its CI keeps."""
    project = make(tmp_path_factory.mktemp("estimate") / "main")
    assert project.command("run", "-p", "2024-01..2024-06", "--yes").exit_code == 0
    assert project.command("manifest", "-o", "main.json").exit_code == 0
    assert project.command("stats", "export", "-o", "stats.json").exit_code == 0
    outcome = project.command("estimate", *MARCH, "--stats", "stats.json", "--json")
    assert outcome.exit_code == 0, outcome
    project.write("baseline.json", outcome.stdout)
    return project


@pytest.fixture
def branch(main: ProjectDir, tmp_path: Path) -> ProjectDir:
    """Another checkout: the files of the repository, and neither warehouse nor data."""
    root = tmp_path / "branch"
    shutil.copytree(
        main.root, root, ignore=shutil.ignore_patterns("warehouse*", "data", ".sqlbackfill")
    )
    return ProjectDir(root)


def check(project: ProjectDir, *more: str, environment: dict[str, str] | None = None) -> Outcome:
    words = ("estimate", *MARCH, "--stats", "stats.json", "--baseline", "baseline.json")
    return project.command(*words, "--max-increase", "10", *more, environment=environment)


def limits(outcome: Outcome) -> dict[str, Any]:
    return {limit["name"]: limit for limit in outcome.document["limits"]}


def test_a_branch_that_changes_nothing_passes(branch: ProjectDir) -> None:
    outcome = check(branch, "--json")

    assert outcome.exit_code == 0, outcome
    assert limits(outcome)["max_increase"]["value"] == 0
    assert all(change["same"] for change in outcome.document["changes"])


def test_a_branch_that_only_reformats_passes_with_no_change(branch: ProjectDir) -> None:
    branch.write("models/priced.sql", REFORMATTED)

    whole = check(branch, "--format", "markdown")
    modified = check(
        branch, "-s", "state:modified+", "--state", "main.json", "--format", "markdown"
    )

    assert whole.exit_code == modified.exit_code == 0, whole
    assert "**No change.**" in whole.stdout
    assert "No change" in modified.stdout
    assert "| no change |" in whole.stdout


def test_a_branch_that_removes_a_partition_filter_fails_with_the_model_and_its_line(
    branch: ProjectDir,
) -> None:
    branch.write("models/priced.sql", WITHOUT_FILTER)

    outcome = check(branch, "-s", "state:modified+", "--state", "main.json", "--json")

    assert outcome.exit_code == 3, outcome
    assert {step["model"] for step in outcome.document["steps"]} == {"priced", "totals"}
    limit = limits(outcome)["max_increase"]
    assert limit["exceeded"]
    assert limit["model"] == "priced"
    assert limit["value"] > 100
    [error] = outcome.document["errors"]
    assert error["code"] == "LIMIT_EXCEEDED"
    assert (error["model"], error["file"]) == ("priced", "models/priced.sql")
    line = WITHOUT_FILTER.splitlines()[error["line"] - 1]
    assert "join" in line or "item" in line
    assert "day" in error["fix"]


def test_github_gets_an_annotation_and_a_summary(branch: ProjectDir, tmp_path: Path) -> None:
    branch.write("models/priced.sql", WITHOUT_FILTER)
    summary = tmp_path / "summary.md"
    environment = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(branch.root)}

    outcome = check(branch, "--format", "github", environment=environment)

    assert outcome.exit_code == 3
    assert outcome.stdout.startswith("::error file=models/priced.sql,line=")
    assert "title=LIMIT_EXCEEDED" in outcome.stdout
    page = summary.read_text()
    assert "**Over a limit.**" in page
    first = next(line for line in page.splitlines() if line.startswith("| `"))
    assert first.startswith("| `priced` |")


def test_neither_warehouse_nor_credentials_are_needed(branch: ProjectDir) -> None:
    branch.write(
        "profiles.yml",
        PROFILES.replace(
            "{type: duckdb, path: warehouse.duckdb, schema: main}",
            "{type: duckdb, path: \"{{ env_var('NOWHERE') }}\", schema: main}",
        ),
    )

    outcome = check(branch, "--max-bytes", "1e9", "--json")

    assert outcome.exit_code == 0, outcome
    assert not (branch.root / "warehouse.duckdb").exists()
    steps = {step["model"]: step["estimate"] for step in outcome.document["steps"]}
    assert steps["priced"]["scan_bytes"]["high"] > 0


def test_statistics_tell_what_the_warehouse_tells(main: ProjectDir, branch: ProjectDir) -> None:
    live = main.command("estimate", "-s", "priced", *MARCH, "--json").document["steps"][0]
    kept = branch.command("estimate", "-s", "priced", *MARCH, "--stats", "stats.json", "--json")

    [step] = kept.document["steps"]
    assert step["estimate"]["scan_bytes"]["likely"] == pytest.approx(
        live["estimate"]["scan_bytes"]["likely"], rel=0.1
    )
    assert step["fingerprint"] == live["fingerprint"]


def test_what_is_not_known_exceeds_every_limit_on_it(branch: ProjectDir) -> None:
    statistics = json.loads((branch.root / "stats.json").read_text())
    statistics["tables"] = [t for t in statistics["tables"] if t["name"] != "raw.prices"]
    branch.write("stats.json", json.dumps(statistics))
    words = ("estimate", "-s", "priced", *MARCH, "--stats", "stats.json", "--max-bytes", "1e12")

    refused = branch.command(*words)
    allowed = branch.command(*words, "--allow-unknown")

    assert refused.exit_code == 3, refused
    assert refused.error_codes == ["COST_UNKNOWN"]
    assert "priced" in refused.stderr
    assert allowed.exit_code == 0, allowed


def test_what_is_blocked_is_not_known(branch: ProjectDir) -> None:
    (branch.root / "data").mkdir()
    for name in ("orders", "prices"):
        duckdb.execute(f"""copy (select date '2024-03-01' as day, 1 as id, 1 as item, 1.0 as amount,
            1.0 as price) to '{branch.root}/data/{name}.parquet'""")

    outcome = branch.command("estimate", "-s", "totals", *MARCH, "--max-bytes", "1e12")

    assert outcome.exit_code == 3, outcome
    assert outcome.error_codes == ["COST_UNKNOWN"]


def test_a_limit_is_compared_with_the_high_end(main: ProjectDir) -> None:
    words = ("estimate", "-s", "priced", *MARCH, "--json")
    high = main.command(*words).document["total"]["scan_bytes"]["high"]

    kept = main.command(*words, "--max-bytes", str(high))
    exceeded = main.command(*words, "--max-bytes", str(high - 1))

    assert kept.exit_code == 0, kept
    assert exceeded.exit_code == 3
    assert limits(exceeded)["max_bytes"]["model"] == "priced"


def test_statistics_and_manifest_are_small_stable_and_hold_no_other_values(
    main: ProjectDir,
) -> None:
    for words, file in (
        (("stats", "export"), "stats.json"),
        (("manifest",), "main.json"),
    ):
        before = (main.root / file).read_text()
        assert main.command(*words, "-o", f"again-{file}").exit_code == 0
        assert (main.root / f"again-{file}").read_text() == before
        assert len(before) < 10_000
    statistics = json.loads((main.root / "stats.json").read_text())
    assert [table["name"] for table in statistics["tables"]] == [
        "priced", "raw.orders", "raw.prices", "totals",
    ]  # fmt: skip
    for table in statistics["tables"]:
        for _, bounds, _ in table["zones"]:
            assert set(bounds) == {"day"}


def test_the_manifest_is_the_same_without_a_warehouse(main: ProjectDir, branch: ProjectDir) -> None:
    assert branch.command("manifest", "--stats", "stats.json", "-o", "own.json").exit_code == 0

    assert (branch.root / "own.json").read_text() == (main.root / "main.json").read_text()


def test_a_new_model_is_new_and_no_increase_of_another(branch: ProjectDir) -> None:
    branch.write("models/copy.sql", TOTALS)

    outcome = check(branch, "--max-increase", "1000", "--json")

    changes = {change["model"]: change for change in outcome.document["changes"]}
    assert outcome.exit_code == 0, outcome
    assert changes["copy"]["new"]
    assert changes["priced"]["same"]


def test_files_that_are_no_such_files_are_refused(branch: ProjectDir) -> None:
    branch.write("other.json", "{}")
    for words, code in (
        (("--stats", "other.json"), "INVALID_STATISTICS"),
        (("--baseline", "other.json"), "INVALID_BASELINE"),
        (
            ("-s", "state:modified", "--state", "other.json", "--stats", "stats.json"),
            "INVALID_STATE",
        ),
        (("--max-increase", "10"), "OPTION_MISSING"),
    ):
        outcome = branch.command("estimate", *MARCH, *words)
        assert outcome.exit_code == 2, outcome
        assert outcome.error_codes == [code]


def test_a_warehouse_that_bills_credits_is_priced_without_an_account(tmp_path: Path) -> None:
    project = ProjectDir(tmp_path)
    project.write(
        "sqlbackfill.yml",
        f"{PROJECT_FILE}vars:\n  sqlbackfill: {{credit_price_usd: 3, warehouse_size: M}}\n",
    )
    project.write(
        "profiles.yml",
        "shop:\n  target: prod\n  outputs:\n    prod:\n      type: snowflake\n"
        + "".join(
            f"      {name}: \"{{{{ env_var('NO_SUCH_{name.upper()}') }}}}\"\n"
            for name in ("account", "user", "private_key", "database", "schema", "warehouse")
        ),
    )
    project.write(
        "models/sources.yml",
        "version: 2\nsources:\n  - name: raw\n    database: RAW\n    schema: EV\n"
        "    tables: [{name: events, config: {event_time: day}}]\n",
    )
    project.write(
        "models/daily.sql",
        CONFIG + "select day, sum(zeroifnull(amount)) as amount\n"
        "from {{ source('raw', 'events') }}\ngroup by day\n",
    )
    zones = [[5 * 10**8, {"day": [f"2024-{at:02}-01", f"2024-{at:02}-28"]}, []] for at in (3, 4)]
    table = {
        "name": "raw.events",
        "rows": 10**9,
        "columns": [["DAY", "DATE", 4 * 10**8], ["AMOUNT", "NUMBER(10,2)", 8 * 10**9]],
        "opening_bytes": 0,
        "block_bytes": None,
        "zones": zones,
    }
    statistics = {"schema_version": 1, "engine": "snowflake", "tables": [table]}
    project.write("stats.json", json.dumps(statistics))

    words = ("estimate", *MARCH, "--stats", "stats.json", "--max-cost", "0.5", "--json")
    outcome = project.command(*words)

    assert outcome.exit_code == 3, outcome
    [step] = outcome.document["steps"]
    estimate = step["estimate"]
    assert estimate["scan_bytes"]["high"] == pytest.approx(4.2e9)
    assert estimate["basis"] == "prior"
    # A medium warehouse takes 4 credits an hour, at least a minute of it.
    assert estimate["credits"]["likely"] == pytest.approx(
        4 / 3600 * max(60, estimate["seconds"]["likely"]), rel=1e-3
    )
    assert estimate["cost_usd"]["high"] == pytest.approx(3 * estimate["credits"]["high"], rel=1e-3)
    assert limits(outcome)["max_cost"]["model"] == "daily"


@pytest.mark.parametrize("option", ["--max-cost", "--max-bytes", "--max-seconds", "--max-increase"])
def test_a_limit_above_which_nothing_ever_is_is_no_limit(branch: ProjectDir, option: str) -> None:
    for value in ("nan", "inf", "1e400", "-1", "-inf", "dear"):
        outcome = branch.command("estimate", *MARCH, option, value)
        assert outcome.exit_code == 2, outcome
        assert outcome.error_codes == ["INVALID_OPTION_VALUE"]


def test_a_budget_that_is_no_number_does_not_run(main: ProjectDir) -> None:
    for command in (("run", *MARCH, "--yes"), ("resume",)):
        outcome = main.command(*command, "--max-cost", "nan")
        assert outcome.exit_code == 2, outcome
        assert outcome.error_codes == ["INVALID_OPTION_VALUE"]


GARBLED = {
    "no such file": None,
    "it is not text": b"\xff\xfe",
    "it is no json (expecting value": b'{"steps": ',
    "it is no json that anything here writes": b'{"schema_version": NaN}',
    "it is no json object": b"[]",
    "it has no schema_version": b"{}",
    "it has schema_version 99": b'{"schema_version": 99}',
}


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--stats", "INVALID_STATISTICS"),
        ("--baseline", "INVALID_BASELINE"),
        ("--state", "INVALID_STATE"),
    ],
)
def test_a_file_that_is_missing_or_garbled_is_refused_with_what_is_wrong(
    branch: ProjectDir, option: str, code: str
) -> None:
    for reason, content in GARBLED.items():
        file = branch.root / "garbled.json"
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        words = ("-s", "state:modified") if option == "--state" else ()
        outcome = branch.command("estimate", *MARCH, *words, option, "garbled.json")
        assert outcome.exit_code == 2, outcome
        assert outcome.error_codes == [code]
        assert reason in outcome.stderr.lower()
        assert "error:" not in outcome.stderr.lower().replace(f"error[{code.lower()}]", "")


def test_figures_that_nobody_measured_are_refused(branch: ProjectDir) -> None:
    good = (branch.root / "stats.json").read_text()
    [rows, *_] = re.findall(r'"rows": (\d+)', good)
    for bad in ("-5", '"many"', "true", "1.5", "null"):
        branch.write("bad.json", good.replace(f'"rows": {rows}', f'"rows": {bad}', 1))
        outcome = branch.command("estimate", *MARCH, "--stats", "bad.json")
        assert outcome.exit_code == 2, outcome
        assert outcome.error_codes == ["INVALID_STATISTICS"]
    priced = branch.command("estimate", *MARCH, "--stats", "stats.json", "--json").document
    for bad in ("low", None, True):
        priced["steps"][0]["estimate"]["scan_bytes"]["likely"] = bad
        branch.write("bad.json", json.dumps(priced))
        words = ("--stats", "stats.json", "--baseline", "bad.json")
        assert branch.command("estimate", *MARCH, *words).error_codes == ["INVALID_BASELINE"]
