"""How far a run is: counts kept up to date by its events, and the lines and bars that show them."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.words import count, duration
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic
from sqlbackfill.run.events import (
    ChunkBlocked,
    ChunkCutOff,
    ChunkFailed,
    ChunkFinished,
    ChunkResized,
    ChunkSplit,
    ChunkStarted,
    Draining,
    Event,
    LedgerMigrated,
    RunFinished,
    RunStarted,
    SourceCompared,
)

DRAINING = (
    "stopping after the query under way; Ctrl-C once more gives it up, a third time leaves it"
)


@dataclass(slots=True)
class ModelProgress:
    """How far one model is, in partitions; `first` and `last` are clock readings in seconds."""

    name: str
    total: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    rows: int = 0
    queries: int = 0
    running: int = 0
    first: float | None = None
    last: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.present + self.failed >= self.total

    @property
    def present(self) -> int:
        """The partitions that need nothing more: built by this run or one before it, or cut off."""
        return self.done + self.skipped

    def elapsed(self, now: float) -> float:
        """Seconds since its first query began, until its last one ended once it is over."""
        if self.first is None:
            return 0.0
        return (self.last if self.is_over else now) - self.first

    def left(self, now: float) -> float | None:
        """Seconds that the rest should take; None before anything is done."""
        if self.first is None or not self.done or self.is_over:
            return None
        return self.elapsed(now) / self.done * (self.total - self.present - self.failed)


@dataclass(slots=True)
class Progress:
    """All models of a run, kept up to date by the run's events; what is drawn is read from here."""

    clock: Callable[[], float] = time.monotonic
    models: dict[str, ModelProgress] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    is_draining: bool = False
    begun: float = 0.0

    def take(self, event: Event) -> None:
        """Brings the counts up to date."""
        match event:
            case RunStarted(plan=plan):
                self.begun = self.clock()
                for step in plan.steps:
                    self._model(step.model).total += len(step.partitions)
                for name, before in event.skipped.items():
                    self._model(name).skipped = before
            case ChunkStarted(model=model):
                entry = self._model(model)
                entry.running += 1
                if entry.first is None:
                    entry.first = self.clock()
            case ChunkFinished(model=model, chunk=chunk, rows=rows):
                entry = self._ended(model)
                entry.done += chunk.end - chunk.start
                entry.rows += rows
                entry.queries += 1
                self.warnings += event.warnings
            case ChunkFailed(model=model, chunk=chunk):
                entry = self._ended(model)
                entry.failed += chunk.end - chunk.start
                entry.queries += 1
            case ChunkSplit(model=model):
                self._ended(model).queries += 1
            case ChunkCutOff(model=model, partitions=partitions):
                self._model(model).skipped += len(partitions)
            case ChunkBlocked(model=model, chunk=chunk):
                self._model(model).failed += chunk.end - chunk.start
            case Draining():
                self.is_draining = True
            case RunFinished() | ChunkResized() | SourceCompared() | LedgerMigrated():
                pass

    def _ended(self, name: str) -> ModelProgress:
        entry = self._model(name)
        entry.running = max(entry.running - 1, 0)
        entry.last = self.clock()
        return entry

    def _model(self, name: str) -> ModelProgress:
        return self.models.setdefault(name, ModelProgress(name, 0))


def line(model: ModelProgress, now: float) -> str:
    """One model on one plain line."""
    said = [f"{model.present:,}/{count(model.total, 'partition')}", count(model.rows, "row")]
    if model.failed:
        said.append(f"{model.failed:,} failed")
    if model.is_over:
        said += [count(model.queries, "query"), duration(model.elapsed(now))]
    left = model.left(now)
    if left is not None:
        said.append(f"{duration(left)} left")
    return f"{model.name}: {', '.join(said)}"


def frame(progress: Progress, now: float, look: Look, *, rows: int) -> list[str]:
    """The lines to draw: what is under way first, no more models than `rows`."""
    models = list(progress.models.values())
    models.sort(key=lambda model: (model.running == 0, model.is_over))
    chosen = {model.name for model in models[:rows]}
    shown = [model for name, model in progress.models.items() if name in chosen]
    wide = min(max((len(model.name) for model in shown), default=0), 22)
    lines = [bar_line(model, now, look, wide) for model in shown]
    done = sum(model.present for model in models)
    total = sum(model.total for model in models)
    tail = f"{done:,}/{count(total, 'partition')}, {duration(now - progress.begun)}"
    if len(shown) < len(models):
        tail = f"{count(len(models) - len(shown), 'more model')}; {tail}"
    lines.append(look.paint(DRAINING if progress.is_draining else tail, "dim"))
    return lines


def bar_line(model: ModelProgress, now: float, look: Look, wide: int) -> str:
    """One model with its bar, at most 80 columns if its name is cut to `wide`, 22 at most."""
    name = model.name if len(model.name) <= wide else f"{model.name[: wide - 1]}…"
    bar = _bar(model, 10 if (look.width or 80) < 100 else 30, look)
    said = f"{model.present:,}/{model.total:,}"
    if model.total > 9999:
        said = f"{_short(model.present)}/{_short(model.total)}"
    elapsed = model.elapsed(now)
    rows = f"{_short(model.rows)} rows" if model.rows or model.first is not None else ""
    rate = f"{_short(model.rows / elapsed)}/s" if elapsed > 0.05 and model.rows else ""
    left = model.left(now)
    time_left = f"{duration(left)} left" if left is not None else ""
    if model.is_over and elapsed:
        time_left = duration(elapsed)
    return f"{name:<{wide}} {bar} {said:>9} {rows:>10} {rate:>7} {time_left}".rstrip()


def _bar(model: ModelProgress, width: int, look: Look) -> str:
    total = max(model.total, 1)
    filled = width * model.present // total
    broken = min(width - filled, -(-width * model.failed // total))
    return (
        look.paint(look.sign("█", "#") * filled, "green")
        + look.paint(look.sign("✗", "x") * broken, "red")
        + look.paint(look.sign("░", ".") * (width - filled - broken), "dim")
    )


def _short(number: float) -> str:
    """`950`, `12k`, `3.4M`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            scaled = number / size
            return f"{scaled:.1f}{unit}" if scaled < 10 else f"{scaled:.0f}{unit}"
    return f"{number:.0f}"
