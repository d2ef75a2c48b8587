"""`sqlbackfill test`: unit tests of models in dbt's form, on DuckDB in memory."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sqlbackfill.app.options import Options
from sqlbackfill.app.unit_tests import UnitReport, run_unit_tests
from tests.e2e.command import REPO, ProjectDir

CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01'}}) }}
"""
SOURCES = """\
sources:
  - name: raw
    tables:
      - name: orders
        config: {event_time: day}
        columns:
          - {name: day, data_type: date}
          - {name: id, data_type: integer}
          - {name: amount, data_type: double}
          - {name: tags, data_type: "varchar[]"}
          - {name: note, data_type: json}
"""
ORDERS = (
    CONFIG
    + "select day, id, amount * {{ var('rate', 1) }} as amount\nfrom {{ source('raw', 'orders') }}\n"
)
DAILY = (
    CONFIG
    + """\
select day, sum(amount) as amount, count(*) as orders
from {{ ref('orders') }}
group by day
"""
)
GOOD = """\
unit_tests:
  - name: adds_up
    model: daily
    given:
      - input: ref('orders')
        rows:
          - {day: 2024-01-05, amount: 0.1}
          - {day: 2024-01-05, amount: 0.2}
    expect:
      rows:
        - {day: 2024-01-05, amount: 0.3, orders: 2}
"""


@pytest.fixture
def project(tmp_path: Path) -> ProjectDir:
    project = ProjectDir(tmp_path / "shop")
    project.write(
        "sqlbackfill.yml", "name: shop\nmodels:\n  shop:\n    +materialized: incremental\n"
    )
    project.write("models/sources.yml", SOURCES)
    project.write("models/orders.sql", ORDERS)
    project.write("models/daily.sql", DAILY)
    return project


def report(project: ProjectDir, tests: str, *select: str) -> UnitReport:
    project.write("models/tests.yml", tests)
    return run_unit_tests(Options(project_dir=project.root), select)


def statuses(found: UnitReport) -> dict[str, str]:
    return {one.test.name: one.status for one in found.results}


def one_test(body: str, *, model: str = "daily", name: str = "t") -> str:
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"unit_tests:\n  - name: {name}\n    model: {model}\n{lines}\n"


def test_floats_are_compared_to_nine_digits_and_no_warehouse_is_made(project: ProjectDir) -> None:
    project.write("models/tests.yml", GOOD)
    done = project.command("test")
    assert done.exit_code == 0, done
    assert "passed  daily  adds_up" in done.stdout
    assert not (project.root / "warehouse.duckdb").exists()


def test_columns_not_given_are_null_and_those_not_expected_are_not_compared(
    project: ProjectDir,
) -> None:
    found = report(
        project,
        one_test(
            """
given: [{input: "source('raw', 'orders')", rows: [{id: 1}]}]
expect: {rows: [{id: 1, day: null}]}
""",
            model="orders",
        ),
    )
    assert statuses(found) == {"t": "passed"}


def test_a_duplicate_row_is_missed_when_it_is_expected_twice(project: ProjectDir) -> None:
    found = report(
        project,
        one_test(
            """
given: [{input: "source('raw', 'orders')", rows: [{id: 1}]}]
expect: {rows: [{id: 1}, {id: 1}]}
""",
            model="orders",
        ),
    )
    [one] = found.results
    assert one.diff is not None
    assert one.diff.missing == ((1,),)
    assert not one.diff.unexpected


def test_a_difference_shows_changed_cells_missing_and_unexpected_rows(project: ProjectDir) -> None:
    project.write(
        "models/tests.yml",
        one_test("""
given:
  - input: ref('orders')
    rows: [{day: 2024-01-05, amount: 1.5}, {day: 2024-01-06, amount: 2}]
expect:
  rows:
    - {day: 2024-01-05, amount: 9, orders: 1}
    - {day: 2024-01-09, amount: 7, orders: 7}
"""),
    )
    done = project.command("test")
    assert done.exit_code == 1, done
    assert "~ changed: day=2024-01-05, orders=1" in done.stdout
    assert "amount (DOUBLE): expected 9.0, got 1.5" in done.stdout
    assert "- missing: day=2024-01-09, amount=7.0, orders=7" in done.stdout
    assert "+ unexpected: day=2024-01-06, amount=2.0, orders=1" in done.stdout
    assert "models/tests.yml:2" in done.stdout


