"""What a selection came out as: model names by the role in which they were chosen."""

from __future__ import annotations

from collections.abc import Iterable

from sqlbackfill.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Chosen models. `upstream` and `downstream` hold those that only `+` or `@` brought, and may
    overlap; neither shares a model with `named`. `sources` are the chosen sources: what a
    `source:raw.events+` brought is downstream of them.

    Ephemeral models are in `named` alone: `+` passes through them.
    """

    named: frozenset[str] = frozenset()
    upstream: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    @property
    def models(self) -> frozenset[str]:
        """All chosen models."""
        return self.named | self.upstream | self.downstream

    def __or__(self, other: Selection) -> Selection:
        named = self.named | other.named
        return Selection(
            named=named,
            upstream=(self.upstream | other.upstream) - named,
            downstream=(self.downstream | other.downstream) - named,
            sources=self.sources | other.sources,
        )

    def __and__(self, other: Selection) -> Selection:
        """Models chosen by both, in the roles in which either chose them; named by one is named."""
        both = self.models & other.models
        joined = self | other
        return Selection(
            named=joined.named & both,
            upstream=joined.upstream & both,
            downstream=joined.downstream & both,
            sources=self.sources & other.sources,
        )

    def without(self, models: Iterable[str]) -> Selection:
        """The selection less some models."""
        gone = frozenset(models)
        return Selection(
            named=self.named - gone,
            upstream=self.upstream - gone,
            downstream=self.downstream - gone,
            sources=self.sources,
        )
