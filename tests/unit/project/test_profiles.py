"""Profiles: where they are looked for, which output is taken, and that no secret is ever shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.project.profiles import read_target
from sqlbackfill.project.target import Target

DUCKDB = "p: {outputs: {dev: {type: duckdb, path: %s.duckdb}}}"


@pytest.fixture
def target_of(tmp_path: Path, render) -> Callable[..., Target]:
    """Reads a target; `files` lie below a folder with a project, a home and a working folder."""

    def _target(
        files: dict[str, str],
        profile: str | None = "p",
        *,
        env: dict[str, str] | None = None,
        **more,
    ) -> Target:
        for folder in ("project", "home", "work"):
            (tmp_path / folder).mkdir(exist_ok=True)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        given = {"render": render, **more}
        return read_target(
            tmp_path / "project",
            profile,
            env=env or {},
            working_dir=tmp_path / "work",
            home=tmp_path / "home",
            **given,
        )

    return _target


@pytest.fixture
def problem_of(target_of) -> Callable[..., Diagnostic]:
    def _problem(*args, **more) -> Diagnostic:
        with pytest.raises(ProjectError) as caught:
            target_of(*args, **more)
        return caught.value.diagnostics[0]

    return _problem


def test_profiles_are_looked_for_in_dbt_s_order(target_of, tmp_path: Path) -> None:
    files = {
        "flag/profiles.yml": DUCKDB % "flag",
        "variable/profiles.yml": DUCKDB % "variable",
        "work/profiles.yml": DUCKDB % "work",
        "project/profiles.yml": DUCKDB % "project",
        "home/.dbt/profiles.yml": DUCKDB % "home",
        "project/profiles.example.yml": DUCKDB % "example",
    }
    env = {"DBT_PROFILES_DIR": str(tmp_path / "variable")}
    found = [target_of(files, env=env, profiles_dir=tmp_path / "flag").database]
    found.append(target_of(files, env=env).database)
    for gone in ("work/profiles.yml", "project/profiles.yml", "home/.dbt/profiles.yml", None):
        found.append(target_of({}).database)
        if gone:
            (tmp_path / gone).unlink()
    assert found == ["flag", "variable", "work", "project", "home", "example"]


def test_the_example_is_read_from_the_project_s_folder_alone(problem_of) -> None:
    problem = problem_of({"work/profiles.example.yml": DUCKDB % "x"})
    assert problem.code == "PROFILES_NOT_FOUND"


def test_without_profile_and_file_the_target_is_a_duckdb_file_in_the_project(
    target_of, tmp_path: Path
) -> None:
    target = target_of({}, None)
    assert (target.type, target.database, target.schema) == ("duckdb", "warehouse", "main")
    assert target.path == str(tmp_path.resolve() / "project" / "warehouse.duckdb")
    assert target.profile_file is None


def test_a_project_without_profile_takes_the_only_one_in_its_own_folder(target_of) -> None:
    assert target_of({"project/profiles.example.yml": DUCKDB % "x"}, None).profile == "p"


def test_a_project_without_profile_never_takes_one_from_the_home_folder(target_of) -> None:
    target = target_of(
        {"home/.dbt/profiles.yml": DUCKDB % "x", "work/profiles.yml": DUCKDB % "y"}, None
    )
    assert target.database == "warehouse"


def test_several_profiles_and_none_named_is_an_error(problem_of) -> None:
    problem = problem_of({"project/profiles.yml": "a: {}\nb: {}\nconfig: {}"}, None)
    assert problem.code == "PROFILE_NOT_NAMED"
    assert ("available", "a, b") in problem.notes


@pytest.mark.parametrize("by", ["--profiles-dir", "DBT_PROFILES_DIR"])
def test_a_named_folder_without_profiles_is_an_error(problem_of, tmp_path: Path, by: str) -> None:
    more: dict[str, object] = {"profiles_dir": tmp_path / "no"}
    if by != "--profiles-dir":
        more = {"env": {"DBT_PROFILES_DIR": str(tmp_path / "no")}}
    problem = problem_of({"project/profiles.yml": DUCKDB % "x"}, **more)
    assert problem.code == "PROFILES_NOT_FOUND"
    assert by in problem.message


def test_a_missing_profile_names_those_that_are_there(problem_of) -> None:
    problem = problem_of(
        {"home/.dbt/profiles.yml": "flihgts: {}\nother: {}", "project/profiles.example.yml": ""},
        "flights",
    )
    assert problem.code == "PROFILE_NOT_FOUND"
    assert problem.message.endswith("did you mean `flihgts`?")
    assert ("available", "flihgts, other") in problem.notes
    assert "copy profiles.example.yml" in (problem.fix or "")


def test_a_missing_target_names_those_that_are_there(problem_of) -> None:
    text = "p: {target: dve, outputs: {dev: {type: duckdb}, prod: {type: duckdb}}}"
    problem = problem_of({"project/profiles.yml": text})
    assert (problem.code, problem.fix) == ("TARGET_NOT_FOUND", "use one of dev, prod")
    assert "did you mean `dev`?" in problem.message
    asked = problem_of({}, target_name="production")
    assert "--target" in asked.message


def test_a_target_without_any_profile_is_an_error(problem_of) -> None:
    assert problem_of({}, None, target_name="prod").code == "TARGET_NOT_FOUND"


def test_the_flag_wins_over_the_profile_s_target(target_of) -> None:
    text = "p: {target: dev, outputs: {dev: {type: duckdb}, prod: {type: duckdb, schema: s}}}"
    assert target_of({"project/profiles.yml": text}, target_name="prod").schema == "s"


def test_only_the_chosen_output_is_rendered(target_of) -> None:
    text = (
        "p: {target: '{{ dev }}', outputs: {dev: {type: duckdb, schema: '{{ s }}'},"
        " prod: {type: snowflake, password: '{{ broken }}'}}}"
    )
    target = target_of({"project/profiles.yml": text})
    assert (target.name, target.schema) == ("dev", "s")


def test_what_cannot_be_rendered_is_an_error_at_its_place(problem_of) -> None:
    problem = problem_of(
        {
            "project/profiles.yml": "p:\n  outputs:\n    dev:\n      type: duckdb\n      path: '{{ broken }}'"
        }
    )
    assert (problem.code, problem.span and problem.span.line) == ("JINJA", 5)


def test_every_field_of_duckdb_is_read(target_of, tmp_path: Path) -> None:
    text = """
    p:
      outputs:
        default:
          type: duckdb
          path: db/mine.duckdb
          schema: marts
          threads: '4'
          extensions: [httpfs]
          settings: {s3_secret_access_key: hidden}
          attach: [{path: other.duckdb}]
          ledger_schema: books
          usd_per_hour: 0.5
    """
    target = target_of({"project/profiles.yml": text})
    assert (target.database, target.schema, target.threads) == ("mine", "marts", 4)
    assert (target.ledger_schema, target.usd_per_hour) == ("books", 0.5)
    assert target.path == str(tmp_path.resolve() / "project" / "db" / "mine.duckdb")
    assert target.fields["extensions"] == ["httpfs"]
    assert target.fields["path"] == target.path


@pytest.mark.parametrize(
    ("path", "database"),
    [(":memory:", "memory"), ("md:lake", "lake"), ("md:lake?motherduck_token=hidden", "lake")],
)
def test_a_path_that_is_no_file_is_left_as_it_is(target_of, path: str, database: str) -> None:
    text = f"p: {{outputs: {{dev: {{type: duckdb, path: '{path}'}}}}}}"
    target = target_of({"project/profiles.yml": text})
    assert (target.path, target.database) == (path, database)


def test_all_of_dbt_s_snowflake_fields_are_known_and_empty_ones_left_out(target_of) -> None:
    example = Path(__file__).parents[3] / "profiles.example.yml"
    text = example.read_text(encoding="utf-8")
    target = target_of(
        {"project/profiles.yml": text},
        "nyc_flights",
        target_name="snowflake",
        render=lambda text, span: "" if "''" in text else "given",
    )
    assert (target.type, target.database, target.threads) == ("snowflake", "given", 4)
    assert "password" not in target.fields
    assert target.fields["connect_retries"] == 3


def test_a_snowflake_target_names_its_database_and_schema(problem_of) -> None:
    problem = problem_of({"project/profiles.yml": "p: {outputs: {dev: {type: snowflake}}}"})
    assert problem.message == "`database` of target `dev` is not set"


def test_a_named_connection_signs_in_and_the_profile_names_database_and_schema(problem_of) -> None:
    text = "p: {outputs: {dev: {type: snowflake, connection_name: mine}}}"
    assert "`database` of target `dev`" in problem_of({"project/profiles.yml": text}).message


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ("{type: postgres}", "UNSUPPORTED_ADAPTER", "`postgres`"),
        ("{path: x}", "BAD_PROFILE_FIELD", "`type` of target `dev` is not set"),
        ("{type: duckdb, threads: many}", "BAD_PROFILE_FIELD", "`threads`"),
        ("{type: duckdb, usd_per_hour: -1}", "BAD_PROFILE_FIELD", "`usd_per_hour`"),
        ("{type: duckdb, schema: [x]}", "BAD_PROFILE_FIELD", "must be text, not a list"),
        ("x", "BAD_YML_SHAPE", "must be a mapping"),
    ],
)
def test_fields_that_do_not_fit_are_named(problem_of, fields: str, code: str, words: str) -> None:
    problem = problem_of({"project/profiles.yml": f"p: {{outputs: {{dev: {fields}}}}}"})
    assert problem.code == code
    assert words in problem.message


@pytest.mark.parametrize("text", ["- a", "p: {target: dev}", "p: x", "p:", ""])
def test_a_profiles_file_of_the_wrong_shape_is_one_error(problem_of, text: str) -> None:
    assert problem_of({"project/profiles.yml": text}).code in ("BAD_YML_SHAPE", "PROFILE_NOT_FOUND")


@pytest.mark.parametrize(
    "value",
    ["*hunter2", "!hunter2", "!hunter2 x", "!!int hunter2", "{hunter2", "'hunter2", "@hunter2"],
)
def test_a_malformed_profiles_file_is_not_quoted(problem_of, value: str) -> None:
    text = f"p:\n  outputs:\n    dev:\n      type: duckdb\n      password: {value}\n"
    problem = problem_of({"project/profiles.yml": text})
    assert problem.code == "MALFORMED_YML"
    assert problem.span is not None
    assert problem.span.line >= 5
    assert "hunter2" not in str(problem)


def test_what_the_parser_says_of_a_profiles_file_is_not_repeated(problem_of) -> None:
    problem = problem_of({"project/profiles.yml": "p: ["})
    assert problem.message == "malformed yml in the profiles file"


def test_no_secret_is_in_a_repr_or_in_what_jinja_sees(target_of) -> None:
    secret = {
        "password": "hunter2",
        "private_key": "hunter2",
        "private_key_passphrase": "hunter2",
        "token": "hunter2",
        "oauth_client_secret": "hunter2",
        "settings": "{motherduck_token: hunter2}",
    }
    fields = ", ".join(f"{key}: {value}" for key, value in secret.items())
    text = (
        f"p: {{outputs: {{dev: {{type: snowflake, database: d, schema: s, user: me, {fields}}}}}}}"
    )
    target = target_of({"project/profiles.yml": text})
    assert target.fields["password"] == secret["password"]
    assert "hunter2" not in f"{target} {target!r} {target.public_fields}"
    assert target.public_fields["user"] == "me"


def test_no_secret_is_in_the_error_of_a_field_that_does_not_fit(target_of) -> None:
    text = "p: {outputs: {dev: {type: duckdb, schema: [hunter2], threads: hunter2, usd_per_hour: hunter2}}}"
    with pytest.raises(ProjectError) as caught:
        target_of({"project/profiles.yml": text})
    assert len(caught.value.diagnostics) == 3
    assert "hunter2" not in str(caught.value.diagnostics)


def test_a_file_in_the_home_folder_is_named_with_a_tilde(
    problem_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    problem = problem_of({"home/.dbt/profiles.yml": "a: {}"})
    assert problem.span == SourceSpan(file="~/.dbt/profiles.yml", line=1)


def test_an_unknown_field_is_a_warning_with_a_suggestion(target_of) -> None:
    text = "p: {outputs: {dev: {type: duckdb, shcema: main}}}"
    (warning,) = target_of({"project/profiles.yml": text}).warnings
    assert (warning.code, warning.fix) == ("UNKNOWN_PROFILE_FIELD", "use `schema`")
