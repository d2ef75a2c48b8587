"""The click group and command classes: commands load when used, help begins with examples."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from sqlbackfill.cli import catalogue
from sqlbackfill.cli.options import read_options, read_output
from sqlbackfill.cli.output import Output
from sqlbackfill.cli.usage import unexpected_words, unknown_command
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic

if TYPE_CHECKING:
    from sqlbackfill.app.options import Options

Function = Callable[..., int]
_WIDTH = {"max_content_width": 80}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What every command is given besides its own options."""

    options: Options
    output: Output

    def warn(self, warnings: Iterable[Diagnostic]) -> None:
        """Says warnings on stderr, concisely, unless asked to be quiet."""
        found = tuple(warnings)
        if found and not self.output.quiet:
            from sqlbackfill.cli.show.diagnostics import every_warning

            for line in every_warning(found, self.output.err):
                self.output.remark(line)


class Command(click.Command):
    """A command whose help begins with examples and ends with the global options."""

    def __init__(self, *args: Any, examples: tuple[tuple[str, str], ...], **kwargs: Any) -> None:
        kwargs["context_settings"] = {**_WIDTH, "allow_extra_args": True}
        kwargs["add_help_option"] = False
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params += [help_option(), *global_options()]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            raise unexpected_words(str(self.name), ctx.args)
        return rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(catalogue.examples_text(self.examples) + "\n\n")
        super().format_help(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                (shared if isinstance(parameter, GlobalOption) else own).append(record)
        for title, records in (("Options", own), ("Global options", shared)):
            with formatter.section(title):
                formatter.write_dl(records, col_max=26)


class GlobalOption(click.Option):
    """An option accepted before and after the command's name; the later one counts."""


class Group(click.Group):
    """All commands by name; each is imported when it is used."""

    def get_help(self, _: click.Context) -> str:
        return catalogue.group_help()

    def list_commands(self, _: click.Context) -> list[str]:
        return list(catalogue.COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in catalogue.COMMANDS:
            return None
        module = importlib.import_module(f"sqlbackfill.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in catalogue.COMMANDS and not ctx.resilient_parsing:
            raise unknown_command(args[0])
        return super().resolve_command(ctx, args)


def command(
    name: str, *, examples: tuple[tuple[str, str], ...]
) -> Callable[[Function], click.Command]:
    """Turns a function of an Invocation and its options into the command `name`.

    The function's docstring is the help; what it returns is the exit code.
    """

    def decorate(function: Function) -> click.Command:
        @functools.wraps(function)
        def called(values: dict[str, Any], **options: Any) -> int:
            output = read_output(values)
            return function(Invocation(read_options(values, output), output), **options)

        turn = click.command(
            name, cls=Command, examples=examples, short_help=catalogue.COMMANDS[name]
        )
        return turn(click.pass_obj(called))

    return decorate


def global_options() -> list[click.Parameter]:
    """Fresh options for one command, or for the group, in the catalogue's order."""
    return [_global_option(*row) for row in catalogue.GLOBAL_OPTIONS]


def help_option() -> click.Option:
    """`--help`, which prints as all data is printed."""
    return click.Option(
        ["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_help,
        help="show this and stop",
    )


def _help(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        Output().data(ctx.get_help())
        ctx.exit()


def _global_option(name: str, value: str | None, text: str) -> click.Option:
    if name == "--version":
        return GlobalOption(
            [name], is_flag=True, is_eager=True, expose_value=False, callback=_version, help=text
        )
    return GlobalOption(
        [name],
        is_flag=value is None,
        metavar=value,
        expose_value=False,
        callback=_remember,
        help=text,
    )


def _remember(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    if value not in (None, False) and parameter.name:
        ctx.ensure_object(dict)[parameter.name] = value


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        Output().data(catalogue.version_text())
        ctx.exit()


def _without_command() -> int:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        Output().message(catalogue.group_help())
        ctx.exit(2)
    return 0


root = Group(
    "sqlbackfill",
    callback=_without_command,
    params=[help_option(), *global_options()],
    add_help_option=False,
    context_settings=dict(_WIDTH),
    invoke_without_command=True,
)
