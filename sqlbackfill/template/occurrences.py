"""What a relation prints: a marker in analysis, a scan in a run, an ephemeral model's own SQL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlbackfill.template.failures import TemplateFailure
from sqlbackfill.template.relations import NamedRelation, OccurringRelation, scan_predicate
from sqlbackfill.template.symbolic import MarkedText, join_text
from sqlbackfill.template.types import (
    OCCURRENCE_MARKER,
    SCAN_MARKER,
    ExternalRelation,
    Occurrence,
    Scan,
    TemplateInput,
)

if TYPE_CHECKING:
    from sqlbackfill.template.model_render import ModelRender


class Occurrences:
    """Prints and counts the relations of one render, in the sequence of its trace."""

    def __init__(self, render: ModelRender) -> None:
        self._render = render

    def print_occurrence(self, relation: OccurringRelation) -> str:
        """The text that stands for this print of `relation`."""
        if isinstance(relation.stands_for, TemplateInput):
            return self._inline(relation, relation.stands_for)
        trace = self._render.trace
        known = relation.stands_for
        occurrence = Occurrence(
            index=len(trace.occurrences),
            target=relation.target,
            relation=known,
            filtered=relation.filtered,
            span=trace.root.tag_span(trace.offset(), inside=False),
        )
        trace.occurrences.append(occurrence)
        if trace.uses is not None:
            marker = OCCURRENCE_MARKER.format(index=occurrence.index)
            return MarkedText.of(marker, trace.uses)
        self._check(occurrence)
        named = relation.named(self._render.engine.quoting)
        text = self._scan(occurrence, named, trace.scans.get(occurrence.index))
        if trace.scan_texts is None:
            return text
        trace.scan_texts[occurrence.index] = text
        return SCAN_MARKER.format(index=occurrence.index)

    def _check(self, occurrence: Occurrence) -> None:
        expected = self._render.trace.expected
        known = expected[occurrence.index] if occurrence.index < len(expected) else None
        if known != occurrence.target:
            raise regime_failure(occurrence.target, known)
        if occurrence.relation is None:
            raise TemplateFailure(
                "UNKNOWN_REF",
                f"`{occurrence.target}` names nothing in the project",
                fix="correct the name, or add the model or source",
            )

    def _scan(self, occurrence: Occurrence, named: NamedRelation, scan: Scan | None) -> str:
        render = self._render
        condition = partial(render.call, "partition_predicate")
        predicate = scan_predicate(scan, render.engine.quoting, condition) if scan else None
        if predicate is None and not occurrence.filtered:
            text = str(named)
        else:
            text = render.call("partitioned_scan", named, predicate)
        is_anonymous = predicate is not None or isinstance(named.relation, ExternalRelation)
        if scan is not None and scan.alias is not None and is_anonymous:
            text = f"{text} as {render.engine.quoting.name(scan.alias)}"
        return text

    def _inline(self, relation: OccurringRelation, model: TemplateInput) -> str:
        render, trace = self._render, self._render.trace
        if model.name in trace.models:
            path = [*trace.models[trace.models.index(model.name) :], model.name]
            raise TemplateFailure(
                "CIRCULAR_REFS",
                f"ephemeral models refer to one another in a circle: {' → '.join(path)}",
                fix="take one of the refs away",
            )
        trace.models.append(model.name)
        nested = type(render)(render.engine, model, trace, filtered=relation.filtered)
        texts, _ = nested.pieces(render.engine.template(model))
        trace.models.pop()
        return join_text(["( ", join_text(texts).strip(), "\n)"])


def regime_failure(printed: str | None, analysed: str | None) -> TemplateFailure:
    """The failure of a render that prints another relation than the analysis saw."""
    if printed is None:
        message = (
            f"the template does not print `{analysed}` for this partition, as the analysis did"
        )
    elif analysed is None:
        message = f"the template prints `{printed}` for this partition, which the analysis did not"
    else:
        message = (
            f"the template prints `{printed}` for this partition, the analysis saw `{analysed}`"
        )
    return TemplateFailure(
        "TEMPLATE_REGIME",
        message,
        fix="print the same relations for every partition, and let SQL choose by the date",
    )
