"""A run as the terminal sees it: the question before, progress meanwhile, and what changed at the end."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.output import can_ask, read_yes
from sqlbackfill.cli.planning import label_of
from sqlbackfill.cli.show.diagnostics import every_error, lines_below
from sqlbackfill.cli.show.plan import plan_text, totals
from sqlbackfill.cli.show.progress import Progress
from sqlbackfill.cli.show.progress_display import progress_for
from sqlbackfill.cli.show.result import result_text
from sqlbackfill.errors import Diagnostic, GuardError
from sqlbackfill.run.events import Event

if TYPE_CHECKING:
    from sqlbackfill.app.plan import Planned
    from sqlbackfill.run.result import RunResult

_MOST_STEPS = 30


class Running:
    """What `run` and `resume` hand to their use case, and say about its result."""

    def __init__(self, call: Invocation, *, as_json: bool, yes: bool) -> None:
        self.call = call
        self.output = call.output
        self.as_json = as_json
        self.yes = yes
        self.progress = Progress()
        self._display = progress_for(self.output, self.progress)

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._display.close()

    def sink(self, event: Event) -> None:
        """Takes one event of the run."""
        self._display(event)

    def confirm(self, planned: Planned) -> bool:
        """Shows the plan, and asks unless told not to.

        Raises GuardError CONFIRMATION_REQUIRED where nobody can be asked.
        """
        plan = planned.plan
        if not plan.steps:
            if plan.skipped and not plan.blocked:
                self._show(planned)
            return True
        if not self.yes and not can_ask():
            raise GuardError(
                Diagnostic(
                    code="CONFIRMATION_REQUIRED",
                    message=f"nothing was done: rebuilding {totals(plan)} needs a yes, and there "
                    "is no terminal to ask on",
                    fix="add --yes; `sqlbackfill plan` with the same options shows what would run",
                )
            )
        self._show(planned)
        return self.yes or self._ask(planned)

    def _show(self, planned: Planned) -> None:
        if not (self.as_json and self.yes):
            look = self.output.err
            text = plan_text(planned.plan, label_of(planned), look, most_steps=_MOST_STEPS)
            (self.output.remark if self.yes else self.output.message)(f"{text}\n")
        self.call.warn(planned.plan.warnings)

    def _ask(self, planned: Planned) -> bool:
        return read_yes(f"Rebuild {totals(planned.plan)}?")

    def end(self, result: RunResult) -> int:
        """Says what changed and how to go on; returns the exit code."""
        output = self.output
        self.call.warn((*self.progress.warnings, *result.warnings))
        if result.errors:
            lines = lines_below(self.call.options.project_dir)
            output.message(every_error(result.errors, output.err, lines) + "\n")
        if self.as_json:
            output.document(result.as_json())
        else:
            output.data(result_text(result, output.out))
            if result.resume:
                output.data(f"go on with: {result.resume}")
            elif result.models:
                output.remark("next: sqlbackfill status")
        return result.exit_code
