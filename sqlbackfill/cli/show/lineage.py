"""A lineage document as a tree, for Mermaid and for Graphviz."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlbackfill.cli.output import Look

Document = Mapping[str, Any]
_Graph = dict[str, list[str]]


def tree(document: Document, look: Look) -> str:
    """What nothing else reads, each with what it comes from below it; a repeated branch is cut."""
    inputs, kinds = _inputs(document)
    if not kinds:
        return "no models"
    read = {source for name, source in _pairs(inputs) if source != name}
    roots = [name for name in kinds if name not in read] or list(kinds)[:1]
    lines: list[str] = []
    shown: set[str] = set()
    for root in roots:
        lines.append(_name(root, kinds, look, bold=True))
        lines += _branches(root, inputs, kinds, shown, look)
    return "\n".join(lines)


def mermaid(document: Document) -> str:
    """A Mermaid flowchart from left to right, sources as cylinders."""
    inputs, kinds = _inputs(document)
    ids = {name: f"n{number}" for number, name in enumerate(kinds)}
    lines = ["flowchart LR"]
    for name, kind in kinds.items():
        text = name.replace('"', "#quot;")
        box = f'[("{text}")]' if kind == "source" else f'["{text}"]'
        lines.append(f"  {ids[name]}{box}")
    lines += [f"  {ids[source]} --> {ids[name]}" for name, source in _pairs(inputs)]
    return "\n".join(lines)


def dot(document: Document) -> str:
    """A Graphviz digraph from left to right, sources as cylinders."""
    inputs, kinds = _inputs(document)
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    for name, kind in kinds.items():
        shape = " [shape=cylinder]" if kind == "source" else ""
        lines.append(f"  {_quoted(name)}{shape};")
    lines += [f"  {_quoted(source)} -> {_quoted(name)};" for name, source in _pairs(inputs)]
    return "\n".join([*lines, "}"])


def _inputs(document: Document) -> tuple[_Graph, dict[str, str]]:
    """For each name what flows into it, and each name's kind: columns where edges have them."""
    edges: Sequence[Document] = document["edges"]
    nodes = {node["id"]: node["kind"] for node in document["nodes"]}
    by_column = any(edge["to_column"] for edge in edges)
    inputs: _Graph = defaultdict(list)
    kinds: dict[str, str] = {} if by_column else dict(nodes)
    for edge in edges:
        source, name = _end(edge, "from", by_column), _end(edge, "to", by_column)
        kinds.setdefault(name, nodes.get(edge["to"], "table"))
        kinds.setdefault(source, nodes.get(edge["from"], "table"))
        if source not in inputs[name]:
            inputs[name].append(source)
    return inputs, kinds


def _end(edge: Document, side: str, by_column: bool) -> str:
    column = edge[f"{side}_column"]
    return f"{edge[side]}.{column}" if by_column and column else str(edge[side])


def _pairs(inputs: _Graph) -> list[tuple[str, str]]:
    return [(name, source) for name, sources in inputs.items() for source in sources]


def _branches(
    root: str, inputs: _Graph, kinds: Mapping[str, str], shown: set[str], look: Look
) -> list[str]:
    """The lines below `root`; a stack instead of recursion, since chains may be thousands long."""
    lines: list[str] = []
    shown.add(root)
    waiting = _children(root, inputs, "")
    while waiting:
        source, name, prefix, is_last = waiting.pop()
        elbow = look.sign("└─ ", "`- ") if is_last else look.sign("├─ ", "|- ")
        note = ""
        if source == name:
            note = " (its own past)"
        elif source in shown and inputs.get(source):
            note = " (as above)"
        lines.append(f"{prefix}{elbow}{_name(source, kinds, look)}{note}")
        if not note:
            shown.add(source)
            below = "   " if is_last else look.sign("│  ", "|  ")
            waiting += _children(source, inputs, prefix + below)
    return lines


def _children(name: str, inputs: _Graph, prefix: str) -> list[tuple[str, str, str, bool]]:
    """Each input of `name` with its reader, its indent and whether it is the last, last one first."""
    sources = inputs.get(name, [])
    rows = [(source, name, prefix, source == sources[-1]) for source in sources]
    return rows[::-1]


def _name(name: str, kinds: Mapping[str, str], look: Look, *, bold: bool = False) -> str:
    kind = kinds.get(name, "table")
    text = look.paint(name, "bold") if bold else name
    return text if kind == "model" else f"{text} {look.paint(f'({kind})', 'dim')}"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
