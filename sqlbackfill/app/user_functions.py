"""Functions that somebody defined in the warehouse: their bodies are part of the code that calls them.

Reads the catalogue only where a model calls a function that no engine is known to bring along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.query.facts import QueryFacts
from sqlbackfill.query.slices import restated
from sqlbackfill.warehouse.protocol import Session

_RESOLVED = "query"
"""How a fingerprint begins of which every function is known (ADR 13)."""
_CALL = re.compile(r'(\w+)"?\s*\(')


def covering_user_functions(workspace: Workspace, session: Session) -> Workspace:
    """`workspace` with fingerprints that cover the bodies of such functions, and of those that they call."""
    callers = [name for name, facts in workspace.facts.items() if _may_call(facts)]
    bodies = workspace.loaded.adapter.user_functions(session) if callers else {}
    if not bodies:
        return workspace
    calls = {name: _named_in(body) & bodies.keys() for name, body in bodies.items()}
    macros = "\n".join(one.text for one in workspace.loaded.project.macro_files)
    facts = dict(workspace.facts)
    for name in callers:
        used = _closure(_named_in(f"{_text(workspace, name)}\n{macros}") & bodies.keys(), calls)
        said = tuple(f"function {each} is {bodies[each]}" for each in sorted(used))
        if said:
            facts[name] = _covering(facts[name], said)
    return replace(workspace, facts=facts)


def _may_call(facts: QueryFacts) -> bool:
    is_known = facts.fingerprint.startswith(_RESOLVED) and not facts.is_volatile
    return not is_known or any(not table.parts for table in facts.hard_coded)


def _text(workspace: Workspace, name: str) -> str:
    """The template of a model, and of the ephemeral ones that stand in it."""
    texts, pending, seen = [workspace.models[name].sql], [name], {name}
    while pending:
        for upstream in workspace.graph.refs[pending.pop()]:
            if upstream not in seen and workspace.is_ephemeral(upstream):
                seen.add(upstream)
                pending.append(upstream)
                texts.append(workspace.models[upstream].sql)
    return "\n".join(texts)


def _named_in(text: str) -> set[str]:
    return {name.lower() for name in _CALL.findall(text)}


def _closure(names: set[str], calls: Mapping[str, set[str]]) -> set[str]:
    found, pending = set(names), list(names)
    while pending:
        for name in calls[pending.pop()] - found:
            found.add(name)
            pending.append(name)
    return found


def _covering(facts: QueryFacts, said: tuple[str, ...]) -> QueryFacts:
    return replace(
        facts,
        fingerprint=restated(facts.fingerprint, said),
        row_fingerprint=restated(facts.row_fingerprint, said),
        claims=(*facts.claims, said),
    )
