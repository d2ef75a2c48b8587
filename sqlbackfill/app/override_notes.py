"""What is said of an author's read overrides: that they are in use, have no effect, or mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from sqlbackfill.app.claimed_window import NoSuchWindow
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.project.config import ReadOverride
from sqlbackfill.query.facts import Read


def declared(override: ReadOverride) -> str:
    """What stands as the reason of an overridden read: the author's own, with its place."""
    return f"declared by the author{_place(override)}: {override.reason}"


def _place(override: ReadOverride) -> str:
    return f" ({override.span.file}:{override.span.line})" if override.span else ""


def noted(model: str, read: Read, override: ReadOverride) -> Diagnostic:
    """Told wherever the model is planned: what stands in place of the proof."""
    return Diagnostic(
        code="READ_OVERRIDE",
        message=f"`{model}` reads `{read.relation}` as its author declares: {override.reason}",
        severity=Severity.NOTE,
        span=override.span,
        fix=f"`sqlbackfill verify {model} -p …` compares it with the query over all of history",
        model=model,
        notes=(("the analysis says", read.because),) if read.because else (),
    )


def unused(name: str, override: ReadOverride, reads: Sequence[str], *, is_cut: bool) -> Diagnostic:
    """For an override of an input that the model does not read. It is ignored, which is safe."""
    near = get_close_matches(name, reads, n=1)
    why = "the model does not read it" if is_cut else "the model has no partitions"
    return Diagnostic(
        code="READ_OVERRIDE_UNUSED",
        message=f"the read override of `{name}` has no effect: {why}",
        severity=Severity.WARNING,
        span=override.span,
        fix=f"did you mean `{near[0]}`?" if near and is_cut else "remove it",
        notes=(("it reads", ", ".join(reads)),) if reads and is_cut else (),
    )


def invalid(name: str, override: ReadOverride, refused: NoSuchWindow) -> Diagnostic:
    """For an override that describes no window."""
    return Diagnostic(
        code="READ_OVERRIDE_INVALID",
        message=f"the read override of `{name}` cannot be used: {refused.message}",
        span=override.span,
        fix=refused.fix,
    )
