"""The `check` use case: everything that reading and analysing a project finds, and its ledger."""

from __future__ import annotations

from collections.abc import Iterator

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.costly_reads import full_scans
from sqlbackfill.app.ledger_notes import notes, unclaimed
from sqlbackfill.app.options import Options
from sqlbackfill.app.planning import prepare
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, ProjectError, Severity, WarehouseError
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import QueryFacts, Verdict

# Reasons that are worth a finding even where the verdict does not rest on them.
_ALWAYS_TOLD = frozenset({"AUTHOR_BOUND_TOO_NARROW", "VOLATILE", "SAMPLE"})
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, errors first, otherwise in the order of the models."""

    findings: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def check(options: Options) -> Checked:
    """Errors, warnings and notes of the whole project. A project with errors gives just these."""
    try:
        workspace = open_workspace(options)
    except ProjectError as error:
        return Checked(error.diagnostics)
    findings = dict.fromkeys((*_findings(workspace), *_of_ledger(workspace)))
    return Checked(tuple(sorted(findings, key=lambda found: _ORDER[found.severity])))


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
        if facts is not None:
            yield from _of_model(workspace, model, facts)


def _of_ledger(workspace: Workspace) -> tuple[Diagnostic, ...]:
    """What the ledger says of the project's tables; nothing where it cannot be read."""
    adapter = workspace.loaded.adapter
    if not adapter.exists:
        return ()
    try:
        session = adapter.session(read_only=True)
        try:
            prepared = prepare(workspace, session, judges=False)
            return notes(prepared, unclaimed(prepared, session), workspace.models)
        finally:
            session.close()
    except WarehouseError:  # a project is checked while a run holds its database, too
        return ()


def _of_model(workspace: Workspace, model: Model, facts: QueryFacts) -> Iterator[Diagnostic]:
    for table in facts.hard_coded:
        yield Diagnostic(
            code="HARD_CODED_TABLE",
            severity=Severity.WARNING,
            message=f"`{table.name}` is read without ref() or source(), so it gets no predicate",
            span=table.span,
            fix="declare it as a source and read it through source()",
            model=model.name,
        )
    if workspace.renders[model.name].is_volatile:
        yield Diagnostic(
            code="VOLATILE_TEMPLATE",
            severity=Severity.WARNING,
            message="the template reads the clock or the run's id, so each run has other SQL",
            span=model.span,
            fix="take run_started_at and invocation_id out of what the rows depend on",
            model=model.name,
        )
    for reason in facts.reasons:
        if facts.verdict is Verdict.UNPROVEN or reason.code in _ALWAYS_TOLD:
            yield _as_warning(reason.for_model(model.name))
    yield from (doubt.for_model(model.name) for doubt in facts.doubts)
    yield from full_scans(workspace, model, facts)


def _as_warning(found: Diagnostic) -> Diagnostic:
    return replace(found, severity=Severity.WARNING)
