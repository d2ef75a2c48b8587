"""Doing what a plan says, and what came of it. How the chunks are done is `execution`'s."""

from __future__ import annotations

import time

from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.run import events
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.result import RunResult
from sqlbackfill.run.schedule import tasks
from sqlbackfill.run.tally import Tally


def execute(inputs: RunInputs) -> RunResult:
    """Runs the plan to its end, or as far as failures, guards and the user let it.

    A chunk that fails is rolled back and holds back only what reads it. Ctrl-C once finishes the
    chunks under way, twice or SIGTERM rolls them back; what the engine does not give up is left
    after `grace_s`, or at the next signal. Where nothing is left to do nothing is touched. Raises SqlbackfillError only before the first chunk: the ledger cannot be made, or
    another run holds one of the tables.
    """
    started = time.monotonic()
    todo = tasks(inputs.plan, inputs.models, inputs.already, inputs.order)
    tally = Tally(inputs.plan, inputs.already)
    is_left = False
    inputs.sink(events.RunStarted(inputs.run_id, inputs.plan, tally.skipped))
    if todo:
        # Imported here: where all is fresh, which is most of the time, nothing of it is needed.
        from sqlbackfill.run.execution import Execution

        execution = Execution(inputs, tally)
        status = execution.run(todo)
        is_left = execution.is_left
    else:
        status = tally.status(inputs.plan, is_interrupted=False)
    inputs.sink(events.RunFinished(inputs.run_id, status.value))
    tally.in_order()
    is_over = status is RunStatus.DONE or tally.is_complete
    return RunResult(
        run_id=inputs.run_id,
        plan_id=inputs.plan.plan_id,
        status=status,
        models=tally.model_results(),
        failures=tuple(tally.failures),
        blocked=tuple(tally.blocked),
        errors=tally.errors(inputs.plan, inputs.models),
        warnings=tuple(tally.warnings),
        resume=None if is_over else f"sqlbackfill resume {inputs.run_id}",
        seconds=time.monotonic() - started,
        is_left=is_left,
    )