@pytest.mark.parametrize(
    "rows",
    [
        "format: csv\nrows: |\n  day,amount\n  2024-01-05,1\n  2024-01-05,\n",
        "format: csv\nfixture: two_orders\n",
        (
            "format: sql\nrows: |\n  select date '2024-01-05' as day, 1 as amount\n"
            "  union all select date '2024-01-05', null\n"
        ),
        "format: sql\nfixture: two_orders\n",
        "rows: [{day: 2024-01-05, amount: 1}, {day: 2024-01-05}]",
    ],
    ids=["csv", "csv fixture", "sql", "sql fixture", "dict"],
)
def test_rows_are_written_in_any_of_dbts_ways(project: ProjectDir, rows: str) -> None:
    project.write("tests/fixtures/two_orders.csv", "day,amount\n2024-01-05,1\n2024-01-05,\n")
    project.write(
        "tests/fixtures/two_orders.sql",
        "select date '2024-01-05' as day, 1 as amount union all select date '2024-01-05', null",
    )
    body = rows.replace("\n", "\n    ")
    found = report(
        project,
        one_test(
            f"given:\n  - input: ref('orders')\n    {body}\n"
            "expect: {rows: [{day: 2024-01-05, amount: 1, orders: 2}]}"
        ),
    )
    assert statuses(found) == {"t": "passed"}, found.results[0].errors


def test_lists_and_json_are_given_as_yml_has_them(project: ProjectDir) -> None:
    project.write(
        "models/tagged.sql",
        "{{ config(materialized='table') }}\n"
        "select len(tags) as n, note->>'$.a' as a, note from {{ source('raw', 'orders') }}\n",
    )
    found = report(
        project,
        one_test(
            """
given: [{input: "source('raw', 'orders')", rows: [{tags: [x, y], note: {a: b}}]}]
expect: {rows: [{n: 2, a: b, note: {a: b}}]}
""",
            model="tagged",
        ),
    )
    assert statuses(found) == {"t": "passed"}, found.results[0]


def test_partitions_run_the_model_as_a_run_would(project: ProjectDir) -> None:
    found = report(
        project,
        one_test("""
partitions: 2024-01-05..2024-01-06
given:
  - input: ref('orders')
    rows: [{day: 2024-01-04, amount: 1}, {day: 2024-01-05, amount: 2}, {day: 2024-01-07, amount: 4}]
expect: {rows: [{day: 2024-01-05, amount: 2, orders: 1}]}
"""),
    )
    assert statuses(found) == {"t": "passed"}, found.results[0]


def test_partitions_may_stand_under_meta_where_dbt_leaves_them_alone(project: ProjectDir) -> None:
    found = report(
        project,
        one_test("""
config: {meta: {sqlbackfill: {partitions: 2024-01-05}}}
given: [{input: ref('orders'), rows: [{day: 2024-01-04, amount: 1}]}]
expect: {rows: []}
"""),
    )
    assert statuses(found) == {"t": "passed"}


def test_a_predicate_that_is_too_narrow_is_seen(project: ProjectDir) -> None:
    """The author's own bound leaves out the day that the frame needs."""
    project.write(
        "models/two_days.sql",
        CONFIG
        + "select day, sum(amount) over (order by day range between interval 1 day preceding "
        "and current row) as amount\nfrom {{ ref('daily').unfiltered() }}\n"
        "where day >= cast('{{ partition.start }}' as date)\n",
    )
    found = report(
        project,
        one_test(
            """
partitions: 2024-01-05
given: [{input: ref('daily'), rows: [{day: 2024-01-04, amount: 1}, {day: 2024-01-05, amount: 2}]}]
expect: {rows: [{day: 2024-01-05, amount: 3}]}
""",
            model="two_days",
        ),
    )
    [one] = found.results
    assert one.status == "failed"
    assert one.diff is not None
    assert one.diff.changed[0].actual[1] == 2


