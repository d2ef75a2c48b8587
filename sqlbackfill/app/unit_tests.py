"""The `test` use case: unit tests of models on DuckDB in memory. No warehouse is asked or written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from sqlbackfill.app.analysis import analyse_project
from sqlbackfill.app.loading import Loaded, load
from sqlbackfill.app.options import Options
from sqlbackfill.app.unit_test_diff import RowDiff
from sqlbackfill.app.unit_test_models import needed_inputs
from sqlbackfill.app.unit_test_run import UnitEngine, unit_engine
from sqlbackfill.app.unit_test_tables import bad_test
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan, SqlbackfillError, UsageError
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.project_file import read_project_file
from sqlbackfill.project.selectors import select as select_models
from sqlbackfill.project.unit_test import UnitTest
from sqlbackfill.project.unit_tests import read_unit_tests


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitResult:
    """What became of one test. It passed if there is neither a difference nor an error."""

    test: UnitTest
    seconds: float
    diff: RowDiff | None = None
    errors: tuple[Diagnostic, ...] = ()

    @property
    def status(self) -> str:
        """`passed`, `failed` or `error`."""
        return "error" if self.errors else "failed" if self.diff else "passed"

    def as_json(self) -> dict[str, Any]:
        """One entry of the document."""
        return {
            "name": self.test.name,
            "model": self.test.model,
            "status": self.status,
            "file": self.test.span.file,
            "line": self.test.span.line,
            "partitions": list(self.test.partitions),
            "tags": list(self.test.tags),
            "seconds": round(self.seconds, 4),
            "diff": self.diff.as_json() if self.diff else None,
            "errors": [error.as_json() for error in self.errors],
        }


@dataclass(frozen=True, slots=True)
class UnitReport:
    """All results, in the order of the tests' places."""

    results: tuple[UnitResult, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def count(self, status: str) -> int:
        """How many tests ended so."""
        return sum(one.status == status for one in self.results)

    @property
    def exit_code(self) -> int:
        """0 if every test passed, 2 if a definition is at fault, else 1."""
        if any(error.code == "BAD_UNIT_TEST" for one in self.results for error in one.errors):
            return 2
        return 0 if self.count("passed") == len(self.results) else 1

    def as_json(self) -> dict[str, Any]:
        """The `test` document of the contract."""
        return {
            "schema_version": 1,
            "tests": [one.as_json() for one in self.results],
            "total": {status: self.count(status) for status in ("passed", "failed", "error")},
        }


def run_unit_tests(
    options: Options, select: Sequence[str] = (), exclude: Sequence[str] = ()
) -> UnitReport:
    """Runs the unit tests that `select` chooses: by model, by their own name, or by tag.

    Raises ProjectError with every test that is defined wrongly, before any runs; UsageError for a
    selection that names nothing.
    """
    loaded = _local(load(options))
    try:
        workspace = analyse_project(loaded)
        tests = _selected(workspace, _read(options, loaded), select, exclude)
        problems = [problem for test in tests for problem in _problems(workspace, test)]
        if problems:
            raise ProjectError(*problems)
        with unit_engine(workspace) as engine:
            results = tuple(_result(engine, test) for test in tests)
    finally:
        loaded.adapter.close()
    return UnitReport(results, _warnings(loaded, tests))


def _local(loaded: Loaded) -> Loaded:
    """The project as DuckDB runs it: a target of another engine is not asked for anything."""
    if loaded.adapter.name == "duckdb":
        return loaded
    from sqlbackfill.warehouse.duckdb import DuckDBAdapter
    from sqlbackfill.warehouse.duckdb_profile import DuckDBTarget

    target = replace(loaded.target, type="duckdb", path=":memory:", dialect=loaded.dialect)
    adapter = DuckDBAdapter(DuckDBTarget(name=target.database or "memory"))
    return replace(loaded, target=target, adapter=adapter)


def _read(options: Options, loaded: Loaded) -> tuple[UnitTest, ...]:
    def untouched(text: str, _: SourceSpan) -> object:
        return text

    own = read_project_file(options.project_dir, cli_vars=options.vars, render=untouched)
    return read_unit_tests(
        loaded.project.root, own.model_paths, own.test_paths, loaded.templates.value
    )


def _selected(
    workspace: Workspace,
    tests: Sequence[UnitTest],
    select: Sequence[str],
    exclude: Sequence[str],
) -> tuple[UnitTest, ...]:
    left_out = _matching(workspace, tests, exclude)
    chosen = _matching(workspace, tests, select) if select else set(range(len(tests)))
    return tuple(test for at, test in enumerate(tests) if at in chosen - left_out)


def _matching(workspace: Workspace, tests: Sequence[UnitTest], texts: Sequence[str]) -> set[int]:
    """The places of the tests that texts select: a space joins, a comma intersects.

    Raises UsageError for a term that names neither a test nor a model.
    """
    unions = [union for text in texts for union in text.split()]
    found: set[int] = set()
    for union in unions:
        terms = [_of_term(workspace, tests, term) for term in union.split(",") if term]
        found |= set.intersection(*terms) if terms else set()
    return found


def _of_term(workspace: Workspace, tests: Sequence[UnitTest], term: str) -> set[int]:
    wanted = term.removeprefix("test_name:")
    tag = term.removeprefix("tag:") if term.startswith("tag:") else None
    named = {
        at
        for at, test in enumerate(tests)
        if fnmatchcase(test.name, wanted) or (tag is not None and tag in test.tags)
    }
    try:
        models = select_models(workspace.graph, (term,), ()).models
    except UsageError as error:
        if not named:
            raise _nothing(error, tests, term) from None
        return named
    return named | {at for at, test in enumerate(tests) if test.model in models}


def _nothing(error: UsageError, tests: Sequence[UnitTest], term: str) -> UsageError:
    near = get_close_matches(term, [test.name for test in tests], n=1)
    first = error.diagnostics[0]
    if not near:
        return error
    return UsageError(replace(first, fix=f"did you mean the test `{near[0]}`?"))


def _problems(workspace: Workspace, test: UnitTest) -> Iterator[Diagnostic]:
    """What is wrong with a definition as far as it can be seen without running it."""
    model = workspace.models.get(test.model)
    if model is None:
        near = get_close_matches(test.model, list(workspace.models), n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        message = f"there is no model `{test.model}`{hint}"
        yield bad_test(test.name, message, test.span, "name a model of the project")
        return
    render = workspace.renders.get(test.model)
    refusal = model.config.refusal or (render.needs_warehouse if render is not None else None)
    if refusal is not None or test.model not in workspace.facts:
        message = f"`{test.model}` cannot be tested"
        message += f": {refusal.message}" if refusal is not None else ""
        yield bad_test(test.name, message, test.span, "test a SQL model")
        return
    yield from _input_problems(workspace, test)
    yield from _partition_problems(workspace, test)


def _input_problems(workspace: Workspace, test: UnitTest) -> Iterator[Diagnostic]:
    given = [one.target for one in test.given]
    needed = needed_inputs(workspace, test.model, given)
    if test.has_overrides:
        return  # what is read may depend on them: the render will tell
    for one in test.given:
        if one.target not in needed and one.target != "this":
            yield bad_test(
                test.name,
                f"`{test.model}` does not read {_written(one.target)}",
                one.span,
                f"it reads {', '.join(map(_written, needed)) or 'nothing'}",
            )
    for target in needed:
        if target not in given:
            yield bad_test(
                test.name,
                f"`{test.model}` reads {_written(target)}, of which no rows are given",
                test.span,
                f"add `- input: {_written(target)}` with `rows: []` for none",
            )


def _partition_problems(workspace: Workspace, test: UnitTest) -> Iterator[Diagnostic]:
    partitioning = workspace.partitionings.get(test.model)
    is_whole = partitioning is None or isinstance(partitioning, WholePartitioning)
    if test.partitions and is_whole:
        yield bad_test(
            test.name,
            f"`{test.model}` has no partitions",
            test.partitions_span or test.span,
            "leave out `partitions`",
        )
    if not test.partitions and workspace.renders[test.model].uses_bounds:
        yield bad_test(
            test.name,
            f"`{test.model}` prints the bounds of its partition, and the test names none",
            test.span,
            "add `partitions:`, in the grammar of -p, such as 2013-01-05",
        )


def _written(target: str) -> str:
    """A target as `input:` writes it."""
    kind, _, name = target.partition(":")
    if kind == "source":
        return "source('{}', '{}')".format(*name.split(".", 1))
    return f"ref('{name}')" if kind == "ref" else target


def _result(engine: UnitEngine, test: UnitTest) -> UnitResult:
    started = time.perf_counter()
    try:
        diff = engine.run(test)
    except SqlbackfillError as error:
        errors = tuple(one.for_model(test.model) for one in error.diagnostics)
        return UnitResult(test=test, seconds=time.perf_counter() - started, errors=errors)
    return UnitResult(test=test, seconds=time.perf_counter() - started, diff=diff)


def _warnings(loaded: Loaded, tests: Sequence[UnitTest]) -> tuple[Diagnostic, ...]:
    return () if tests else loaded.project.warnings
