"""Estimates by EXPLAIN and by the warehouse's own size, as the double tells them; and the settings of prices."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sqlbackfill.app.estimate_settings import PriceSettings, billed, price_settings, pricing_of
from sqlbackfill.app.loading import Loaded, load
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import PlanRequest, plan
from sqlbackfill.app.warehouses import adapter_for
from sqlbackfill.errors import ProjectError
from sqlbackfill.plan.types import Spread
from sqlbackfill.project.target import Target
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.sizes import ComputeSize, ScanSize
from tests.e2e.shop import make_shop


def loaded_with(fields: dict[str, object], **project_vars: object) -> Loaded:
    compute = fields.pop("compute", None)
    target = SimpleNamespace(type="snowflake", dialect=None, fields=fields)
    project = SimpleNamespace(vars=project_vars, package_vars={})
    adapter = SimpleNamespace(compute_size=lambda _session: compute)
    return cast("Loaded", SimpleNamespace(target=target, project=project, adapter=adapter))


def test_the_profile_wins_over_the_project() -> None:
    own = {"credit_price_usd": 2, "warehouse_size": "S"}

    assert price_settings(loaded_with({"credit_price_usd": "3.5"}, sqlbackfill=own)) == (
        PriceSettings(credit_price_usd=3.5, warehouse_size="S")
    )


def test_the_size_comes_from_the_warehouse_where_nobody_says_it() -> None:
    session = cast("Any", object())
    told = loaded_with({"credit_price_usd": 3, "compute": ComputeSize("MEDIUM", 2)})
    said = loaded_with({"credit_price_usd": 3, "warehouse_size": "XS", "compute": ComputeSize("L")})

    assert pricing_of(told, session).credits_per_hour == pytest.approx(4 * 1.35)
    assert pricing_of(said, session).credits_per_hour == 1


def test_an_unknown_price_says_what_would_make_it_known() -> None:
    no_size = billed(PriceSettings(credit_price_usd=3), loaded_with({}), None)
    no_price = billed(PriceSettings(warehouse_size="XS"), loaded_with({}), None)

    assert no_size.usd_per_second is None
    assert "warehouse_size" in (no_size.missing or "")
    assert no_price.usd_per_second is None
    assert "credit_price_usd" in (no_price.missing or "")


def test_what_is_no_price_is_refused() -> None:
    with pytest.raises(ProjectError) as refused:
        price_settings(loaded_with({"credit_price_usd": "dear"}))

    assert refused.value.diagnostics[0].code == "BAD_PRICE"


def doubled(monkeypatch: pytest.MonkeyPatch, explained: Any) -> None:
    def adapter_of(target: Target) -> DoubleAdapter:
        double = DoubleAdapter(adapter_for(target))
        double.explained = explained
        return double

    monkeypatch.setitem(cast("Any", load).__kwdefaults__, "adapter_of", adapter_of)


def test_what_explain_says_goes_before_what_zones_suggest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop")
    asked: list[str] = []

    def explained(query: str) -> ScanSize:
        asked.append(query)
        return ScanSize(1_000_000, 4, 500)

    doubled(monkeypatch, explained)
    request = PlanRequest(select=("events",), partitions=("2024-01",), strategy="partition")

    [step] = plan(Options(project_dir=shop.root), request).plan.steps

    assert len(step.chunks) == 31
    assert len(asked) == 6
    assert step.estimate.scan_bytes == Spread(31 * 250_000, 31_000_000, 31_000_000)
    assert "2024-01-01" in asked[0]
    assert "2024-01-31" in asked[-1]


def test_where_explain_says_nothing_the_zones_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop")
    request = PlanRequest(select=("events",), partitions=("2024-01",))
    [by_zones] = plan(Options(project_dir=shop.root), request).plan.steps

    doubled(monkeypatch, lambda _query: None)
    [step] = plan(Options(project_dir=shop.root), request).plan.steps

    assert step.estimate == by_zones.estimate
    assert step.estimate.scan_bytes is not None
    assert step.estimate.scan_bytes.likely > 0