def test_rows_that_no_run_would_write_are_an_error(project: ProjectDir) -> None:
    project.write(
        "models/tomorrow.sql",
        CONFIG + "select day + 1 as day, id from {{ source('raw', 'orders') }}\n"
        "where day = cast('{{ partition.start }}' as date)\n",
    )
    found = report(
        project,
        one_test(
            """
partitions: 2024-01-05
given: [{input: "source('raw', 'orders')", rows: [{day: 2024-01-05, id: 1}]}]
expect: {rows: []}
""",
            model="tomorrow",
        ),
    )
    [one] = found.results
    assert [error.code for error in one.errors] == ["ROWS_WITHOUT_A_HOME"]
    assert found.exit_code == 1


def test_this_accumulates_from_partition_to_partition(project: ProjectDir) -> None:
    project.write(
        "models/running.sql",
        CONFIG
        + "select d.day, d.amount + coalesce(p.amount, 0) as amount\nfrom {{ ref('daily') }} d\n"
        "left join {{ this }} p on p.day = d.day - 1\n",
    )
    given = (
        "{input: ref('daily'), rows: [{day: 2024-01-05, amount: 1}, {day: 2024-01-06, amount: 2}]}"
    )
    tests = one_test(
        f"""
partitions: 2024-01-05..2024-01-06
given: [{given}]
expect: {{rows: [{{day: 2024-01-05, amount: 1}}, {{day: 2024-01-06, amount: 3}}]}}
""",
        model="running",
        name="from_nothing",
    ) + one_test(
        f"""
partitions: 2024-01-05..2024-01-06
given: [{given}, {{input: this, rows: [{{day: 2024-01-04, amount: 10}}, {{day: 2024-01-05, amount: 99}}]}}]
expect: {{rows: [{{day: 2024-01-05, amount: 11}}, {{day: 2024-01-06, amount: 13}}]}}
""",
        model="running",
        name="from_a_table",
    ).removeprefix("unit_tests:\n")
    assert statuses(report(project, tests)) == {"from_nothing": "passed", "from_a_table": "passed"}


def test_overrides_change_vars_macros_and_the_environment(project: ProjectDir) -> None:
    project.write("macros/m.sql", "{% macro factor() %}2{% endmacro %}")
    project.write(
        "models/priced.sql",
        "{{ config(materialized='table') }}\nselect id * {{ factor() }} * {{ var('rate') }} "
        "* {{ env_var('SHOP_SCALE', '1') }} as x, {{ is_incremental() }} as inc\n"
        "from {{ source('raw', 'orders') }}\n",
    )
    project.write(
        "sqlbackfill.yml",
        "name: shop\nvars: {rate: 1}\nmodels:\n  shop:\n    +materialized: incremental\n",
    )
    given = "given: [{input: \"source('raw', 'orders')\", rows: [{id: 1}]}]\n"
    overridden = one_test(
        given + "overrides: {vars: {rate: 3}, macros: {factor: 5, is_incremental: true}, "
        "env_vars: {SHOP_SCALE: 7}}\nexpect: {rows: [{x: 105, inc: true}]}",
        model="priced",
        name="overridden",
    )
    plain = one_test(given + "expect: {rows: [{x: 2, inc: false}]}", model="priced", name="plain")
    found = report(project, overridden + plain.removeprefix("unit_tests:\n"))
    assert statuses(found) == {"overridden": "passed", "plain": "passed"}, found.results


def test_an_ephemeral_input_is_given_or_seen_through(project: ProjectDir) -> None:
    project.write(
        "models/cleaned.sql",
        "{{ config(materialized='ephemeral') }}\n"
        "select day, amount from {{ ref('orders') }} where amount > 0\n",
    )
    project.write(
        "models/sums.sql",
        CONFIG + "select day, sum(amount) as amount from {{ ref('cleaned') }} group by day\n",
    )
    given = one_test(
        "given: [{input: ref('cleaned'), rows: [{day: 2024-01-05, amount: -1}]}]\n"
        "expect: {rows: [{amount: -1}]}",
        model="sums",
        name="given",
    )
    through = one_test(
        "given: [{input: ref('orders'), rows: [{day: 2024-01-05, amount: -1}, {amount: 2}]}]\n"
        "expect: {rows: [{amount: 2}]}",
        model="sums",
        name="through",
    )
    found = report(project, given + through.removeprefix("unit_tests:\n"))
    assert statuses(found) == {"given": "passed", "through": "passed"}, found.results


