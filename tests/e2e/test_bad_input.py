"""Bad projects and bad commands: one clear message, the right exit code, no traceback, nothing changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG, EVENTS, PROFILES, RUN, TOTALS, refused


@dataclass(frozen=True, slots=True)
class Case:
    """A file written over a good project, a command, and the words that its one message must hold."""

    words: tuple[str, ...]
    file: str = "models/extra.sql"
    text: str | None = None
    command: tuple[str, ...] = RUN


BAD_FILES = {
    "malformed yml": Case(
        ("models/sources.yml:3",),
        "models/sources.yml",
        "version: 2\nsources:\n  - name: raw: events\n",
    ),
    "malformed project file": Case(
        ("sqlbackfill.yml",), "sqlbackfill.yml", "name: shop\n  profile: x\n"
    ),
    "malformed profiles": Case(("profiles.yml",), "profiles.yml", "shop: {outputs: [\n"),
    "unknown ref": Case(
        ("evnets", "did you mean", "events", "models/extra.sql:3"),
        text=CONFIG + "select day, 1 as n from {{ ref('evnets') }}\n",
    ),
    "unknown source": Case(
        ("raw.event", "raw.events", "models/extra.sql:3"),
        text=CONFIG + "select day, 1 as n from {{ source('raw', 'event') }}\n",
    ),
    "duplicate model": Case(
        ("totals", "models/again/totals.sql", "models/totals.sql"),
        "models/again/totals.sql",
        TOTALS,
    ),
    "circular refs": Case(
        ("events", "totals"),
        "models/events.sql",
        CONFIG + "select day, amount from {{ ref('totals') }}\n",
    ),
    "jinja syntax": Case(
        ("models/extra.sql:3",), text=CONFIG + "select day from {{ ref('events' }}\n"
    ),
    "jinja block left open": Case(
        ("models/extra.sql", "if"),
        text=CONFIG + "select day from {{ ref('events') }} {% if true %}\n",
    ),
    "undefined name": Case(
        ("reff", "models/extra.sql:3", "ref"),
        text=CONFIG + "select day from {{ reff('events') }}\n",
    ),
    "undefined variable": Case(
        ("floor", "models/extra.sql:3"),
        text=CONFIG + "select day from {{ ref('events') }} where id > {{ var('floor') }}\n",
    ),
    "sql that does not parse": Case(
        ("models/extra.sql:3",), text=CONFIG + "select day, from where {{ ref('events') }}\n"
    ),
    "partition column not in the output": Case(
        ("day", "models/extra.sql"), text=CONFIG + "select id, amount from {{ ref('events') }}\n"
    ),
    "a grain that does not exist": Case(
        ("fortnight", "models/extra.sql"),
        text=CONFIG.replace("'end':", "'grain': 'fortnight', 'end':")
        + "select day, amount from {{ ref('events') }}\n",
    ),
    "several dimensions": Case(
        ("models/extra.sql",),
        text=CONFIG.replace("'end':", "'partitions': {'region': ['eu'], 'day': 'day'}, 'end':")
        + "select day, amount from {{ ref('events') }}\n",
    ),
    "a reversed range": Case(
        ("2024-01-20..2024-01-10", "2024-01-10..2024-01-20"),
        command=("run", "-p", "2024-01-20..2024-01-10", "--yes"),
    ),
    "a date that does not exist": Case(
        ("2024-02-30", "2024-01-01", "2024-01-31"), command=("run", "-p", "2024-02-30", "--yes")
    ),
    "a range outside begin and end": Case(
        ("2025-06-01", "2024-01-01", "2024-01-31"), command=("run", "-p", "2025-06-01", "--yes")
    ),
    "a spec that cannot be read": Case(
        ("yesterdayish",), command=("run", "-p", "yesterdayish", "--yes")
    ),
    "an unknown selection": Case(
        ("totlas", "did you mean", "totals"),
        command=("run", "-s", "totlas", "-p", "2024-01", "--yes"),
    ),
    "a stray positional": Case(
        ("did you mean", '-s "events totals"'), command=("run", "events", "totals", "--yes")
    ),
    "an unknown option": Case(
        ("--partition",), command=("run", "--partitoins", "2024-01", "--yes")
    ),
    "a strategy that does not exist": Case(
        ("weekly", "range"), command=("run", "-p", "2024-01", "--strategy", "weekly", "--yes")
    ),
    "a plan file that is not there": Case(
        ("plan.json",), command=("run", "--plan", "plan.json", "--yes")
    ),
    "an unknown profile": Case(("nosuch", "shop"), command=(*RUN, "--profile", "nosuch")),
    "an unknown target": Case(("prod", "dev"), command=(*RUN, "--target", "prod")),
    "a warehouse type without adapter": Case(
        ("oracle", "duckdb"), "profiles.yml", PROFILES.replace("type: duckdb", "type: oracle")
    ),
    "an environment variable that is not set": Case(
        ("shop_path",),
        "profiles.yml",
        PROFILES.replace("warehouse.duckdb", "\"{{ env_var('SHOP_PATH') }}\""),
    ),
}


@pytest.mark.parametrize("case", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_input_is_one_clear_message_and_changes_nothing(shop: ProjectDir, case: Case) -> None:
    if case.text is not None:
        shop.write(case.file, case.text)
    before = shop.contents()

    outcome = shop.command(*case.command)

    message = refused(shop, outcome)
    assert [word for word in case.words if word.lower() not in message] == [], outcome
    assert shop.contents() == before


@pytest.mark.parametrize("case", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_input_is_the_same_error_as_json(shop: ProjectDir, case: Case) -> None:
    if case.text is not None:
        shop.write(case.file, case.text)

    text, asked = shop.command(*case.command), shop.command(*case.command, "--json")

    assert asked.exit_code == text.exit_code == 2, asked
    assert [
        e["code"] for e in asked.document["errors"] if e["severity"] == "error"
    ] == text.error_codes
    assert set(asked.document["errors"][0]) == {
        "code", "severity", "message", "file", "line", "column", "fix", "model",
    }  # fmt: skip


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path: Path) -> None:
    empty = ProjectDir(tmp_path / "empty")
    empty.root.mkdir()

    message = refused(empty, empty.command(*RUN))

    assert "sqlbackfill init" in message
    assert list(empty.root.iterdir()) == []


def test_a_missing_profiles_file_names_where_it_was_looked_for(shop: ProjectDir) -> None:
    (shop.root / "profiles.yml").unlink()
    before = shop.contents()

    message = refused(shop, shop.command(*RUN))

    assert "profiles.yml" in message
    assert shop.contents() == before


def test_an_unknown_config_key_is_a_warning_with_the_word_that_was_meant(shop: ProjectDir) -> None:
    shop.write(
        "models/extra.sql", TOTALS.replace("batch_size='day',", "batch_size='day', tagz=['x'],")
    )

    outcome = shop.command(*RUN)

    assert outcome.exit_code == 0, outcome
    assert "tagz" in outcome.stderr
    assert "tags" in outcome.stderr
    assert "models/extra.sql" in outcome.stderr


def test_all_errors_of_a_projects_files_are_reported_at_once(shop: ProjectDir) -> None:
    shop.write("models/again/totals.sql", TOTALS)
    shop.write("models/three.yml", "models: [{name: one\n")
    before = shop.contents()

    outcome = shop.command(*RUN)

    assert outcome.exit_code == 2, outcome
    assert "Traceback" not in outcome.stderr
    for file in ("models/again/totals.sql", "models/three.yml"):
        assert file in outcome.stderr, outcome
    assert shop.contents() == before


def test_all_errors_of_a_projects_models_are_reported_at_once(shop: ProjectDir) -> None:
    shop.write("models/one.sql", CONFIG + "select day from {{ ref('evnets') }}\n")
    shop.write("models/two.sql", CONFIG + "select day from {{ ref('events' }}\n")
    shop.write("models/three.sql", CONFIG + "select day from {{ reff('events') }}\n")
    before = shop.contents()

    outcome = shop.command(*RUN)

    assert outcome.exit_code == 2, outcome
    assert "Traceback" not in outcome.stderr
    assert len(outcome.error_codes) == 3, outcome
    for file in ("models/one.sql:3", "models/two.sql:3", "models/three.sql:3"):
        assert file in outcome.stderr, outcome
    assert shop.contents() == before


def test_errors_of_yml_of_jinja_of_refs_and_of_sql_are_reported_together(shop: ProjectDir) -> None:
    shop.write("models/bad.yml", "models: [{name: one\n")
    shop.write("models/one.sql", CONFIG + "select day from {{ reff('events') }}\n")
    shop.write("models/two.sql", CONFIG + "select day from {{ ref('evnets') }}\n")
    shop.write("models/three.sql", CONFIG + "select from where\n")

    outcome = shop.command(*RUN)

    assert outcome.exit_code == 2, outcome
    for file in ("models/bad.yml", "models/one.sql:3", "models/two.sql:3", "models/three.sql:3"):
        assert file in outcome.stderr, outcome
    assert len(outcome.error_codes) == 4, outcome


def test_semicolons_and_comments_may_end_a_model(shop: ProjectDir) -> None:
    shop.write("models/events.sql", EVENTS.rstrip() + ";; -- done; really\n/* the ; end */\n")

    outcome = shop.command(*RUN)

    assert outcome.exit_code == 0, outcome
