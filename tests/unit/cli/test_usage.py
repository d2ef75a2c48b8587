"""Stray words and `MODEL@SPEC`."""

from __future__ import annotations

import pytest

from sqlbackfill.cli.usage import Chosen, chosen
from sqlbackfill.errors import UsageError


def read(*words: str, takes_partitions: bool = True, **given: tuple[str, ...]) -> Chosen:
    return chosen("run", words, Chosen(**given), takes_partitions=takes_partitions)


def refusal(*words: str, **given: tuple[str, ...]) -> str:
    with pytest.raises(UsageError) as caught:
        read(*words, **given)
    return caught.value.diagnostics[0].message


def test_a_model_with_partitions_is_a_selection_and_a_spec() -> None:
    assert read("flights@2013-01") == Chosen(select=("flights",), partitions=("2013-01",))
    assert read(select=("+flights@2013,!2013-02",)) == Chosen(
        select=("+flights",), partitions=("2013,!2013-02",)
    )


def test_two_models_with_the_same_partitions_are_one_selection() -> None:
    assert read("a@2013", "b@2013") == Chosen(select=("a", "b"), partitions=("2013",))


def test_dbts_own_at_sign_is_left_alone() -> None:
    given = ("@flights", "tag:a@b", "path:models/x@y")
    assert read(select=given) == Chosen(select=given)


def test_what_is_excluded_stays_excluded() -> None:
    assert read("+a@2013", exclude=("b",)).exclude == ("b",)


@pytest.mark.parametrize(
    ("words", "given", "meant"),
    [
        (("flights", "carrier_day"), {}, '-s "flights carrier_day"'),
        (("carrier_day",), {"select": ("flights",)}, '-s "flights carrier_day"'),
        (("2013-01",), {}, '-p "2013-01"'),
        (("missing",), {"partitions": ("2013",)}, '-p "2013,missing"'),
        (("flights", "2013-01..2013-03"), {}, '-s "flights" -p "2013-01..2013-03"'),
        (("flights@2013", "carrier_day"), {}, '-s "flights carrier_day" -p "2013"'),
    ],
)
def test_a_stray_word_is_answered_with_what_was_meant(
    words: tuple[str, ...], given: dict[str, tuple[str, ...]], meant: str
) -> None:
    assert refusal(*words, **given).endswith(f": did you mean {meant}?")


def test_partitions_said_twice_are_refused() -> None:
    assert "one -p for all" in refusal("a@2013", partitions=("2014",))
    assert "one -p for all" in refusal("a@2013", "b@2014")
    assert "one -p for all" in refusal("a@2013", select=("b",))


def test_a_command_without_partitions_takes_no_spec() -> None:
    with pytest.raises(UsageError):
        read("flights@2013", takes_partitions=False)
