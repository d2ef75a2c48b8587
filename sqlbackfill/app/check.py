"""The `check` use case: everything that reading and analysing a project finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import open_workspace
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, ProjectError, Severity
from sqlbackfill.query.facts import Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, errors first."""

    findings: tuple[Diagnostic, ...]


def check(options: Options) -> Checked:
    """Errors and warnings of the whole project. A project with errors gives just these."""
    try:
        workspace = open_workspace(options)
    except ProjectError as error:
        return Checked(error.diagnostics)
    return Checked(tuple(dict.fromkeys(_findings(workspace))))


def _findings(workspace: Workspace) -> Iterator[Diagnostic]:
    yield from workspace.warnings
    for schema in workspace.schemas.values():
        if schema.problem is not None:
            yield schema.problem
    for name, model in workspace.models.items():
        refused = model.config.refusal or model.config.unsupported
        if refused is not None:
            yield _as_warning(refused.for_model(name))
        facts = workspace.facts.get(name)
        if facts is None:
            continue
        for table in facts.hard_coded:
            yield Diagnostic(
                code="HARD_CODED_TABLE",
                severity=Severity.WARNING,
                message=f"`{table.name}` is read without ref() or source(), so it gets no predicate",
                span=table.span,
                fix="declare it as a source and read it through source()",
                model=name,
            )
        if facts.verdict is Verdict.UNPROVEN:
            for reason in facts.reasons:
                yield _as_warning(reason.for_model(name))


def _as_warning(found: Diagnostic) -> Diagnostic:
    from dataclasses import replace

    return replace(found, severity=Severity.WARNING)
