"""A ledger of an older release: a run migrates it first, and says so. Reading commands refuse it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.errors import WarehouseError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.schema import current_version, read_version
from sqlbackfill.run.events import LedgerMigrated, Sink

Found = TypeVar("Found")


def migrating(
    options: Options, read: Callable[[], Found], sink: Sink, *, is_allowed: bool
) -> Found:
    """What `read` gives, once the ledger that it reads is one of this release's.

    Raises WarehouseError LEDGER_TOO_OLD where nobody has allowed to write yet.
    """
    try:
        return read()
    except WarehouseError as error:
        if error.diagnostics[0].code != "LEDGER_TOO_OLD" or not is_allowed:
            raise
    gc.collect()  # what is left of reading holds the database open
    loaded = load(options)
    session = loaded.adapter.session()
    try:
        target = loaded.target
        ledger = Ledger(loaded.adapter, target.database, target.ledger_schema)
        before = read_version(session, ledger.place)
        ledger.prepare(session)
        sink(LedgerMigrated(before, current_version()))
    finally:
        session.close()
        loaded.adapter.close()
    return read()
