"""The pages say what is so: every code, every command, every link."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/**/*.md"), *REPO.glob("data/*.md")])
UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
# Upper-case literals that are names in the world outside.
NOT_CODES = frozenset(
    {
        "NO_COLOR", "LC_ALL", "SC_CLK_TCK", "GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY", "RESULT_SETTINGS", "QUERY_TAG",  # the environment, one of ours, a parameter of sessions
        "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ",  # types of columns
        "FULL_REFRESH", "PROFILES_DIR", "STORE_FAILURES", "WARN_ERROR",  # dbt's flags
    }
)  # fmt: skip


def literals() -> tuple[set[str], set[str]]:
    """All string literals of the package, and those of them that are given as a `code`."""
    strings: set[str] = set()
    codes: set[str] = set()
    for file in sorted((REPO / "sqlbackfill").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            strings |= _texts(node)
            if isinstance(node, ast.keyword) and node.arg == "code":
                codes |= _texts(node.value)
    return strings, codes


def _texts(node: ast.AST) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def sections() -> list[str]:
    text = (REPO / "docs" / "errors.md").read_text()
    return re.findall(r"^## ([A-Z0-9_]+)$", text, flags=re.MULTILINE)


def test_every_code_has_one_section_in_the_docs() -> None:
    strings, codes = literals()
    used = codes | {s for s in strings if UPPER_SNAKE.fullmatch(s) and not s.startswith("DBT_")}

    assert used - NOT_CODES - set(sections()) == set()
    assert len(sections()) == len(set(sections()))


def test_every_section_is_about_a_code_that_is_used() -> None:
    strings, _ = literals()

    assert set(sections()) - strings == set()


def test_the_sections_stand_in_alphabetical_order() -> None:
    assert sections() == sorted(sections())


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    from sqlbackfill.cli.catalogue import COMMANDS

    text = (REPO / "docs" / "cli.md").read_text()
    documented = re.findall(r"^### `sqlbackfill ([a-z]+)", text, flags=re.MULTILINE)

    assert sorted(documented) == sorted(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(REPO).as_posix() for p in PAGES])
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())

    assert [t for t in targets if not (page.parent / t).exists()] == []
