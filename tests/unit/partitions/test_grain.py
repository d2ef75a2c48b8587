import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.grain import Grain, Unit


@pytest.mark.parametrize("unit", list(Unit))
def test_every_unit_is_read_alone_and_in_numbers(unit):
    assert Grain.parse(unit.value) == Grain(unit)
    assert str(Grain(unit)) == unit.value
    assert Grain.parse(f"6 {unit.value}s") == Grain(unit, 6)
    assert str(Grain(unit, 6)) == f"6 {unit.value}s"


def test_case_and_a_count_of_one_do_not_matter():
    assert Grain.parse(" 1  Day ") == Grain(Unit.DAY)


@pytest.mark.parametrize(
    "text", ["", "fortnight", "0 days", "-1 day", "six hours", "1 2 days", "101 years", "9" * 40]
)
def test_what_is_no_grain_is_an_error_that_lists_the_grains(text):
    with pytest.raises(ProjectError) as caught:
        Grain.parse(text)
    assert caught.value.diagnostics[0].code == "INVALID_GRAIN"
    assert "minute, hour, day, week, month, quarter, year" in caught.value.diagnostics[0].fix


def test_a_misspelt_grain_is_suggested():
    with pytest.raises(ProjectError, match="did you mean `hour`"):
        Grain.parse("huor")


def test_a_grain_of_no_units_cannot_be_built():
    with pytest.raises(ValueError, match="one unit to a century"):
        Grain(Unit.DAY, 0)