def test_a_model_of_another_dialect_and_of_a_target_without_credentials(
    project: ProjectDir,
) -> None:
    project.write(
        "profiles.yml",
        "shop: {target: prod, outputs: {prod: {type: snowflake, account: a, user: u, "
        "password: p, database: D, schema: S, warehouse: w}}}\n",
    )
    project.write(
        "models/daily.sql",
        CONFIG
        + "select day, iff(sum(amount) > 2, 'big', 'small') as size, dateadd(day, 1, day) as next\n"
        "from {{ ref('orders') }}\ngroup by day\n",
    )
    found = report(
        project,
        one_test("""
partitions: 2024-01-05
given:
  - input: ref('orders')
    format: sql
    rows: select '2024-01-05'::date as day, iff(true, 3, 0) as amount
expect: {rows: [{day: 2024-01-05, size: big, next: 2024-01-06}]}
"""),
    )
    assert statuses(found) == {"t": "passed"}, found.results


def test_an_error_of_the_engine_points_at_the_models_own_line(project: ProjectDir) -> None:
    project.write("models/daily.sql", DAILY.replace("sum(amount)", "sum(amont)"))
    project.write("models/tests.yml", GOOD)
    done = project.command("test")
    assert done.exit_code == 1, done
    assert "models/daily.sql:3:" in done.stdout


BAD = {
    "no model": ("model: dayly\ngiven: []\nexpect: {rows: []}", "did you mean `daily`"),
    "input not given": ("model: daily\nexpect: {rows: []}", "reads ref('orders')"),
    "input not read": (
        (
            "model: daily\ngiven: [{input: ref('orders'), rows: []}, {input: ref('daily'), rows: []}]\n"
            "expect: {rows: []}"
        ),
        "does not read ref('daily')",
    ),
    "unknown column": (
        "model: orders\ngiven: [{input: ref('orders'), rows: []}]\nexpect: {rows: []}",
        "does not read ref('orders')",
    ),
    "bad value": (
        "model: daily\ngiven: [{input: ref('orders'), rows: [{day: soon}]}]\nexpect: {rows: []}",
        "`soon` is no date",
    ),
    "unknown expected column": (
        "model: daily\ngiven: [{input: ref('orders'), rows: []}]\nexpect: {rows: [{dy: 1}]}",
        "no column `dy`",
    ),
    "given column that there is not": (
        "model: daily\ngiven: [{input: ref('orders'), rows: [{amout: 1}]}]\nexpect: {rows: []}",
        "no column `amout`; did you mean `amount`",
    ),
    "bad partition": (
        (
            "model: daily\npartitions: 2030-01-01\ngiven: [{input: ref('orders'), rows: []}]\n"
            "expect: {rows: []}"
        ),
        "2030-01-01",
    ),
    "unknown key": ("model: daily\nexpected: {rows: []}", "unknown key `expected`"),
    "no expect": ("model: daily\ngiven: []", "it expects nothing"),
    "no fixture": (
        (
            "model: daily\ngiven: [{input: ref('orders'), format: csv, fixture: ordrs}]\n"
            "expect: {rows: []}"
        ),
        "there is no fixture `ordrs.csv`",
    ),
    "bad input": (
        "model: daily\ngiven: [{input: orders, rows: []}]\nexpect: {rows: []}",
        "`orders` is no input",
    ),
    "ragged csv": (
        (
            "model: daily\ngiven: [{input: ref('orders'), format: csv, rows: \"day,amount\\n1\"}]\n"
            "expect: {rows: []}"
        ),
        "line 2 of the csv has 1 values",
    ),
    "bad sql": (
        (
            "model: daily\ngiven: [{input: ref('orders'), format: sql, rows: \"select nope\"}]\n"
            "expect: {rows: []}"
        ),
        "does not run",
    ),
}


