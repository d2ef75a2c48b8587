"""The config trees of the project file (`models:`, `seeds:`, …): which layers apply to which path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config_keys import KNOWN_KEYS, normal_key
from sqlbackfill.project.findings import Findings, suggestion
from sqlbackfill.project.model import ConfigLayer
from sqlbackfill.project.yml import Yml


@dataclass(slots=True)
class Branch:
    """One level of a tree. `is_used` is set once a resource lies below it."""

    key: str
    span: SourceSpan
    layer: ConfigLayer | None = None
    below: dict[str, Branch] = field(default_factory=dict)
    is_used: bool = False


class ConfigTree:
    """A config tree, walked by the fully qualified names of resources."""

    def __init__(self, section: str, root: Yml | None, findings: Findings) -> None:
        self._section = section
        self._root = _grow(section, root, root.span, findings, 0) if root else None
        self._found: dict[tuple[str, ...], tuple[ConfigLayer, ...]] = {}

    def layers(self, fqn: Sequence[str]) -> tuple[ConfigLayer, ...]:
        """The layers that apply to a resource, general to specific.

        `fqn` is the project's name (where it has one), the folders, and the resource's name.
        """
        if self._root is None:
            return ()
        branch, found = self._root, [self._root]
        for part in fqn:
            below = branch.below.get(part)
            if below is None:
                break
            branch = below
            found.append(branch)
        for level in found:
            level.is_used = True
        return tuple(level.layer for level in found if level.layer)

    def all_layers(self) -> Iterator[ConfigLayer]:
        """Every layer of the tree."""
        return (branch.layer for branch in self._branches(self._root) if branch.layer)

    def warn_unused(self, project: str | None, packages: Sequence[str], findings: Findings) -> None:
        """A warning for each topmost branch that holds config and applies to nothing."""
        if self._root is None:
            return
        self._root.is_used = True
        open_branches = [(self._root, True)]
        while open_branches:
            branch, is_top = open_branches.pop()
            for child in branch.below.values():
                if child.is_used:
                    open_branches.append((child, False))
                elif not (is_top and child.key in packages):
                    self._warn(child, branch, project if is_top else None, findings)

    def _warn(self, child: Branch, above: Branch, project: str | None, findings: Findings) -> None:
        siblings = [key for key, branch in above.below.items() if branch.is_used]
        fix = "name a folder or a model below it as it is spelled, or remove the entry"
        if child.key in KNOWN_KEYS:
            fix = f"write `+{child.key}` if it is a config key"
        elif project and child.key != project:
            fix = f"put it below `{project}:`, the project's name"
        findings.warning(
            "UNUSED_CONFIG_PATH",
            f"`{child.key}` under {self._section} applies to nothing"
            + suggestion(child.key, siblings),
            child.span,
            fix,
        )

    def _branches(self, root: Branch | None) -> Iterator[Branch]:
        pending = [root] if root else []
        while pending:
            branch = pending.pop()
            yield branch
            pending.extend(branch.below.values())


def _grow(key: str, node: Yml, span: SourceSpan, findings: Findings, depth: int) -> Branch:
    branch = Branch(key, span)
    if not node.is_mapping or depth > 100:
        message = f"`{key}` must be a mapping of folders and +keys, not {node.kind}"
        findings.error("BAD_YML_SHAPE", message, span, "write `+materialized: table` and the like")
        return branch
    values: dict[str, object] = {}
    spans: dict[str, SourceSpan] = {}
    for name, at, child in node.entries():
        if not name.startswith("+") and (child.is_mapping or child.is_null):
            if not child.is_null:
                branch.below[name] = _grow(name, child, at, findings, depth + 1)
            continue
        config_key = normal_key(name)
        spans[config_key] = at
        values[config_key] = child.value(config_key, spans)
    if values:
        branch.layer = ConfigLayer(values, spans)
    return branch
