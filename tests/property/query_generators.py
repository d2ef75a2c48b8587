"""The makers of random queries by name: each says other shapes, and a fuzz proves only what they can say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.property.author_queries import author_query
from tests.property.claim_queries import claim_query
from tests.property.edge_queries import edge_query
from tests.property.operator_queries import operator_query
from tests.property.random_queries import random_query
from tests.property.window_harness import MakeQuery

GENERATORS: Final[Mapping[str, MakeQuery]] = {
    "queries": random_query,
    "operators": operator_query,
    "edges": edge_query,
    "claims": claim_query,
    "author": author_query,
}
