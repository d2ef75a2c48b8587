"""The commands and the global options by name, and the help that lists them.

Owns the words only and imports nothing, so that `--help` and `--version` start no framework.
"""

from __future__ import annotations

from sqlbackfill import __version__

COMMANDS: dict[str, str] = {
    "init": "write a small project that runs as it is",
    "ls": "list the models, their partitions and what they read",
    "lineage": "draw which tables and columns come from which",
    "explain": "show what is proven about each model, input by input",
    "check": "read the whole project and report every problem in it",
    "render": "print the SQL that a run would execute, chunk by chunk",
    "plan": "show what a run would rebuild, in which order, and why",
    "estimate": "price a rebuild and hold it against limits",
    "run": "rebuild partitions",
    "verify": "run a model in every allowed way and compare the rows",
    "test": "run the unit tests of models, on DuckDB in memory",
    "sample": "bring partitions of the sources into Parquet, to run on locally",
    "status": "show what is built, missing, stale and failed",
    "why": "show what built partitions, and what changed since",
    "mark": "adopt what another tool built, or forget a record",
    "runs": "list past runs",
    "resume": "go on with a run that did not finish",
    "cancel": "stop a run that is under way",
    "manifest": "write what the models mean, for state:modified",
    "stats": "write how tables are stored, for estimates without a warehouse",
}

GLOBAL_OPTIONS: tuple[tuple[str, str | None, str], ...] = (
    ("--project-dir", "DIR", "where the project is; default: the current directory"),
    ("--profiles-dir", "DIR", "where profiles.yml is; default: as dbt looks for it"),
    ("--profile", "NAME", "the profile to use instead of the project's"),
    ("--target", "NAME", "the profile's output to use instead of its default"),
    ("--vars", "YAML", "project variables, as in '{name: value}'"),
    ("--as-of", "INSTANT", "the now that decides which partitions are due; UTC without an offset"),
    ("--debug", None, "show tracebacks"),
    ("--quiet", None, "no progress, remarks and warnings; errors still show"),
    ("--no-color", None, "no colours; NO_COLOR in the environment does the same"),
    ("--version", None, "print the version and stop"),
)
"""Each option's name, the word for its value (None for a switch) and its help."""

GROUP_EXAMPLES = (
    ("sqlbackfill run -p 2013-01", "rebuild January 2013 of every model"),
    ("sqlbackfill plan -s carrier_day+", "what is missing or stale there and below"),
    ("sqlbackfill status", "which partitions are built"),
)


def version_text() -> str:
    """The line that `--version` prints."""
    return f"sqlbackfill {__version__}"


def examples_text(examples: tuple[tuple[str, str], ...]) -> str:
    """The block that every help begins with; each example is a command and what it does."""
    lines = ["Examples:"]
    for command, meaning in examples:
        lines += [f"  # {meaning}", f"  {command}"]
    return "\n".join(lines)


def group_help() -> str:
    """What `sqlbackfill --help` prints: at most 80 columns wide, whatever the terminal."""
    wide = max(len(name) for name in COMMANDS) + 3
    commands = [f"  {name:<{wide}}{summary}" for name, summary in COMMANDS.items()]
    return "\n".join(
        [
            examples_text(GROUP_EXAMPLES),
            "",
            "Usage: sqlbackfill [OPTIONS] COMMAND [ARGS]...",
            "",
            "  Rewrites the history of SQL tables: safely, cheaply, only where it must be.",
            "",
            "Commands:",
            *commands,
            "",
            "Global options, before or after the command:",
            *_option_lines(),
            "",
            "Exit codes: 0 done or nothing to do, 1 something failed or was found, 2 usage or",
            "configuration, 3 stopped by a guard, 130 interrupted (go on with `resume`).",
            "`sqlbackfill COMMAND --help` tells more about a command.",
        ]
    )


def _option_lines() -> list[str]:
    rows = [(f"{name} {value}" if value else name, text) for name, value, text in GLOBAL_OPTIONS]
    rows.append(("--help", "show this and stop"))
    return [line for left, text in rows for line in _folded(left, text)]


def _folded(left: str, text: str) -> list[str]:
    lines, room, indent = [f"  {left:<20}"], 80, " " * 22
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > room:
            lines.append(indent[:-1])
        lines[-1] += word if lines[-1].endswith("  ") and len(lines[-1]) == 22 else f" {word}"
    return lines
