"""YAML with the place of every key: nodes composed by PyYAML, values built and rendered on demand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import ProjectError, SourceSpan
from sqlbackfill.project.findings import Findings

Render = Callable[[str, SourceSpan], object]
"""Evaluates the Jinja in one yml value; raises ProjectError."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD: Final = "tag:yaml.org,2002:"
_TEXT: Final = _STANDARD + "str"
_MERGE: Final = _STANDARD + "merge"
_JINJA: Final = re.compile(r"\{[{%#]")
_BRACKETS: Final = re.compile(r"[\[\]{}]")
_QUOTE_FIX: Final = """put the Jinja in quotes: "{{ … }}\""""

_FLATTEN_FIX: Final = "no project needs more than a few levels: check the brackets"
_DEEPEST: Final = 200


@dataclass(frozen=True, slots=True)
class Yml:
    """A node of a yml file."""

    node: Any
    document: Document

    @property
    def span(self) -> SourceSpan:
        return self.document.span(self.node)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_null(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag.endswith(":null")

    @property
    def kind(self) -> str:
        """What the node is, for messages."""
        if self.is_mapping:
            return "a mapping"
        return "a list" if self.is_list else "nothing" if self.is_null else "a single value"

    def entries(self) -> Iterator[tuple[str, SourceSpan, Yml]]:
        """Key, the key's place and value of each entry; a repeated key comes once, with its last value."""
        for name, (key, value) in self.document.mapping(self.node).items():
            yield name, self.document.span(key), Yml(value, self.document)

    def parts(self) -> dict[str, Yml]:
        """The entries without the places of their keys."""
        entries = self.document.mapping(self.node).items()
        return {name: Yml(value, self.document) for name, (_, value) in entries}

    def keys_but(self, known: frozenset[str]) -> list[tuple[str, SourceSpan]]:
        """The keys, with their places, that are not in `known`."""
        entries = self.document.mapping(self.node).items()
        return [(name, self.document.span(key)) for name, (key, _) in entries if name not in known]

    def items(self) -> Iterator[Yml]:
        """The items of a list."""
        for item in self.node.value:
            yield Yml(item, self.document)

    def value(
        self, path: str = "", spans: dict[str, SourceSpan] | None = None, *, rendered: bool = True
    ) -> object:
        """The value as plain Python, its Jinja rendered; `spans` receives the place of every key under
        `path`. What cannot be rendered is recorded as an error and counts as null.
        """
        return self.document.value(self.node, path, spans, rendered)

    def again(self, render: Render, findings: Findings) -> Yml:
        """The same node, its Jinja evaluated by `render` and what is wrong recorded in `findings`."""
        return Yml(self.node, self.document.again(render, findings))

    def child(self, key: str) -> Yml | None:
        """The value of `key`, or None where the node is no mapping or has no such key."""
        if not self.is_mapping:
            return None
        found = self.document.mapping(self.node).get(key)
        return Yml(found[1], self.document) if found else None


class Document:
    """One yml file: where its nodes are and how its values are made."""

    def __init__(self, file: str, loader: Any, render: Render, findings: Findings) -> None:
        self.file = file
        self._loader = loader
        self._render = render
        self._findings = findings
        # By the identity of nodes, which the tree keeps alive as long as the document.
        self._mappings: dict[int, dict[str, tuple[Any, Any]]] = {}

    def again(self, render: Render, findings: Findings) -> Document:
        return Document(self.file, self._loader, render, findings)

    def span(self, node: Any) -> SourceSpan:
        start, end = node.start_mark, node.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return SourceSpan(
            file=self.file, line=start.line + 1, column=start.column + 1, length=max(length, 1)
        )

    def mapping(self, node: Any) -> dict[str, tuple[Any, Any]]:
        """The key and value nodes of a mapping by key; what is wrong with a key is recorded once."""
        known = self._mappings.get(id(node))
        if known is not None:
            return known
        if any(key.tag == _MERGE for key, _ in node.value):
            self._flatten(node)
        found: dict[str, tuple[Any, Any]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                message = "a key is itself a mapping or a list"
                self._findings.error("MALFORMED_YML", message, self.span(key), _QUOTE_FIX)
                continue
            if key.value in found:
                first = found[key.value][0].start_mark.line + 1
                self._findings.warning(
                    "REPEATED_KEY",
                    f"key `{key.value}` is given twice; the first (line {first}) has no effect",
                    self.span(key),
                    "join the two entries",
                )
            found[key.value] = (key, value)
        self._mappings[id(node)] = found
        return found

    def value(
        self, node: Any, path: str, spans: dict[str, SourceSpan] | None, rendered: bool
    ) -> object:
        if isinstance(node, yaml.MappingNode):
            built: dict[str, object] = {}
            for name, (key, child) in self.mapping(node).items():
                below = f"{path}.{name}" if path else name
                if spans is not None:
                    spans[below] = self.span(key)
                built[name] = self.value(child, below, spans, rendered)
            return built
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, path, None, rendered) for item in node.value]
        if node.tag != _TEXT:
            return self._scalar(node)
        text: str = node.value
        if not rendered or not _JINJA.search(text):
            return text
        try:
            return self._render(text, self.span(node))
        except ProjectError as error:
            self._findings.add(*error.diagnostics)
            return None

    def _scalar(self, node: Any) -> object:
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            # What PyYAML says quotes the value or its tag, either of which may be a password.
            kind = node.tag.removeprefix(_STANDARD)
            wrong = "has an unknown tag" if kind == node.tag else f"is not a possible {kind}"
            message, fix = f"a value {wrong}", "put it in quotes if it is text"
            self._findings.error("MALFORMED_YML", message, self.span(node), fix)
            return None

    def _flatten(self, node: Any) -> None:
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        try:
            self._loader.flatten_mapping(node)
            merged = node.value[: len(node.value) - len(own)]
        except yaml.YAMLError as error:
            problem = str(getattr(error, "problem", error))
            self._findings.error("MALFORMED_YML", problem, self.span(node))
            merged = []
        names = {key.value for key, _ in own if isinstance(key, yaml.ScalarNode)}
        inherited = {
            pair[0].value: pair
            for pair in merged
            if isinstance(pair[0], yaml.ScalarNode) and pair[0].value not in names
        }
        node.value = [*inherited.values(), *own]


