"""The code behind fingerprints: kept in the ledger by runs, and fingerprinted again after an upgrade.

What differs between two codes is `code_difference`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlbackfill.app.analysis import analysis_request
from sqlbackfill.app.cache import FactCache, digest
from sqlbackfill.app.input_refs import input_refs
from sqlbackfill.app.ledger_state import LedgerState
from sqlbackfill.app.template_inputs import ProjectLookup, template_input
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.plan.states import Tracked
from sqlbackfill.query.stored_code import StoredCode, stored_code
from sqlbackfill.warehouse.protocol import Session


def code_texts(workspace: Workspace, names: Iterable[str]) -> dict[str, str]:
    """By fingerprint, all that those of the models called `names` are made of, as text."""
    loaded = workspace.loaded
    lookup = ProjectLookup(loaded, workspace.models)
    found: dict[str, str] = {}
    for name in names:
        model, facts = workspace.models[name], workspace.facts[name]
        rendered = loaded.templates.analyse(template_input(loaded, model), lookup)
        inputs = input_refs(
            loaded,
            workspace.models,
            model,
            workspace.renders,
            workspace.facts,
            workspace.partitionings,
            workspace.schemas,
        )
        request = analysis_request(loaded, model, inputs, rendered)
        found[facts.fingerprint] = stored_code(request, facts.fingerprint, facts.claims).text()
    return found


def keeping_code(
    workspace: Workspace, ledger: Ledger, names: Iterable[str], written_at: Callable[[], str]
) -> Callable[[Session], None]:
    """A function that keeps the code of the models called `names`, where it is not kept yet."""
    by_fingerprint = {workspace.facts[name].fingerprint: name for name in sorted(set(names))}

    def keep(session: Session) -> None:
        new = ledger.codes.unknown(session, by_fingerprint.keys())
        if new:
            wanted = sorted(by_fingerprint[fingerprint] for fingerprint in new)
            ledger.codes.save(session, code_texts(workspace, wanted), written_at())

    return keep


def with_fingerprints_of_today(
    workspace: Workspace, ledger: Ledger, session: Session, state: LedgerState
) -> LedgerState:
    """`state` with the model's fingerprint in records of an older version that are of the same code.

    A fingerprint tells which version of the parser made it, and those of two versions cannot be
    compared. The code that was kept is fingerprinted anew, once for all commands.
    """
    old = {
        (name, island.fingerprint)
        for name, tracked in state.tracked.items()
        if name in workspace.facts
        for island in tracked.records
        if _made_by(island.fingerprint) != _made_by(workspace.facts[name].fingerprint)
    }
    if not old or not ledger.exists(session):
        return state
    texts = ledger.codes.texts(session, {fingerprint for _, fingerprint in old})
    cache = FactCache(workspace.loaded.project.root / ".sqlbackfill" / "cache", "codes")
    same: dict[str, dict[str, str]] = {}
    for name, fingerprint in sorted(old):
        now = workspace.facts[name].fingerprint
        key = digest(fingerprint, _made_by(now))
        text = texts.get(fingerprint)
        if text is not None and cache.get(key, str, _again(text)) == now:
            same.setdefault(name, {})[fingerprint] = now
    cache.save()
    tracked = {
        name: _renamed(each, same[name]) if name in same else each
        for name, each in state.tracked.items()
    }
    return replace(state, tracked=tracked)


def _again(text: str) -> Callable[[], str]:
    def recompute() -> str:
        import msgspec

        from sqlbackfill.query.fingerprint import recomputed

        try:
            return recomputed(StoredCode.of_text(text)).whole
        except (msgspec.ValidationError, msgspec.DecodeError):
            return ""

    return recompute


def _renamed(tracked: Tracked, same: Mapping[str, str]) -> Tracked:
    return replace(
        tracked,
        records=tuple(
            replace(island, fingerprint=same.get(island.fingerprint, island.fingerprint))
            for island in tracked.records
        ),
    )


def _made_by(fingerprint: str) -> str:
    """What made it: the form, its version and that of the parser."""
    return fingerprint.rpartition("-")[0]
