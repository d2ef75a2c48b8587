"""The config trees of the project file (`models:`, `seeds:`, …): which layers apply to which path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config_keys import KNOWN_KEYS, LATE_RENDERED, normal_key
from sqlbackfill.project.findings import Findings, near_match
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
        self._parts: set[str] = set()

    def layers(self, fqn: Sequence[str]) -> tuple[ConfigLayer, ...]:
        """The layers that apply to a resource, general to specific.

        `fqn` is the project's name (where it has one), the folders, and the resource's name.
        """
        if self._root is None:
            return ()
        self._parts.update(fqn)
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

    def used_layers(self) -> Iterator[ConfigLayer]:
        """Every layer that applies to something."""
        used = (branch for branch in self._branches(self._root) if branch.is_used)
        return (branch.layer for branch in used if branch.layer)

    def warn_unused(self, project: str | None, findings: Findings) -> None:
        """A warning for each topmost branch that applies to nothing.

        Beside the project's own name stand those of packages, whose models are not read: there only
        what looks like a folder or the name of the project is warned of.
        """
        if self._root is None:
            return
        open_branches = [self._root]
        while open_branches:
            branch = open_branches.pop()
            is_top = branch is self._root and project is not None
            for child in branch.below.values():
                if child.is_used:
                    open_branches.append(child)
                elif not is_top:
                    used = [key for key, other in branch.below.items() if other.is_used]
                    self._warn(child, near_match(child.key, used), None, findings)
                elif child.key in self._parts or child.key in KNOWN_KEYS:
                    self._warn(child, None, project, findings)
                elif match := near_match(child.key, self._parts, likeness=0.8):
                    self._warn(child, match, project, findings)

    def _warn(
        self, child: Branch, match: str | None, project: str | None, findings: Findings
    ) -> None:
        fix = "name a folder or a model below it as it is spelled, or remove the entry"
        if child.key in KNOWN_KEYS and child.key not in self._parts:
            fix = f"write `+{child.key}`: without the plus it names a folder"
        elif match == project and match is not None:
            fix = f"write `{project}:`"
        elif project is not None:
            fix = f"put it below `{project}:`, the project's name"
        message = f"`{child.key}` under {self._section} applies to nothing"
        message += f"; did you mean `{match}`?" if match else ""
        findings.warning("UNUSED_CONFIG_PATH", message, child.span, fix)

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
        is_rendered = config_key not in LATE_RENDERED
        values[config_key] = child.value(config_key, spans, rendered=is_rendered)
    if values:
        branch.layer = ConfigLayer(values, spans)
    return branch
