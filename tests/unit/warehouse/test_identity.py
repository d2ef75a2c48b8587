"""The identity token in a table's comment."""

from __future__ import annotations

import pytest

from sqlbackfill.warehouse.identity import new_identity, read_identity, with_identity


@pytest.mark.parametrize("comment", [None, "", "orders by day", "two\nlines", "[sqlbackfill:soon]"])
def test_a_token_is_read_back_and_the_user_s_text_kept(comment: str | None) -> None:
    identity = new_identity()
    marked = with_identity(comment, identity)
    assert read_identity(marked) == identity
    assert marked.startswith(comment or "[sqlbackfill:")


def test_a_token_replaces_the_one_before() -> None:
    twice = with_identity(with_identity("orders", "0" * 12), "1" * 12)
    assert twice == f"orders [sqlbackfill:{'1' * 12}]"


@pytest.mark.parametrize(
    "comment",
    [None, "", "orders", "[sqlbackfill:0123456789ab] and more", "[sqlbackfill:0123]"],
)
def test_a_comment_without_a_token_at_its_end_gives_no_identity(comment: str | None) -> None:
    assert read_identity(comment) is None


def test_identities_differ() -> None:
    assert len({new_identity() for _ in range(100)}) == 100
