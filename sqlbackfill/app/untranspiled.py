"""Refuses a plan with models that cannot be written in the target's dialect, before anything is spent."""

from __future__ import annotations

from typing import Final

from sqlbackfill.app.chunk_sql import ChunkRenderer
from sqlbackfill.app.transpiling import Transpiler
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.plan.types import Plan

_CODES: Final = ("FUNCTION_NOT_TRANSPILED", "NOT_TRANSPILED")


def refuse_untranspiled(workspace: Workspace, plan: Plan) -> None:
    """Raises ProjectError with everything in the plan's models that does not come over.

    One chunk of each is rendered; what else is wrong with it is left to the run.
    """
    transpiler = Transpiler(workspace.loaded)
    if not any(transpiler.is_needed(workspace.models[step.model]) for step in plan.steps):
        return
    render = ChunkRenderer(workspace, lambda _: True)
    found: dict[Diagnostic, None] = {}
    for step in plan.steps:
        if not step.chunks or not transpiler.is_needed(workspace.models[step.model]):
            continue
        try:
            render(step.model, step.chunks[0])
        except ProjectError as error:
            found.update((one, None) for one in error.diagnostics if one.code in _CODES)
    render.keep_transpiled()
    if found:
        raise ProjectError(*found)
