"""Keeps sqlglot's remarks off the terminal: what there is to say of a query stands in diagnostics, with its place.

Whoever sets up logging in the same process still gets them.
"""

from __future__ import annotations

import logging

logging.getLogger("sqlglot").addHandler(logging.NullHandler())
