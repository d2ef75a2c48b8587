"""Why partitions are not simply built, in words."""

from __future__ import annotations

from sqlbackfill.plan.states import Cause, StaleCause

VOID = {
    "TABLE_GONE": "the table that was recorded is gone (TABLE_GONE)",
    "TABLE_REPLACED": "another tool replaced the table that was recorded (TABLE_REPLACED)",
    "GRAIN_CHANGED": "the records are of other partitions: grain, time zone or begin changed "
    "(GRAIN_CHANGED)",
}
"""By the code that voids all records of a table."""

_STALE = {
    Cause.CODE_CHANGED: "the model's code or configuration changed",
    Cause.READ_WINDOW_WIDENED: "more of `{}` is read than was read then",
    Cause.INPUT_CHANGED: "`{}` was rebuilt since",
    Cause.SOURCE_CHANGED: "the source `{}` changed since",
    Cause.INPUT_VERSION_UNKNOWN: "which version of `{}` was read is not known",
}
_HELD = ", and on_change holds it back: rebuilt by -p stale"


def in_words(cause: StaleCause) -> str:
    """Why, with the code."""
    held = _HELD if cause.is_held else ""
    return f"{_STALE[cause.code].format(cause.input)}{held} ({cause.code})"