@pytest.mark.parametrize(("body", "message"), BAD.values(), ids=list(BAD))
def test_a_bad_definition_exits_2_with_its_place_and_a_fix(
    project: ProjectDir, body: str, message: str
) -> None:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    project.write("models/tests.yml", f"unit_tests:\n  - name: t\n{lines}\n")
    done = project.command("test")
    text = done.stdout + done.stderr
    assert done.exit_code == 2, done
    assert "BAD_UNIT_TEST" in text
    assert message.lower() in text.lower()
    assert "models/tests.yml:" in text
    assert "fix:" in text
    assert "Traceback" not in text


MANY = """\
unit_tests:
  - name: first
    model: orders
    config: {tags: [fast]}
    given: [{input: "source('raw', 'orders')", rows: []}]
    expect: {rows: []}
  - name: second
    model: daily
    config: {tags: fast}
    given: [{input: ref('orders'), rows: []}]
    expect: {rows: []}
  - name: third
    model: daily
    given: [{input: ref('orders'), rows: []}]
    expect: {rows: []}
  - name: disabled
    model: daily
    config: {enabled: false}
"""


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ([], ["first", "second", "third"]),
        (["daily"], ["second", "third"]),
        (["orders+"], ["first", "second", "third"]),
        (["tag:fast"], ["first", "second"]),
        (["tag:fast,daily"], ["second"]),
        (["third first"], ["first", "third"]),
        (["sec*"], ["second"]),
        (["test_name:third"], ["third"]),
    ],
    ids=str,
)
def test_tests_are_selected_by_model_name_and_tag(
    project: ProjectDir, select: list[str], names: list[str]
) -> None:
    assert list(statuses(report(project, MANY, *select))) == names


def test_a_selection_that_names_nothing_exits_2(project: ProjectDir) -> None:
    project.write("models/tests.yml", MANY)
    done = project.command("test", "-s", "secnd")
    assert done.exit_code == 2
    assert "did you mean the test `second`" in done.stderr


def test_the_junit_report_has_one_case_for_each_test(project: ProjectDir) -> None:
    project.write(
        "models/tests.yml",
        GOOD
        + """\
  - {name: wrong, model: orders, given: [{input: "source('raw', 'orders')", rows: [{id: 1}]}],
     expect: {rows: [{id: 2}]}}
  - {name: "broken <&> \\u0001", model: daily, given: [{input: ref('orders'), rows: [{day: x}]}], expect: {rows: []}}
""",
    )
    done = project.command("test", "--junit", "out.xml")
    assert done.exit_code == 2
    suite = ET.parse(project.root / "out.xml").getroot()[0]  # noqa: S314 # our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases == {"adds_up": [], "wrong": ["failure"], "broken <&> ?": ["error"]}
    assert not list(project.root.glob(".out.xml*"))


def test_json_has_the_difference(project: ProjectDir) -> None:
    project.write("models/tests.yml", GOOD.replace("orders: 2", "orders: 3"))
    document = project.command("test", "--json").document
    [one] = document["tests"]
    assert document["total"] == {"passed": 0, "failed": 1, "error": 0}
    assert one["diff"]["changed"][0]["columns"] == ["orders"]
    assert one["diff"]["changed"][0]["expected"]["orders"] == 3


def test_a_project_without_unit_tests_passes(project: ProjectDir) -> None:
    done = project.command("test")
    assert done.exit_code == 0
    assert "no unit tests" in done.stdout


def test_the_flagships_own_pass() -> None:
    found = run_unit_tests(Options(project_dir=REPO))
    assert len(found.results) >= 4
    assert set(statuses(found).values()) == {"passed"}
    assert any(one.test.partitions for one in found.results)


def test_a_hundred_tests_take_less_than_two_seconds(project: ProjectDir) -> None:
    entries = [
        GOOD.replace("adds_up", f"test_{n}").removeprefix("unit_tests:\n") for n in range(100)
    ]
    project.write("models/tests.yml", "unit_tests:\n" + "".join(entries))
    run_unit_tests(Options(project_dir=project.root), ["test_0"])
    began = time.process_time()
    found = run_unit_tests(Options(project_dir=project.root))
    assert found.count("passed") == 100
    assert time.process_time() - began < 2 * _slowness()


def _slowness() -> float:
    """How much slower this process is charged than it should be, by a fixed piece of work."""
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    sum(n * n for n in range(1_000_000))
    return max(1.0, (resource.getrusage(resource.RUSAGE_SELF).ru_utime - began) / 0.1)
