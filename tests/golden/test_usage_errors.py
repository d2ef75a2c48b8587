"""What is said about command lines that cannot be read, word for word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sqlbackfill.cli.catalogue import COMMANDS
from sqlbackfill.cli.main import main

MISTAKES = {
    "unknown_command": ["ruin"],
    "unknown_command_far_from_all": ["xyzzy"],
    "unknown_option": ["run", "--jsn"],
    "unknown_global_option": ["--profil", "x", "run"],
    "option_without_value": ["run", "-p"],
    "switch_with_value": ["run", "--yes=3"],
    "invalid_choice": ["run", "--missing-upstream", "maybe"],
    "invalid_number": ["run", "--max-failures", "0"],
    "missing_argument": ["cancel"],
    "one_argument_too_many": ["lineage", "flights", "carrier_day"],
    "stray_models": ["run", "flights", "carrier_day"],
    "stray_model_after_select": ["run", "-s", "flights", "carrier_day"],
    "stray_partition": ["plan", "2013-01"],
    "stray_model_and_partition": ["plan", "flights", "2013-01"],
    "partitions_of_two_models": ["run", "flights@2013", "carrier_day@2014"],
    "partitions_twice": ["run", "flights@2013", "-p", "2014"],
    "saved_plan_and_selection": ["run", "--plan", "plan.json", "-s", "flights", "-p", "2013"],
    "vars_not_yaml": ["ls", "--vars", "[1"],
    "vars_not_a_mapping": ["ls", "--vars", "3"],
    "as_of_not_an_instant": ["ls", "--as-of", "yesterday"],
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_command_line_is_answered_as_kept(
    name: str, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(MISTAKES[name]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    shown = " ".join(f"'{word}'" if " " in word else word for word in MISTAKES[name])
    # All commands stand in `help/sqlbackfill.txt`: a new one changes no answer here.
    answer = said.err.replace(", ".join(COMMANDS), "(all commands)")
    golden(f"usage_errors/{name}.txt", f"$ sqlbackfill {shown}\n{answer}")
