"""Names as Snowflake stores and quotes them. A name that nobody quotes is stored in upper case."""

from __future__ import annotations

import re
from typing import Final

from sqlbackfill.warehouse.protocol import Relation

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def stored_name(name: str) -> str:
    """A name as Snowflake stores it where nobody quotes it, as dbt and most SQL do not.

    >>> stored_name("Analytics"), stored_name("2024 orders")
    ('ANALYTICS', '2024 orders')
    """
    return name.upper() if _PLAIN.fullmatch(name) else name


def stored_relation(relation: Relation) -> Relation:
    """The relation with its names as the catalogue has them."""
    return Relation(*map(stored_name, (relation.database, relation.schema, relation.identifier)))


def quote_name(name: str) -> str:
    """One identifier as SQL, quoted.

    >>> print(quote_name("orders"), quote_name("2024 orders"))
    "ORDERS" "2024 orders"
    """
    return quote_exactly(stored_name(name))


def quote_exactly(name: str) -> str:
    """One identifier as the catalogue has it, quoted."""
    return '"' + name.replace('"', '""') + '"'


def quote_relation(relation: Relation) -> str:
    """All three parts of a relation, quoted."""
    return ".".join(map(quote_name, (relation.database, relation.schema, relation.identifier)))
