"""What is wrong with a command line, as our own diagnostics: click's errors, stray words, near matches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import click

from sqlbackfill.cli import catalogue
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError

_PAIR = re.compile(r"(?P<name>[\w.*+-]+)@(?P<spec>\S+)")
_SPEC_WORD = re.compile(r"!?\d{4}(-|:|,|$|\.\.)|\.\.|(missing|stale|failed|all|last:\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The models and partitions that a command line names, before anyone has looked them up."""

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()


def usage_error(code: str, message: str, fix: str | None = None) -> UsageError:
    """A UsageError of one diagnostic."""
    return UsageError(Diagnostic(code=code, message=message, fix=fix))


def unknown_command(word: str) -> UsageError:
    """Names the commands that come near, or all of them."""
    return UsageError(
        Diagnostic(
            code="UNKNOWN_COMMAND",
            message=f"unknown command `{word}`{did_you_mean(word, catalogue.COMMANDS)}",
            notes=(("available", ", ".join(catalogue.COMMANDS)),),
            fix="see sqlbackfill --help",
        )
    )


def unexpected_words(command: str, words: Sequence[str]) -> UsageError:
    """For a command that takes fewer arguments than it was given."""
    plural = "s" if len(words) > 1 else ""
    return usage_error(
        "UNEXPECTED_ARGUMENT",
        f"unexpected argument{plural} `{' '.join(words)}`",
        f"see sqlbackfill {command} --help",
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean a or b?` with the names of `known` that come near, or nothing."""
    import difflib

    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.65)
    return f": did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""


def from_click(error: click.ClickException, words: Sequence[str]) -> UsageError:
    """What click found wrong with `words`, in our own."""
    ctx = getattr(error, "ctx", None)
    command = next((word for word in words if word in catalogue.COMMANDS), "")
    help_line = f"see {f'sqlbackfill {command}'.strip()} --help"
    if isinstance(error, click.NoSuchOption):
        known = _option_names(ctx)
        near = did_you_mean(error.option_name, known)
        return usage_error(
            "UNKNOWN_OPTION", f"unknown option `{error.option_name}`{near}", help_line
        )
    if isinstance(error, click.MissingParameter):
        name = error.param.make_metavar(ctx) if error.param and ctx else "argument"
        return usage_error("MISSING_ARGUMENT", f"missing argument {name}", help_line)
    if isinstance(error, click.BadParameter):
        name = error.param.opts[0] if error.param else "argument"
        return usage_error(
            "INVALID_OPTION_VALUE", f"invalid value for `{name}`: {_lower(error)}", help_line
        )
    if isinstance(error, click.BadOptionUsage):
        name = error.option_name
        needs = "takes no value" if any(f"{name}=" in word for word in words) else "needs a value"
        return usage_error("INVALID_OPTION_VALUE", f"`{name}` {needs}", help_line)
    return usage_error("INVALID_USAGE", _lower(error), help_line)


def chosen(
    command: str,
    words: Sequence[str],
    given: Chosen,
    *,
    takes_partitions: bool,
) -> Chosen:
    """`given`, with `MODEL@SPEC` among `words` and the selection read as `-s MODEL -p SPEC`.

    Raises UsageError for any other stray word, with the selection that was probably meant, and for
    `MODEL@SPEC` beside a selection or partitions that it does not go together with.
    """
    stray = [word for word in words if not (takes_partitions and _pair(word))]
    if stray:
        raise _unexpected(command, stray, words, given)
    pairs = [_pair(word) for word in (*words, *given.select) if takes_partitions]
    named = [pair for pair in pairs if pair]
    if not named:
        return given
    specs = {spec for _, spec in named}
    if len(specs) > 1 or given.partitions or len(named) < len(pairs):
        raise usage_error(
            "CONFLICTING_PARTITIONS",
            "MODEL@SPEC names the partitions of its own model, and a command takes one -p for all",
            f"use -s and -p: {_corrected(command, [name for name, _ in named], sorted(specs))}",
        )
    return Chosen(
        select=tuple(name for name, _ in named), exclude=given.exclude, partitions=tuple(specs)
    )


def _pair(word: str) -> tuple[str, str] | None:
    """`MODEL@SPEC` in two; None for a plain selector, `@model` included."""
    found = _PAIR.fullmatch(word)
    return (found["name"], found["spec"]) if found else None


def _unexpected(
    command: str, stray: Sequence[str], words: Sequence[str], given: Chosen
) -> UsageError:
    shown = " ".join(stray)
    plural = "s" if len(stray) > 1 else ""
    meant = " ".join(_meant(words, given))
    return usage_error(
        "UNEXPECTED_ARGUMENT",
        f"unexpected argument{plural} `{shown}`: did you mean {meant}?",
        f"sqlbackfill {command} {meant}",
    )


def _meant(words: Sequence[str], given: Chosen) -> list[str]:
    """The options that `words` were probably meant for, with what was given to them already."""
    names, specs = list(given.select), list(given.partitions)
    for word in words:
        pair = _pair(word)
        if pair:
            names.append(pair[0])
            specs.append(pair[1])
        else:
            (specs if _SPEC_WORD.match(word) else names).append(word)
    return [
        f'{option} "{separator.join(dict.fromkeys(values))}"'
        for option, separator, values in (("-s", " ", names), ("-p", ",", specs))
        if values
    ]


def _corrected(command: str, names: Sequence[str], specs: Sequence[str]) -> str:
    import shlex

    selection = shlex.quote(" ".join(dict.fromkeys(names)))
    return f"sqlbackfill {command} -s {selection} -p {shlex.quote(','.join(specs))}"


def _option_names(ctx: click.Context | None) -> list[str]:
    if ctx is None:
        return []
    names = [name for parameter in ctx.command.params for name in parameter.opts]
    return [name for name in names if name.startswith("--")]


def _lower(error: click.ClickException) -> str:
    text = error.message.rstrip(".")
    return text[:1].lower() + text[1:]
