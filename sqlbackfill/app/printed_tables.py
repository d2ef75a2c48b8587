"""Which prints of a relation in a render certainly stand as tables, so that a scan may take their place."""

from __future__ import annotations

import re
from typing import Final

from sqlbackfill.template.types import OCCURRENCE_MARKER, Rendered

_NOT_CODE: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)


def printed_as_tables(rendered: Rendered) -> frozenset[int]:
    """The occurrences that certainly stand as a table in FROM or JOIN and may be wrapped.

    Others stand in a comment, in text, before the dot of a column, or somewhere that is not known:
    nothing is injected there, which is always right.
    """
    code = _NOT_CODE.sub(" ", rendered.sql)
    found: set[int] = set()
    dotted: set[str] = set()
    for occurrence in rendered.occurrences:
        marker = OCCURRENCE_MARKER.format(index=occurrence.index)
        if re.search(rf'{marker}["`]?\s*\.', code):
            dotted.add(occurrence.target)
        is_table = re.search(rf'(?:\bfrom|\bjoin|,)[\s("`]*{marker}\b', code, re.IGNORECASE)
        if is_table and occurrence.filtered and occurrence.times == 1:
            found.add(occurrence.index)
    return frozenset(
        o.index for o in rendered.occurrences if o.index in found and o.target not in dotted
    )
