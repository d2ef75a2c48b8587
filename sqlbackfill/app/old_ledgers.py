"""A ledger of an older release: who is about to write migrates it first. Reading commands refuse it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.errors import WarehouseError
from sqlbackfill.ledger.ledger import Ledger

Found = TypeVar("Found")


def migrating(options: Options, read: Callable[[], Found]) -> Found:
    """What `read` gives, once the ledger that it reads is one of this release's."""
    try:
        return read()
    except WarehouseError as error:
        if error.diagnostics[0].code != "LEDGER_TOO_OLD":
            raise
    gc.collect()  # what is left of reading holds the database open
    loaded = load(options)
    session = loaded.adapter.session()
    try:
        target = loaded.target
        Ledger(loaded.adapter, target.database, target.ledger_schema).prepare(session)
    finally:
        session.close()
        loaded.adapter.close()
    return read()
