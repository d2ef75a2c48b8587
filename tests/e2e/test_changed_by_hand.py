"""Tables that somebody else changed: what they hold is never taken for missing, nor rewritten unasked."""

from __future__ import annotations

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN


@pytest.mark.parametrize("odd", ["infinity", "0044-03-15 (BC)"])
def test_a_row_of_no_nameable_day_hides_no_rows_of_other_days(shop: ProjectDir, odd: str) -> None:
    assert shop.command(*RUN).exit_code == 0
    shop.execute("create or replace table events as select day, id, -1 as amount from events")
    shop.execute(f"insert into events values (date '{odd}', 0, 0)")

    [events] = shop.command("status", "-s", "events", "--json").document["models"]
    assert (events["untracked"], events["missing"]) == (31, 0)

    assert shop.command("run", "-s", "events", "--yes").exit_code == 0
    assert shop.rows("select count(*) from events where amount = -1") == [(93,)]
