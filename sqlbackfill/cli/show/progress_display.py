"""What a run says while it works: bars on a terminal, a line now and then elsewhere. Costs little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlbackfill.cli.output import Output
from sqlbackfill.cli.show.progress import DRAINING, ModelProgress, Progress, frame, line
from sqlbackfill.cli.show.words import migrated, reading
from sqlbackfill.run.events import (
    ChunkBlocked,
    ChunkCutOff,
    ChunkFailed,
    ChunkFinished,
    Draining,
    Event,
    LedgerMigrated,
    RunFinished,
    RunStarted,
    SourceCompared,
)

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_LINES_EVERY_S = 5.0
_FRAMES_PER_SECOND = 4


class LineProgress:
    """A line for each model that is over, and one every few seconds for those under way."""

    def __init__(self, output: Output, progress: Progress) -> None:
        self.output = output
        self.progress = progress
        self._told = 0.0
        self._over: set[str] = set()

    def __call__(self, event: Event) -> None:
        progress = self.progress
        progress.take(event)
        match event:
            case RunStarted(run_id=run_id):
                self._told = progress.clock()
                if progress.models:
                    self.output.remark(f"run {run_id}")
            case LedgerMigrated(before=before, now=now):
                self.output.remark(migrated(before, now))
            case SourceCompared(source=source, scan_bytes=scan_bytes):
                self.output.remark(reading(source, scan_bytes))
            case Draining():
                self.output.remark(DRAINING)
            case (
                ChunkFinished(model=name)
                | ChunkFailed(model=name)
                | ChunkBlocked(model=name)
                | ChunkCutOff(model=name)
            ):
                self._tell(progress.models[name])
            case _:
                pass

    def close(self) -> None:
        """Nothing to put away."""

    def _tell(self, model: ModelProgress) -> None:
        now = self.progress.clock()
        if model.is_over and model.name not in self._over:
            self._over.add(model.name)
            self.output.remark(line(model, now))
        elif not model.is_over and now - self._told >= _LINES_EVERY_S:
            self._told = now
            self.output.remark(line(model, now))


class LiveProgress:
    """Bars that are redrawn in place on a terminal, and gone when the run is over."""

    def __init__(self, output: Output, progress: Progress) -> None:
        self.progress = progress
        self.output = output
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        self.progress.take(event)
        if isinstance(event, LedgerMigrated):
            self.output.remark(migrated(event.before, event.now))
        elif isinstance(event, RunStarted) and self.progress.models:
            self._live = self._start()
        elif isinstance(event, RunFinished):
            self.close()
        elif isinstance(event, SourceCompared) and self._live is not None:
            self._live.console.print(reading(event.source, event.scan_bytes), markup=False)

    def close(self) -> None:
        """Clears the bars, if they are drawn."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _start(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        look = self.output.err
        console = Console(stderr=True, no_color=not look.colour, highlight=False)
        live = Live(
            console=console,
            get_renderable=lambda: self._frame(console.height),
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        live.start()
        return live

    def _frame(self, height: int) -> Text:
        from rich.text import Text

        look, now = self.output.err, self.progress.clock()
        return Text.from_ansi(
            "\n".join(frame(self.progress, now, look, rows=max(height - 3, 1))),
            no_wrap=True,
            overflow="crop",
        )


def progress_for(output: Output, progress: Progress) -> LineProgress | LiveProgress:
    """The display that fits stderr."""
    live = output.err.terminal and not output.quiet
    return LiveProgress(output, progress) if live else LineProgress(output, progress)
