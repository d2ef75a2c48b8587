"""How the value of one term follows from another's along several edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlbackfill.query.images import NOTHING, SAME, Image
from sqlbackfill.query.images import then as composed
from sqlbackfill.query.terms import Edge, Term, Terms

_LONGEST: Final = 8
_MOST_PATHS: Final = 2


def chains(
    start: Term, terms: Terms, edges: Sequence[Edge] = ()
) -> Iterator[tuple[Term, Image, bool]]:
    """(another term, its image of `start`, whether it settles what `start` does), along what is known of
    all rows and `edges`.
    """
    met: dict[Term, int] = {start: _MOST_PATHS}
    queue: list[tuple[Term, Image, bool, int]] = [(start, SAME, True, 0)]
    for term, image, settles, length in queue:
        if length:
            yield term, image, settles
        for target, step, step_settles in _steps(term, terms, edges):
            further = composed(image, step)
            if length >= _LONGEST or further == NOTHING or met.get(target, 0) >= _MOST_PATHS:
                continue
            met[target] = met.get(target, 0) + 1
            queue.append((target, further, settles and step_settles, length + 1))


def _steps(term: Term, terms: Terms, edges: Sequence[Edge]) -> Iterator[tuple[Term, Image, bool]]:
    own = (edge for edge in edges if term in (edge.x, edge.y))
    for edge in (*terms.edges.get(term, ()), *own):
        if edge.x == term:
            yield edge.y, edge.forward, edge.y_settles
        else:
            yield edge.x, edge.backward, edge.x_settles
