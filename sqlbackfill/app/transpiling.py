"""Models of another dialect than the target's, written in the target's: local testing is made of this."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from sqlbackfill import __version__
from sqlbackfill.app.cache import FactCache, digest
from sqlbackfill.app.loading import Loaded
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import SourceSpan, SqlbackfillError
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts
from sqlbackfill.query.transpiled import Draft
from sqlbackfill.template.types import Rendered

if TYPE_CHECKING:  # what runs is imported where something runs
    from sqlbackfill.run.inputs import Locate


_MOST_DRAFTS: Final = 256
"""A model whose text holds its bounds has a draft for every chunk; all others have one."""


@dataclass
class Transpiler:
    """Writes queries in the adapter's dialect; what it did once it remembers."""

    loaded: Loaded
    cache: FactCache = field(init=False)
    _functions: frozenset[str] | None = None
    _asked: bool = False
    _drafts: dict[tuple[str, str], Draft] = field(default_factory=dict)

    def __post_init__(self) -> None:
        directory = self.loaded.project.root / ".sqlbackfill" / "cache"
        self.cache = FactCache(directory, "transpiled")

    def is_needed(self, model: Model) -> bool:
        """Whether `model` is written in another dialect than the warehouse takes."""
        return self.dialect_of(model) != self.loaded.adapter.dialect

    def dialect_of(self, model: Model) -> str:
        return model.dialect or self.loaded.dialect

    def query(
        self, model: Model, facts: QueryFacts, rendered: Rendered, query: str
    ) -> tuple[str, Locate]:
        """`query`, which is `rendered` with bounds in place, and the way from it to the user's file.

        Raises ProjectError with all that cannot be written in the adapter's dialect.
        """
        given = rendered.source_map.locate
        if not self.is_needed(model):
            return query, given
        draft = self._draft(model, facts, rendered, query)
        written = draft.reading(rendered.scan_texts)
        start = SourceSpan(file=model.file, line=1)

        def locate(line: int, column: int) -> SourceSpan | None:
            origin = written.origin(line, column)
            return given(*origin) if origin is not None else start

        return written.sql, locate

    def type_in_adapter(self, model: Model, type_: str) -> str:
        """A type of the model's dialect as the adapter spells it."""
        if not self.is_needed(model):
            return type_
        from sqlbackfill.query.transpile import type_in

        return type_in(type_, self.dialect_of(model), self.loaded.adapter.dialect)

    def save(self) -> None:
        """Keeps what was transpiled for commands to come."""
        self.cache.save()

    def _draft(self, model: Model, facts: QueryFacts, rendered: Rendered, query: str) -> Draft:
        key = (model.name, query)
        found = self._drafts.get(key)
        if found is None:
            dates = _dates(facts)
            stored = digest(
                __version__,
                self.dialect_of(model),
                self.loaded.adapter.dialect,
                query,
                *sorted(dates),
                "",
                self._functions_key,
            )
            compute = partial(self._transpiled, model, rendered, query, dates)
            found = self.cache.get(stored, Draft, compute)
            if len(self._drafts) >= _MOST_DRAFTS:
                self._drafts.clear()
            self._drafts[key] = found
        return found

    def _transpiled(
        self, model: Model, rendered: Rendered, query: str, dates: frozenset[str]
    ) -> Draft:
        # Here, so that sqlglot is imported only where something is transpiled anew.
        from sqlbackfill.query.transpile import transpile

        request = AnalysisRequest(
            model=model.name,
            sql=query,
            dialect=self.dialect_of(model),
            locate=rendered.source_map.locate,
        )
        return transpile(request, self.loaded.adapter.dialect, self._known_functions(), dates)

    @cached_property
    def _functions_key(self) -> str:
        """Changes with the functions that are known."""
        return digest(*sorted(self._known_functions() or ()))

    def _known_functions(self) -> frozenset[str] | None:
        """The functions of the warehouse; None where it does not tell, so that none is refused."""
        if not self._asked:
            self._asked = True
            self._functions = _functions_of(self.loaded)
        return self._functions


def typed_in(dialect: str, ref: InputRef) -> InputRef:
    """The input with its columns' types as `dialect` spells them."""
    if ref.columns is None or ref.columns_dialect in (None, dialect):
        return ref
    from sqlbackfill.query.transpile import type_in

    spoken = str(ref.columns_dialect)
    columns = tuple((name, type_in(type_, spoken, dialect)) for name, type_ in ref.columns)
    return replace(ref, columns=columns, columns_dialect=dialect)


def _functions_of(loaded: Loaded) -> frozenset[str] | None:
    if loaded.adapter.name != "duckdb":
        return None
    try:
        session = loaded.adapter.session(read_only=True)
        try:
            rows = session.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()")
        finally:
            session.close()
    except SqlbackfillError:
        return None
    return frozenset(str(name) for (name,) in rows)


def _dates(facts: QueryFacts) -> frozenset[str]:
    typed = ((column.name.lower(), (column.type or "").upper()) for column in facts.columns)
    return frozenset(name for name, type_ in typed if type_ == "DATE")
