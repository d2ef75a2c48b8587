"""A table's identity: a token kept at the end of its comment, where ALTER keeps it and a rebuild by
another tool loses it. Only the text is handled here.
"""

from __future__ import annotations

import re
import secrets

_TOKEN = re.compile(r"\s*\[sqlbackfill:([0-9a-f]{12})\]\s*$")


def new_identity() -> str:
    """A token that no table carries yet: 12 hexadecimal digits."""
    return secrets.token_hex(6)


def read_identity(comment: str | None) -> str | None:
    """The token at the end of a table's comment, or None.

    >>> read_identity("orders by day [sqlbackfill:0123456789ab]")
    '0123456789ab'
    """
    found = _TOKEN.search(comment or "")
    return found[1] if found else None


def with_identity(comment: str | None, identity: str) -> str:
    """The comment with `identity` in place of any token that it had; the user's own text stays.

    >>> with_identity("orders by day", "0123456789ab")
    'orders by day [sqlbackfill:0123456789ab]'
    """
    text = _TOKEN.sub("", comment or "").rstrip()
    return f"{text} [sqlbackfill:{identity}]".lstrip()
