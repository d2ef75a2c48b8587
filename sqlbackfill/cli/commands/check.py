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
)


@group.command("check", examples=_EXAMPLES)
@options.output_formats("text", "json")
def command(call: Invocation, output_format: str, as_json: bool) -> int:
    """Read the whole project and report every problem in it.

    Exits 1 if there is an error among them; no warehouse is opened.
    """
    from sqlbackfill.app.check import check
    from sqlbackfill.cli.show.diagnostics import full, lines_below

    findings = check(call.options).findings
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    output = call.output
    if as_json or output_format == "json":
        found = [finding.as_json() for finding in findings]
        output.document({"schema_version": 1, "findings": found})
    else:
        lines = lines_below(call.options.project_dir)
        blocks = [full(finding, output.out, lines) for finding in findings]
        output.data("\n\n".join([*blocks, _total(findings)]))
    return 1 if errors else 0


def _total(findings: Sequence[Diagnostic]) -> str:
    from sqlbackfill.cli.show.words import count

    counted = Counter(finding.severity for finding in findings)
    said = [count(counted[kind], kind.value) for kind in Severity if counted[kind]]
    return ", ".join(said) or "no problems found"
