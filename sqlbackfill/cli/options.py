"""The options that several commands share, and what they come to once they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sqlbackfill.cli.output import Output, output_for
from sqlbackfill.cli.usage import usage_error

if TYPE_CHECKING:
    from sqlbackfill.app.options import Options

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Words(click.Argument):
    """Words without an option: `MODEL@SPEC` where the command takes partitions, else mistakes."""

    def __init__(self, names: Sequence[str], *, takes_partitions: bool) -> None:
        super().__init__(names, nargs=-1, required=False)
        self.takes_partitions = takes_partitions

    def make_metavar(self, *_: Any) -> str:
        return "[MODEL@SPEC]..." if self.takes_partitions else ""


class Limit(click.FloatRange):
    """A number from 0 on. Neither `nan`, above which nothing ever is, nor one without end."""

    name = "number"

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = float(super().convert(value, param, ctx))
        if not isfinite(found):
            self.fail(f"{value} is no limit", param, ctx)
        return found


def selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `-s` and `--exclude`."""
    function = click.option(
        "--exclude", multiple=True, metavar="MODELS", help="models to leave out, written as for -s"
    )(function)
    return click.option(
        "-s",
        "--select",
        multiple=True,
        metavar="MODELS",
        help="models: name, +name, name+, @name, tag:x, path:x, source:a.b+; default: all",
    )(function)


def words(*, takes_partitions: bool) -> Decorator:
    """Takes the words that stand without an option, so that the command can answer them."""
    return click.argument("words", cls=Words, takes_partitions=takes_partitions)


def partitions(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `-p`."""
    return click.option(
        "-p",
        "--partitions",
        multiple=True,
        metavar="SPEC",
        help="partitions: 2024-01-05, 2024-01, 2024, a..b, !2024-02-29, missing, stale, failed, "
        "all, last:7, 100..199, keys; commas join",
    )(function)


def strategy(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--strategy`."""
    return click.option(
        "--strategy",
        metavar="STRATEGY",
        help="range, chunk=N, chunk=week|month|quarter|year, partition or auto; default: auto",
    )(function)


def planning(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what `plan`, `run` and `estimate` share besides models and partitions."""
    function = click.option(
        "--state",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="what state:modified compares with: a file that `manifest` wrote, or its folder",
    )(function)
    function = click.option(
        "--missing-upstream",
        type=click.Choice(["build", "block"]),
        help="upstream partitions that are missing: build them too, or block what reads them",
    )(function)
    function = click.option(
        "--strict-strategy",
        is_flag=True,
        help="fail where a model does not allow the --strategy, instead of taking the nearest",
    )(function)
    return strategy(function)


def budget(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--max-cost` and what goes with it, of what runs."""
    function = click.option(
        "--allow-unknown", is_flag=True, help="with --max-cost: run what nobody knows the cost of"
    )(function)
    return click.option(
        "--max-cost",
        type=Limit(),
        metavar="USD",
        help="begin nothing that would cost more with what was spent; `resume` goes on",
    )(function)


def as_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="print one JSON document on stdout"
    )(function)


def output_formats(*formats: str) -> Decorator:
    """Adds `--format`, the first of `formats` being the default, and `--json` for `--format json`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "--json", "as_json", is_flag=True, help="the same as --format json"
        )(function)
        return click.option(
            "--format",
            "output_format",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="what to print",
        )(function)

    return decorate


def read_options(values: Mapping[str, Any], output: Output) -> Options:
    """The global options as the use cases take them. Raises UsageError for a value that cannot be read.

    What a use case says while it works goes to `output`.
    """
    from sqlbackfill.app.options import Options

    def on_reading(source: str, scan_bytes: int | None) -> None:
        from sqlbackfill.cli.show.words import reading

        output.remark(reading(source, scan_bytes))

    directory = values.get("profiles_dir")
    return Options(
        project_dir=Path(values.get("project_dir", ".")),
        profiles_dir=Path(directory) if directory else None,
        profile=values.get("profile"),
        target=values.get("target"),
        vars=_variables(values.get("vars")),
        as_of=_instant(values.get("as_of")),
        debug=bool(values.get("debug")),
        on_reading=on_reading,
    )


def read_output(values: Mapping[str, Any]) -> Output:
    """The streams as the global options want them."""
    return output_for(quiet=bool(values.get("quiet")), no_color=bool(values.get("no_color")))


def _variables(text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    import yaml

    fix = "give a mapping, as in --vars '{start: 2024-01-01}'"
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "not YAML"
        raise usage_error("INVALID_VARS", f"`--vars` is not YAML: {problem}", fix) from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        kind = "its names are not all text" if isinstance(value, dict) else f"`{value}` is none"
        raise usage_error("INVALID_VARS", f"`--vars` takes a mapping, and {kind}", fix)
    return value


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise usage_error(
            "INVALID_INSTANT",
            f"`--as-of` is not an instant: `{text}`",
            "write it as 2024-03-01, 2024-03-01T06:00 (both UTC) or 2024-03-01T06:00+01:00",
        ) from error
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
