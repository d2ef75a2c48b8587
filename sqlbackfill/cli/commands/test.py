"""`sqlbackfill test`."""

from __future__ import annotations

from pathlib import Path

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen, usage_error

_EXAMPLES = (
    ("sqlbackfill test", "every unit test of the project"),
    ("sqlbackfill test -s carrier_trailing_7d", "those of one model, or the test of that name"),
    ("sqlbackfill test -s tag:fast --junit results.xml", "those with a tag, with a report for CI"),
)


@group.command("test", examples=_EXAMPLES)
@options.words(takes_partitions=False)
@options.selection
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="also write the results to this file, as JUnit XML",
)
@options.output_formats("text", "json")
def command(
    call: Invocation,
    words: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    junit: Path | None,
    output_format: str,
    as_json: bool,
) -> int:
    """Run the unit tests of models: given rows, expected rows.

    They stand under unit_tests in the models' yml, in dbt's form. Everything happens in DuckDB in
    memory, in whatever dialect the models are written; no warehouse is asked. Exits 1 if a test
    fails, 2 if one is defined wrongly.
    """
    given = Chosen(select=select, exclude=exclude)
    picked = chosen("test", words, given, takes_partitions=False)
    from sqlbackfill.app.unit_tests import run_unit_tests

    report = run_unit_tests(call.options, picked.select, picked.exclude)
    call.warn(report.warnings)
    if junit is not None:
        from sqlbackfill.cli.show.junit import write_junit

        try:
            write_junit(report, junit)
        except OSError as error:
            raise usage_error(
                "OUTPUT_FAILED", f"cannot write the report to `{junit}`: {error.strerror}"
            ) from error
    if as_json or output_format == "json":
        call.output.document(report.as_json())
    else:
        from sqlbackfill.cli.show.diagnostics import lines_below
        from sqlbackfill.cli.show.unit_tests import report_text

        lines = lines_below(call.options.project_dir)
        call.output.data(report_text(report, call.output.out, lines))
    return report.exit_code
