"""The code behind a fingerprint, as the ledger keeps it. Imports no parser: a run keeps it without one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """All that a fingerprint was made of, to make it again under another version of the parser.

    `claims` is what authors state, as `QueryFacts.claims` has it.
    """

    fingerprint: str
    sql: str
    dialect: str
    inputs: Mapping[str, InputRef] = field(default_factory=dict)
    partition: PartitionInfo | None = None
    session_timezone: str = "UTC"
    bounds_in_control_flow: bool = False
    covered: tuple[str, ...] = ()
    claims: tuple[tuple[str, ...], ...] = ()

    def text(self) -> str:
        """JSON that `of_text` reads."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def of_text(text: str) -> StoredCode:
        """Raises msgspec.ValidationError or DecodeError for what is none."""
        return msgspec.json.decode(text, type=StoredCode)


def stored_code(
    request: AnalysisRequest, fingerprint: str, claims: tuple[tuple[str, ...], ...] = ()
) -> StoredCode:
    """What has to be kept beside a fingerprint so that `fingerprint.recomputed` can make it again."""
    return StoredCode(
        fingerprint=fingerprint,
        sql=request.sql,
        dialect=request.dialect,
        inputs={
            marker: replace(
                ref,
                partition=None,
                unique_keys=(),
                relations=(),
            )
            for marker, ref in request.occurrences.items()
        },
        partition=request.partition,
        session_timezone=request.session_timezone,
        bounds_in_control_flow=request.bounds_in_control_flow,
        covered=request.covered,
        claims=claims,
    )
