"""What the built-in macros print where a query reads a relation, without Jinja.

The twin of macros/partitioned_scan, partition_predicate and partition_literal, for projects that have
none of their own by these names.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlbackfill.dataclass import dataclass
from sqlbackfill.template.relations import Quoting, scan_predicate
from sqlbackfill.template.types import ExternalRelation, Occurrence, Scan

SCAN_MACROS = ("partitioned_scan", "partition_predicate", "partition_literal")


@dataclass(frozen=True, slots=True)
class ScanPrinter:
    """Prints scans as `quoting` quotes them."""

    quoting: Quoting
    on_snowflake: bool

    def text(self, occurrence: Occurrence, scan: Scan | None) -> str | None:
        """What stands for `occurrence`; None where nothing is known of what it names."""
        relation = occurrence.relation
        if relation is None:
            return None
        is_external = isinstance(relation, ExternalRelation)
        name = (
            relation.sql
            if isinstance(relation, ExternalRelation)
            else self.quoting.relation(relation)
        )
        predicate = scan_predicate(scan, self.quoting, self._predicate) if scan else None
        text = name.strip() if predicate is None else f"(select * from {name} where {predicate})"
        if scan is not None and scan.alias is not None and (predicate is not None or is_external):
            return f"{text} as {self.quoting.name(scan.alias)}"
        return text

    def _predicate(self, column: str, kind: str, start: object, end: object) -> str:
        if isinstance(start, Sequence) and not isinstance(start, str):
            listed = ", ".join(self._literal(key, kind) for key in start)
            return f"{column} IN ({listed})" if listed else "FALSE"
        conditions = []
        if start is not None:
            conditions.append(f"{column} >= {self._literal(start, kind)}")
        if end is not None:
            conditions.append(f"{column} < {self._literal(end, kind)}")
        return " AND ".join(conditions)

    def _literal(self, value: object, kind: str) -> str:
        match kind:
            case "integer":
                return str(value)
            case "text":
                text = str(value).replace("'", "''")
                return "'" + (text.replace("\\", "\\\\") if self.on_snowflake else text) + "'"
            case "date":
                return f"CAST('{value}' AS DATE)"
            case "timestamp":
                return f"CAST('{value}' AS {'TIMESTAMP_NTZ' if self.on_snowflake else 'TIMESTAMP'})"
            case _:
                return (
                    f"CAST('{value}' AS {'TIMESTAMP_TZ' if self.on_snowflake else 'TIMESTAMPTZ'})"
                )
