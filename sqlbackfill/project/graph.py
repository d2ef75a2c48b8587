"""The graph of a project's models: what each reads, and in what order they are built."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.project.findings import Findings, listing, near_match
from sqlbackfill.project.model import Model
from sqlbackfill.project.source import Source
from sqlbackfill.project.table_owners import table_conflicts


@dataclass(frozen=True, slots=True)
class DeclaredRef:
    """A `ref('name')`, or a `source('a', 'b')` (then `name` is `a.b`), and where it stands."""

    name: str
    span: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one model's template declared that it reads."""

    refs: tuple[DeclaredRef, ...] = ()
    sources: tuple[DeclaredRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The enabled models and what they read.

    `order` is topological, ties by name. `refs` and `readers` are direct and sorted; `{{ this }}` is
    no ref. `sources` gives what a model reads directly, `source_readers` the reverse for every
    declared source.
    """

    models: Mapping[str, Model]
    order: tuple[str, ...]
    refs: Mapping[str, tuple[str, ...]]
    readers: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, tuple[str, ...]]
    source_readers: Mapping[str, tuple[str, ...]]
    source_tags: Mapping[str, tuple[str, ...]]
    project: str


def build_graph(
    models: Iterable[Model],
    declared: Mapping[str, Declared],
    sources: Mapping[str, Source],
    *,
    project: str = "",
) -> Graph:
    """The graph of the enabled models among `models`, by what their templates declared.

    A model without an entry in `declared` reads nothing. Raises ProjectError with every duplicate
    model or table, unknown ref, unknown source and circle of refs.
    """
    findings = Findings()
    given = sorted(models, key=lambda model: (model.name, model.file))
    enabled = _enabled(given, findings)
    disabled = {model.name for model in given} - enabled.keys()
    refs: dict[str, tuple[str, ...]] = {}
    reads: dict[str, tuple[str, ...]] = {}
    for name in enabled:
        own = declared.get(name, Declared())
        known = [ref.name for ref in own.refs if _is_known(ref, name, enabled, disabled, findings)]
        refs[name] = tuple(sorted(set(known)))
        tables = [ref.name for ref in own.sources if _is_source(ref, name, sources, findings)]
        reads[name] = tuple(sorted(set(tables)))
    for conflict in table_conflicts(enabled.values(), reads, sources):
        findings.add(conflict)
    order = _order(refs)
    if len(order) < len(refs):
        # Left over are the circles, what leads to them, and what lies between two of them.
        left = refs.keys() - set(order)
        left -= set(_order(_reversed({name: refs[name] for name in left}, refs)))
        within = {name: tuple(ref for ref in refs[name] if ref in left) for name in left}
        for circle in _circles(within):
            findings.add(_circular(circle, declared))
    findings.raise_errors()
    return Graph(
        models=enabled,
        order=order,
        refs=refs,
        readers=_reversed(refs, refs),
        sources=reads,
        source_readers=_reversed(reads, sources),
        source_tags={name: source.tags for name, source in sources.items()},
        project=project,
    )


def duplicate_model(name: str, first: str, second: str) -> Diagnostic:
    """The error that two files define one model."""
    return Diagnostic(
        code="DUPLICATE_MODEL",
        message=f"two files define `{name}`: {first} and {second}",
        span=SourceSpan(file=second, line=1),
        fix="rename one of the two files, or disable one with `enabled: false`",
        model=name,
    )


def _enabled(models: Iterable[Model], findings: Findings) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for model in models:
        if model.config.enabled and found.setdefault(model.name, model) is not model:
            findings.add(duplicate_model(model.name, found[model.name].file, model.file))
    return found


def _is_known(
    ref: DeclaredRef,
    reader: str,
    enabled: Mapping[str, Model],
    disabled: Iterable[str],
    findings: Findings,
) -> bool:
    if ref.name in enabled:
        return True
    if ref.name in disabled:
        message = f"`{reader}` refers to `{ref.name}`, which is disabled"
        findings.add(_unknown("DISABLED_REF", message, ref, reader, "enable it, or drop the ref"))
        return False
    match = near_match(ref.name, enabled)
    message = f"`{reader}` refers to `{ref.name}`, and there is no such model"
    fix = f"use `{match}`" if match else f"make models/{ref.name}.sql, or correct the name"
    if match:
        message += f"; did you mean `{match}`?"
    findings.add(_unknown("UNKNOWN_REF", message, ref, reader, fix))
    return False


def _is_source(
    ref: DeclaredRef, reader: str, sources: Mapping[str, Source], findings: Findings
) -> bool:
    if ref.name in sources:
        return True
    match = near_match(ref.name, sources)
    message = f"`{reader}` reads source `{ref.name}`, which no yml declares"
    if match:
        message += f"; did you mean `{match}`?"
    fix = f"use `{match}`" if match else "declare it under `sources:` in a yml beside the models"
    notes = (("declared", listing(sources)),) if sources else ()
    findings.add(_unknown("UNKNOWN_SOURCE", message, ref, reader, fix, notes))
    return False


def _unknown(
    code: str,
    message: str,
    ref: DeclaredRef,
    reader: str,
    fix: str,
    notes: tuple[tuple[str, str], ...] = (),
) -> Diagnostic:
    return Diagnostic(code=code, message=message, span=ref.span, fix=fix, model=reader, notes=notes)


def _order(refs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names after all that they refer to, the smallest first; what lies on a circle is left out."""
    waiting = {name: len(targets) for name, targets in refs.items()}
    readers = _reversed(refs, refs)
    ready = [name for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    return tuple(order)


def _reversed(
    edges: Mapping[str, tuple[str, ...]], targets: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {target: [] for target in targets}
    for name in sorted(edges):
        for target in edges[name]:
            found[target].append(name)
    return {target: tuple(names) for target, names in found.items()}


def _circles(refs: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """The shortest circle through each name that no circle named before goes through."""
    named: set[str] = set()
    for start in sorted(refs):
        circle = None if start in named else _circle_through(start, refs)
        if circle:
            named.update(circle)
            yield circle


def _circle_through(start: str, refs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    came_from: dict[str, str] = {}
    frontier = [start]
    while frontier and start not in came_from:
        reached = [(name, ref) for name in frontier for ref in refs[name] if ref not in came_from]
        for name, ref in reached:
            came_from.setdefault(ref, name)
        frontier = list(dict.fromkeys(ref for _, ref in reached))
    if start not in came_from:
        return None
    path = [came_from[start]]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def _circular(circle: tuple[str, ...], declared: Mapping[str, Declared]) -> Diagnostic:
    first, following = circle[0], circle[1 % len(circle)]
    span = next((ref.span for ref in declared[first].refs if ref.name == following), None)
    return Diagnostic(
        code="CIRCULAR_REFS",
        message="models refer to each other in a circle: " + " → ".join((*circle, first)),
        span=span,
        fix="remove one of these refs; a model's own past is read with `{{ this }}`",
        model=first,
    )
