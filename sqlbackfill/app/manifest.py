"""The `manifest` use case, and what differs from one: the meaning of `state:modified`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sqlbackfill import __version__
from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.json_files import UnreadableFileError, read_document
from sqlbackfill.app.options import Options
from sqlbackfill.app.partition_info import partition_info
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, UsageError

SCHEMA_VERSION = 1
KIND = "sqlbackfill manifest"
_COMPARED = ("fingerprint", "materialized", "partition")


def manifest(options: Options, stats: Path | None = None) -> str:
    """The manifest of the project: a line for each model, by name; equal projects give equal bytes.

    With a statistics file neither warehouse nor credentials are needed.
    """
    if stats is None:
        return manifest_text(open_workspace(options))
    from sqlbackfill.app.offline import offline_workspace
    from sqlbackfill.app.stats import open_statistics

    return manifest_text(offline_workspace(options, open_statistics(stats)))


def manifest_text(workspace: Workspace) -> str:
    """The same of a workspace that is open."""
    lines = [
        json.dumps(_entry(workspace, name), separators=(", ", ": "), ensure_ascii=False)
        for name in sorted(workspace.models)
    ]
    head = (
        f'{{"schema_version": {SCHEMA_VERSION}, "kind": {json.dumps(KIND)}, '
        f'"version": {json.dumps(__version__)}, "models": [\n'
    )
    return head + ",\n".join(lines) + "\n]}\n"


def modified_since(workspace: Workspace, state: Path) -> frozenset[str]:
    """The models that are new or mean something else than in the manifest at `state`.

    What they mean is their fingerprint (their SQL with everything that it stands on), how they are
    materialized and how they are partitioned. `state` is the file or a folder that holds
    `manifest.json`. Raises UsageError INVALID_STATE.
    """
    before = _read(state)
    found = set()
    for name in workspace.models:
        now, then = _entry(workspace, name), before.get(name)
        if then is None or any(now[key] != then.get(key) for key in _COMPARED):
            found.add(name)
    return frozenset(found)


def _entry(workspace: Workspace, name: str) -> dict[str, Any]:
    model, facts = workspace.models[name], workspace.facts.get(name)
    partition = partition_info(model)
    fingerprint = facts.fingerprint if facts else ""
    return {
        "name": name,
        "fingerprint": fingerprint or hashlib.sha256(model.sql.encode()).hexdigest(),
        "materialized": model.config.materialized.value,
        "partition": None
        if partition is None
        else {
            "column": partition.column,
            "grain": partition.grain,
            "timezone": partition.timezone,
        },
        "refs": sorted(workspace.graph.refs[name]),
        "inputs": [
            {
                "relation": read.relation,
                "column": read.column,
                "kind": read.kind.value,
                "start_offset": read.start_offset,
                "end_offset": read.end_offset,
            }
            for read in sorted(facts.reads if facts else (), key=lambda read: read.relation)
        ],
    }


def _read(state: Path) -> dict[str, dict[str, Any]]:
    file = state / "manifest.json" if state.is_dir() else state
    try:
        document = read_document(file, schema_version=SCHEMA_VERSION)
        try:
            models = {KIND: document["models"]}[document["kind"]]
            return {item["name"]: {**item} for item in models}
        except (ValueError, KeyError, TypeError):
            raise UnreadableFileError("it is no manifest of ours") from None
    except UnreadableFileError as why:
        raise UsageError(
            Diagnostic(
                code="INVALID_STATE",
                message=f"`{file}` cannot be compared with: {why}",
                fix="write it with `sqlbackfill manifest -o FILE` on the branch to compare with",
            )
        ) from None
