"""Reading whole projects: what is found, and that every error is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlbackfill.errors import ProjectError, SourceSpan
from sqlbackfill.project.model import ModelKind
from sqlbackfill.project.project_file import read_project_file
from sqlbackfill.project.read import read_project


def test_a_folder_of_models_is_a_project(read) -> None:
    project = read({"models/a.sql": "select 1", "models/deep/er/b.sql": "select 2"})
    assert [(file.name, file.file, file.folders) for file in project.files] == [
        ("a", "models/a.sql", ()),
        ("b", "models/deep/er/b.sql", ("deep", "er")),
    ]
    assert project.project_file is None
    assert project.profile is None
    assert project.warnings == ()


def test_an_empty_folder_is_no_project(tmp_path: Path, render) -> None:
    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path, cli_vars={}, render=render)
    assert caught.value.diagnostics[0].code == "NO_PROJECT"
    assert "init" in (caught.value.diagnostics[0].fix or "")


def test_a_folder_inside_a_project_points_to_the_project(write, render) -> None:
    root = write({"sqlbackfill.yml": "name: x", "models/a.sql": "select 1"})
    with pytest.raises(ProjectError) as caught:
        read_project(root / "models", cli_vars={}, render=render)
    assert "--project-dir" in (caught.value.diagnostics[0].fix or "")


def test_dbt_project_yml_wins_over_sqlbackfill_yml(read) -> None:
    project = read({"dbt_project.yml": "name: theirs", "sqlbackfill.yml": "name: ours"})
    assert (project.name, project.project_file) == ("theirs", "dbt_project.yml")


def test_an_empty_project_file_leaves_the_defaults(read) -> None:
    project = read({"sqlbackfill.yml": "# nothing yet\n", "models/a.sql": "select 1"})
    assert [file.name for file in project.files] == ["a"]


def test_model_paths_and_macro_paths_are_followed(read) -> None:
    project = read(
        {
            "sqlbackfill.yml": "name: p\nmodel-paths: [sql, more]\nmacro-paths: my_macros\n",
            "sql/a.sql": "select 1",
            "more/b.sql": "select 2",
            "models/c.sql": "select 3",
            "my_macros/x/m.sql": "{% macro m() %}{% endmacro %}",
            "macros/n.sql": "",
        }
    )
    assert [file.name for file in project.files] == ["a", "b"]
    assert [(m.file, m.package) for m in project.macro_files] == [("my_macros/x/m.sql", "p")]


def test_a_folder_named_twice_is_read_once(read) -> None:
    project = read(
        {"sqlbackfill.yml": "model-paths: [models, models/a]", "models/a/x.sql": "select 1"}
    )
    assert [file.name for file in project.files] == ["x"]


def test_a_missing_model_path_is_a_warning(read) -> None:
    project = read({"sqlbackfill.yml": "model-paths: [modles]"})
    assert [w.code for w in project.warnings] == ["MODEL_PATH_MISSING"]


def test_macros_of_installed_packages_are_read_with_their_package(read) -> None:
    project = read(
        {
            "dbt_project.yml": "name: p\nvars: {dbt_utils: {depth: 2}, depth: 1}",
            "macros/own.sql": "own",
            "dbt_packages/dbt_utils/dbt_project.yml": "name: dbt_utils",
            "dbt_packages/dbt_utils/macros/sql/key.sql": "theirs",
        }
    )
    assert [(m.file, m.package) for m in project.macro_files] == [
        ("dbt_packages/dbt_utils/macros/sql/key.sql", "dbt_utils"),
        ("macros/own.sql", "p"),
    ]
    assert project.package_vars == {"dbt_utils": {"depth": 2}}


def test_vars_of_the_command_line_win_over_the_project_s_own_section(write, render) -> None:
    root = write({"dbt_project.yml": "name: p\nvars: {a: 1, b: 1, c: 1, p: {b: 2, c: 2}}"})
    project = read_project(root, cli_vars={"c": 3}, render=render)
    assert (project.vars["a"], project.vars["b"], project.vars["c"]) == (1, 2, 3)


def test_vars_are_taken_literally(read) -> None:
    assert read({"sqlbackfill.yml": "vars: {a: '{{ broken }}'}"}).vars["a"] == "{{ broken }}"


def test_vars_yml_gives_the_vars(read) -> None:
    project = read({"sqlbackfill.yml": "name: p", "vars.yml": "vars: {a: 1}"})
    assert project.vars["a"] == 1


def test_vars_in_two_files_are_an_error(errors_of) -> None:
    found = errors_of({"sqlbackfill.yml": "vars: {a: 2}", "vars.yml": "vars: {a: 1}"})
    assert [each.code for each in found] == ["VARS_TWICE"]


def test_seeds_snapshots_and_python_models_are_known_and_not_sql(read) -> None:
    project = read(
        {
            "dbt_project.yml": "name: p",
            "seeds/codes.csv": "a,b\n",
            "snapshots/s.sql": "{% snapshot first_one %}{% endsnapshot %}{%- snapshot other -%}",
            "snapshots/s.yml": "snapshots: [{name: in_yml, relation: ref('a')}]",
            "models/py.py": "def model(dbt, session): ...",
        }
    )
    assert {file.name: file.kind for file in project.files} == {
        "py": ModelKind.PYTHON,
        "codes": ModelKind.SEED,
        "first_one": ModelKind.SNAPSHOT,
        "other": ModelKind.SNAPSHOT,
        "in_yml": ModelKind.SNAPSHOT,
    }


def test_two_files_of_one_name_are_an_error_that_names_both(errors_of) -> None:
    (found,) = errors_of({"models/x/a.sql": "select 1", "models/y/a.sql": "select 2"})
    assert found.code == "DUPLICATE_MODEL"
    assert "models/x/a.sql and models/y/a.sql" in found.message
    assert found.span == SourceSpan(file="models/y/a.sql", line=1)


def test_a_disabled_file_may_share_a_name(read) -> None:
    project = read(
        {
            "sqlbackfill.yml": "name: p\nmodels: {p: {x: {+enabled: false}}}",
            "models/x/a.sql": "select 1",
            "models/y/a.sql": "select 2",
        }
    )
    assert len(project.files) == 2


def test_a_file_that_may_disable_itself_is_left_to_the_graph(read) -> None:
    project = read(
        {"models/x/a.sql": "{{ config(enabled=false) }} select 1", "models/y/a.sql": "select 2"}
    )
    assert len(project.files) == 2


def test_every_error_of_a_project_is_raised_at_once(errors_of) -> None:
    found = errors_of(
        {
            "sqlbackfill.yml": "name: p\nmodels:\n  p:\n    +enabled: perhaps\n",
            "models/a.sql": "select 1",
            "models/x/a.sql": "select 1",
            "models/broken.yml": "models: [",
            "models/two.yml": (
                "models:\n  - name: a\n    config:\n      lookback: many\n"
                "      batch_size: fortnight\n  - description: nameless\n"
            ),
            "models/three.yml": (
                "sources:\n  - name: raw\n    tables: [{name: t}, {name: t}]\n"
                "    config: {meta: {sqlbackfill: {timezone: Europe/Berlim}}}\n"
            ),
        }
    )
    assert sorted((each.code, each.span.file if each.span else "") for each in found) == [
        ("BAD_CONFIG_VALUE", "models/two.yml"),
        ("BAD_CONFIG_VALUE", "sqlbackfill.yml"),
        ("BAD_YML_SHAPE", "models/two.yml"),
        ("DUPLICATE_MODEL", "models/x/a.sql"),
        ("DUPLICATE_SOURCE", "models/three.yml"),
        ("INVALID_GRAIN", "models/two.yml"),
        ("MALFORMED_YML", "models/broken.yml"),
        ("UNKNOWN_TIMEZONE", "models/three.yml"),
    ]
    assert all(each.span is not None and each.fix for each in found)


def test_a_malformed_project_file_says_where(errors_of) -> None:
    (found,) = errors_of({"sqlbackfill.yml": "name: p\nmodels:\n\t+enabled: true\n"})
    assert (found.code, found.span) == (
        "MALFORMED_YML",
        SourceSpan(file="sqlbackfill.yml", line=3, column=1),
    )
    assert found.fix == "indent with spaces, not tabs"


def test_a_project_file_that_is_a_list_is_refused(errors_of) -> None:
    assert [each.code for each in errors_of({"sqlbackfill.yml": "- a"})] == ["BAD_YML_SHAPE"]


def test_an_unknown_key_of_the_project_file_is_a_warning_with_a_suggestion(read) -> None:
    (warning,) = read({"sqlbackfill.yml": "name: p\nmodel-path: [x]"}).warnings
    assert (warning.code, warning.fix) == ("UNKNOWN_YML_KEY", "use `model-paths`")
    assert warning.span == SourceSpan(file="sqlbackfill.yml", line=2, column=1, length=10)


def test_a_file_that_is_not_utf_8_is_named_with_its_line(write, errors_of) -> None:
    root = write({"models/a.sql": ""})
    (root / "models/b.sql").write_bytes(b"select 1\n, '\xe9'")
    (found,) = errors_of({})
    assert (found.code, found.span) == (
        "UNREADABLE_FILE",
        SourceSpan(file="models/b.sql", line=2),
    )


def test_a_byte_order_mark_and_windows_line_ends_are_dropped(write, read) -> None:
    root = write({"models/a.sql": ""})
    (root / "models/a.sql").write_bytes(b"\xef\xbb\xbfselect 1\r\nfrom t\r\n")
    assert read({}).files[0].sql == "select 1\nfrom t\n"


def test_a_link_back_to_a_folder_above_is_not_followed(write, read) -> None:
    root = write({"models/x/a.sql": "select 1"})
    (root / "models/x/loop").symlink_to(root / "models", target_is_directory=True)
    assert [file.name for file in read({}).files] == ["a"]


def test_hidden_files_are_left_out(read) -> None:
    project = read({"models/.a.sql": "", "models/~b.sql": "", "models/c.sql": ""})
    assert [file.name for file in project.files] == ["c"]


def test_a_description_without_a_file_is_a_warning_with_a_near_match(read) -> None:
    (warning,) = read(
        {"models/flights.sql": "", "models/s.yml": "models: [{name: flihgts}]"}
    ).warnings
    assert warning.code == "PROPERTIES_WITHOUT_FILE"
    assert warning.message.endswith("did you mean `flights`?")


def test_jinja_in_yml_that_fails_is_an_error_at_its_place(errors_of) -> None:
    (found,) = errors_of(
        {
            "models/a.sql": "",
            "models/s.yml": "models:\n- name: a\n  config: {alias: '{{ broken }}'}",
        }
    )
    assert (found.code, found.span.line if found.span else 0) == ("JINJA", 3)


def test_the_project_file_can_be_read_before_jinja_knows_its_vars(write, render) -> None:
    root = write(
        {
            "sqlbackfill.yml": "name: p\nvars: {size: day}\nprofile: q",
            "models/a.sql": "",
            "models/s.yml": "models: [{name: a, config: {batch_size: '{{ size }}'}}]",
        }
    )
    own = read_project_file(root, cli_vars={}, render=render)
    project = read_project(root, cli_vars={}, render=lambda *_: own.vars["size"], project_file=own)
    layer = project.files[0].yml_config
    assert own.profile == "q"
    assert layer is not None
    assert layer.values == {"batch_size": "day"}


def test_the_config_trees_are_rendered_by_what_knows_the_vars(write, render) -> None:
    root = write(
        {"sqlbackfill.yml": "name: p\nmodels: {p: {+schema: '{{ mine }}'}}", "models/a.sql": ""}
    )
    own = read_project_file(root, cli_vars={}, render=render)
    project = read_project(root, cli_vars={}, render=lambda *_: "known", project_file=own)
    assert project.files[0].tree_config[0].values == {"schema": "known"}


def test_jinja_that_fails_in_a_config_tree_is_an_error(errors_of) -> None:
    (found,) = errors_of({"sqlbackfill.yml": "name: p\nmodels: {+alias: '{{ broken }}'}"})
    assert (found.code, found.span and found.span.file) == ("JINJA", "sqlbackfill.yml")


def test_a_key_repeated_in_a_config_tree_is_a_warning(read) -> None:
    project = read(
        {"sqlbackfill.yml": "name: p\nmodels:\n  +tags: a\n  +tags: b\n", "models/a.sql": ""}
    )
    assert [warning.code for warning in project.warnings] == ["REPEATED_KEY"]


def test_a_config_path_that_applies_to_nothing_is_a_warning(read) -> None:
    (warning,) = read(
        {
            "sqlbackfill.yml": "name: p\nmodels:\n  p:\n    stagign: {+enabled: true}\n"
            "    staging: {+tags: x}",
            "models/staging/a.sql": "",
        }
    ).warnings
    assert warning.code == "UNUSED_CONFIG_PATH"
    assert "did you mean `staging`?" in warning.message
    assert warning.span == SourceSpan(file="sqlbackfill.yml", line=4, column=5, length=7)


def test_a_config_tree_without_the_project_s_name_says_where_it_belongs(read) -> None:
    (warning,) = read(
        {
            "sqlbackfill.yml": "name: p\nmodels: {staging: {+tags: x}}",
            "models/staging/a.sql": "",
        }
    ).warnings
    assert "below `p:`" in (warning.fix or "")


def test_a_misspelled_project_name_in_a_config_tree_is_a_warning(read) -> None:
    (warning,) = read(
        {"dbt_project.yml": "name: flights\nmodels: {fligths: {+tags: x}}", "models/a.sql": ""}
    ).warnings
    assert warning.fix == "write `flights:`"


def test_a_config_key_without_its_plus_is_a_warning(read) -> None:
    (warning,) = read(
        {"dbt_project.yml": "name: p\nmodels: {p: {meta: {owner: us}}}", "models/a.sql": ""}
    ).warnings
    assert warning.fix == "write `+meta`: without the plus it names a folder"


def test_the_config_of_another_package_is_let_be(read) -> None:
    project = read(
        {
            "dbt_project.yml": "name: p\nmodels: {dbt_utils: {deep: {+enabled: false}}}",
            "models/a.sql": "",
        }
    )
    assert project.warnings == ()


def test_hooks_are_not_rendered(read) -> None:
    project = read(
        {
            "dbt_project.yml": "name: p\nmodels: {+post-hook: '{{ broken }}'}",
            "models/a.sql": "",
            "models/s.yml": "models: [{name: a, config: {pre-hook: ['{{ broken }}']}}]",
        }
    )
    assert project.files[0].tree_config[0].values == {"post_hook": "{{ broken }}"}


@pytest.mark.parametrize(
    "key", ["group", "snowflake_warehouse", "+merge-exclude-columns", "partition_by"]
)
def test_keys_of_dbt_that_are_not_ours_do_not_warn(read, key: str) -> None:
    name = key.removeprefix("+")
    project = read(
        {
            "sqlbackfill.yml": f"name: p\nmodels: {{p: {{+{name}: x}}}}",
            "models/a.sql": "",
            "models/s.yml": f"models: [{{name: a, config: {{{name}: x}}}}]",
        }
    )
    assert project.warnings == ()


def test_an_unknown_config_key_is_a_warning_with_a_suggestion(read) -> None:
    (warning,) = read(
        {"models/a.sql": "", "models/s.yml": "models:\n- name: a\n  config:\n    evnt_time: ts"}
    ).warnings
    assert (warning.code, warning.fix) == ("UNKNOWN_CONFIG_KEY", "use `event_time`")
    assert warning.span == SourceSpan(file="models/s.yml", line=4, column=5, length=9)


def test_our_own_key_outside_meta_is_told_where_it_belongs(read) -> None:
    (warning,) = read(
        {"models/a.sql": "", "models/s.yml": "models: [{name: a, config: {week_start: sunday}}]"}
    ).warnings
    assert warning.fix == "write meta: {sqlbackfill: {week_start: …}}"


def test_a_model_described_twice_is_an_error(errors_of) -> None:
    (found,) = errors_of({"models/a.sql": "", "models/s.yml": "models: [{name: a}, {name: a}]"})
    assert found.code == "DUPLICATE_PROPERTIES"