def read_yml(file: str, text: str, render: Render, findings: Findings) -> Yml | None:
    """The root of a yml file, or None if it is empty or malformed (then an error is recorded).

    `file` is how diagnostics name it.
    """
    try:
        if _is_too_deep(text):
            start = SourceSpan(file=file, line=1)
            findings.error("MALFORMED_YML", "the file is nested too deeply", start, _FLATTEN_FIX)
            return None
        loader = _LOADER(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        findings.error("MALFORMED_YML", *_malformed(file, text, error))
        return None
    except yaml.YAMLError as error:
        place = getattr(error, "position", 0)
        line = text.count("\n", 0, place) + 1
        findings.error(
            "MALFORMED_YML",
            "the file holds a character that yml does not allow",
            SourceSpan(file=file, line=line),
            "remove the control character",
        )
        return None
    if node is None:
        return None
    document = Document(file, loader, render, findings)
    if "&" in text and _contains_itself(node):
        findings.error(
            "MALFORMED_YML", "an anchor contains an alias of itself", document.span(node), None
        )
        return None
    root = Yml(node, document)
    return None if root.is_null else root


def _is_too_deep(text: str) -> bool:
    """Whether the nesting is deeper than recursion can follow.

    Events are only counted where the text may be that deep: by its brackets, or by a long line (in
    short lines each level costs its indentation).
    """
    longest = max(map(len, text.splitlines()), default=0)
    if _brackets_deep(text) < _DEEPEST and longest < 2 * _DEEPEST:
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEEPEST:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.MarkedYAMLError as error:
        # A parser with a limit of its own (libyaml: 1,000 brackets) gives up while it looks ahead.
        mark = error.problem_mark
        if mark is None or _brackets_deep(text[: mark.index]) <= _DEEPEST:
            raise
        return True
    return False


def _brackets_deep(text: str) -> int:
    """How deep brackets are nested, counted without regard to quotes and comments."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _malformed(file: str, text: str, error: Any) -> tuple[str, SourceSpan, str]:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(error.problem or error.context or "it cannot be read")
    lines = text.splitlines()
    fix = "check the indentation and the quotes on this line and the one before"
    if line <= len(lines) and "\t" in lines[line - 1][: column + 1]:
        fix = "indent with spaces, not tabs"
    elif any("{{" in shown for shown in lines[max(line - 2, 0) : line]):
        fix = _QUOTE_FIX
    return f"malformed yml: {problem}", SourceSpan(file=file, line=line, column=column), fix


def _contains_itself(root: Any) -> bool:
    """Whether an alias leads back to a node that holds it."""
    done: set[int] = set()
    open_nodes: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            open_nodes.discard(id(node))
            done.add(id(node))
            continue
        if id(node) in open_nodes:
            return True
        if id(node) in done or isinstance(node, yaml.ScalarNode):
            continue
        open_nodes.add(id(node))
        stack.append((node, True))
        children = node.value
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        stack.extend((child, False) for child in children)
    return False
