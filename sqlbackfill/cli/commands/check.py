"""`sqlbackfill check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.errors import Diagnostic, Severity

_EXAMPLES = (
    ("sqlbackfill check", "every problem in the project"),
    ("sqlbackfill check --json", "for scripts"),
    ("sqlbackfill check --format github", "as annotations of a pull request"),
)


@group.command("check", examples=_EXAMPLES)
@options.output_formats("text", "json", "github", "sarif")
def command(call: Invocation, output_format: str, as_json: bool) -> int:
    """Read the whole project and report every problem in it.

    Errors, unproven models with the line that stopped the proof, inputs that are read whole with
    the rewrite that would bound them, and what makes runs differ. Exits 1 if there is an error.
    """
    from sqlbackfill.app.check import check
    from sqlbackfill.cli.show.diagnostics import full, lines_below

    findings = check(call.options).findings
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    output = call.output
    if as_json or output_format == "json":
        found = [finding.as_json() for finding in findings]
        output.document({"schema_version": 1, "findings": found})
    elif output_format in ("github", "sarif"):
        _annotate(findings, call, output_format)
    else:
        lines = lines_below(call.options.project_dir)
        blocks = [full(finding, output.out, lines) for finding in findings]
        output.data("\n\n".join([*blocks, _total(findings)]))
    return 1 if errors else 0


def _annotate(findings: Sequence[Diagnostic], call: Invocation, output_format: str) -> None:
    from sqlbackfill.cli.show.annotations import files_below, github, sarif

    path_of = files_below(call.options.project_dir)
    if output_format == "sarif":
        call.output.document(sarif(findings, path_of))
        return
    lines = [github(finding, path_of) for finding in findings]
    call.output.data("\n".join([*lines, _total(findings)]))


def _total(findings: Sequence[Diagnostic]) -> str:
    from sqlbackfill.cli.show.words import count

    counted = Counter(finding.severity for finding in findings)
    said = [count(counted[kind], kind.value) for kind in Severity if counted[kind]]
    return ", ".join(said) or "no problems found"
