"""dbt's selection grammar, evaluated on the graph.

https://docs.getdbt.com/reference/node-selection/syntax. A space joins, a comma intersects; a term is
`[@|N+]method:value[+N]`, its method being guessed where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import reduce
from operator import and_, or_
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.findings import listing, near_match
from sqlbackfill.project.graph import Graph
from sqlbackfill.project.matching import (
    matches_config,
    matches_file,
    matches_fqn,
    matches_path,
    matches_source,
)
from sqlbackfill.project.model import Model
from sqlbackfill.project.selection import Selection

_TERM: Final = re.compile(
    r"(?P<around>@)?(?:(?P<up>\d*)\+)?(?P<body>[^+@]+?)(?:\+(?P<down>\d*))?", re.DOTALL
)
_METHODS: Final = ("fqn", "tag", "path", "file", "source", "state", "config", "package")


@dataclass(frozen=True, slots=True)
class _Term:
    text: str
    method: str
    value: str
    around: bool
    up: int | None
    down: int | None


def select(
    graph: Graph,
    select: Sequence[str],
    exclude: Sequence[str] = (),
    *,
    modified: Collection[str] | None = None,
) -> Selection:
    """The models that `select` (every model where it is empty) chooses, less those of `exclude`.

    Each text is a union of terms; several texts join. `+2` counts steps between models, ephemeral
    ones not counted. `modified` is what `state:modified` means; without it that term is an error.
    A term that matches nothing is an error, except `state:`; a comma may leave nothing. Raises
    UsageError with every bad term: UNKNOWN_SELECTION, SELECTION_SYNTAX, STATE_NOT_GIVEN.
    """
    evaluation = _Evaluation(graph, modified, [])
    chosen = evaluation.union(select)
    if not any(text.split() for text in select):
        chosen = Selection(named=frozenset(graph.models))
    excluded = evaluation.union(exclude)
    if evaluation.problems:
        raise UsageError(*dict.fromkeys(evaluation.problems))
    return chosen.without(excluded.models)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    graph: Graph
    modified: Collection[str] | None
    problems: list[Diagnostic]

    def union(self, texts: Sequence[str]) -> Selection:
        parts = [self._intersection(part) for text in texts for part in text.split()]
        return reduce(or_, parts, Selection())

    def _intersection(self, text: str) -> Selection:
        terms = [self._term(term) for term in text.split(",")]
        if "" in text.split(","):
            self._problem(
                "SELECTION_SYNTAX",
                f"selection `{text}` has a comma with nothing beside it",
                "write `a,b` for what both choose, and a space for what either does",
            )
        return reduce(and_, [self._evaluate(term) for term in terms if term] or [Selection()])

    def _term(self, text: str) -> _Term | None:
        if not text:
            return None
        found = _TERM.fullmatch(text)
        if found is None or (found["around"] and (found["up"], found["down"]) != (None, None)):
            fix = "write name, +name, name+, 2+name+1 or @name"
            self._problem("SELECTION_SYNTAX", f"selection `{text}` cannot be read", fix)
            return None
        method, _, value = found["body"].partition(":")
        if ":" not in found["body"]:
            method, value = _guess(found["body"])
        if method.partition(".")[0] not in _METHODS:
            match = near_match(method, _METHODS)
            message = f"unknown selection method `{method}` in `{text}`"
            message += f"; did you mean `{match}`?" if match else ""
            fix = f"use one of {', '.join(_METHODS)}"
            self._problem("SELECTION_SYNTAX", message, fix)
            return None
        if not value:
            message = f"selection `{text}` names no value after `{method}:`"
            self._problem("SELECTION_SYNTAX", message, f"write `{method}:` and a value")
            return None
        steps = [None if found[way] is None else int(found[way] or 10**9) for way in ("up", "down")]
        return _Term(text, method, value, bool(found["around"]), *steps)

    def _evaluate(self, term: _Term) -> Selection:
        if term.method == "source":
            return self._from_sources(term)
        named = frozenset(self._match(term))
        up = frozenset[str]()
        down = frozenset[str]()
        if term.around:
            down = self._reach(named, self.graph.readers, 10**9)
            up = self._reach(named | down, self.graph.refs, 10**9) - down
        if term.up is not None:
            up = self._reach(named, self.graph.refs, term.up)
        if term.down is not None:
            down = self._reach(named, self.graph.readers, term.down)
        return Selection(named=named, upstream=up - named, downstream=down - named)

    def _match(self, term: _Term) -> Iterable[str]:
        models = self.graph.models
        if term.method == "state":
            return self._modified(term)
        found = [name for name, model in models.items() if self._matches(term, model)]
        if not found:
            self._unmatched(term)
        return found

    def _matches(self, term: _Term, model: Model) -> bool:
        method, _, key = term.method.partition(".")
        tests: Mapping[str, Callable[[], bool]] = {
            "fqn": lambda: matches_fqn(self._fqn(model), term.value),
            "tag": lambda: any(fnmatchcase(tag, term.value) for tag in model.config.tags),
            "path": lambda: matches_path(model.file, term.value),
            "file": lambda: matches_file(model.file, term.value),
            "package": lambda: term.value in ("this", self.graph.project),
            "config": lambda: matches_config(model, key, term.value),
        }
        return tests[method]()

    def _fqn(self, model: Model) -> tuple[str, ...]:
        return (self.graph.project, *model.folders, model.name)

    def _modified(self, term: _Term) -> Iterable[str]:
        if term.value != "modified":
            fix = "use state:modified"
            self._problem("SELECTION_SYNTAX", f"unknown state `{term.value}` in `{term.text}`", fix)
            return ()
        if self.modified is None:
            self._problem(
                "STATE_NOT_GIVEN",
                "`state:modified` needs the state to compare with",
                "add --state FILE, which `sqlbackfill manifest -o FILE` wrote on the branch to compare with",
            )
            return ()
        return [name for name in self.graph.models if name in self.modified]

    def _from_sources(self, term: _Term) -> Selection:
        sources = frozenset(
            name
            for name, tags in self.graph.source_tags.items()
            if matches_source(name, term.value, self.graph.project)
        )
        if not sources:
            self._unmatched(term)
        steps = 10**9 if term.around else term.down
        if not steps:
            return Selection(sources=sources)
        direct = {reader for name in sources for reader in self.graph.source_readers[name]}
        first = self._through(direct, self.graph.readers)
        down = first | self._reach(first, self.graph.readers, steps - 1)
        up = frozenset[str]()
        if term.around:
            up = self._reach(down, self.graph.refs, 10**9) - down
        return Selection(sources=sources, downstream=down, upstream=up)

    def _reach(
        self, start: Iterable[str], edges: Mapping[str, tuple[str, ...]], steps: int
    ) -> frozenset[str]:
        """The models within `steps` of `start`, ephemeral ones passed through and left out."""
        reached: set[str] = set()
        frontier: frozenset[str] = frozenset(start)
        while frontier and steps > 0:
            following = {name for at in frontier for name in edges[at]}
            frontier = self._through(following, edges) - reached
            reached |= frontier
            steps -= 1
        return frozenset(reached)

    def _through(
        self, names: Iterable[str], edges: Mapping[str, tuple[str, ...]]
    ) -> frozenset[str]:
        """`names`, every ephemeral one replaced by what lies beyond it."""
        found: set[str] = set()
        seen: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            if self.graph.models[name].config.materialized is Materialization.EPHEMERAL:
                pending.extend(edges[name])
            else:
                found.add(name)
        return frozenset(found)

    def _unmatched(self, term: _Term) -> None:
        known = self._known(term.method)
        match = near_match(term.value, known)
        message = f"selection `{term.text}` matches no {_NOUNS.get(term.method, 'model')}"
        message += f"; did you mean `{match}`?" if match else ""
        fix = f"use `{term.text.replace(term.value, match)}`" if match else "see `sqlbackfill ls`"
        notes = (("available", listing(known)),) if known else ()
        self._problem("UNKNOWN_SELECTION", message, fix, notes)

    def _known(self, method: str) -> Collection[str]:
        models = self.graph.models.values()
        if method == "tag":
            return {tag for model in models for tag in model.config.tags}
        if method == "source":
            return self.graph.source_tags.keys()
        if method == "path":
            files = {model.file for model in models}
            return files | {file.rsplit("/", 1)[0] for file in files}
        if method == "file":
            return {model.file.rsplit("/", 1)[-1] for model in models}
        if method != "fqn":
            return ()
        return self.graph.models.keys() | {folder for model in models for folder in model.folders}

    def _problem(
        self, code: str, message: str, fix: str, notes: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.problems.append(Diagnostic(code=code, message=message, fix=fix, notes=notes))


_NOUNS: Final = {"tag": "tag", "source": "source", "path": "file", "file": "file"}


def _guess(body: str) -> tuple[str, str]:
    """The method of a term that names none, by dbt's rule: a path, a file, else a name."""
    if "/" in body or "\\" in body:
        return "path", body
    return ("file", body) if body.endswith((".sql", ".py", ".csv")) else ("fqn", body)
