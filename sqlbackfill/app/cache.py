"""Small facts kept between commands, keyed by what they were computed from. No syntax trees.

The file is safe to delete at any time; it is not written where the disk does not allow it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec

Fact = TypeVar("Fact")


def digest(*parts: str | bytes) -> str:
    """A key over `parts`, each of which counts by itself: 32 hex digits."""
    total = sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()[:32]


class FactCache:
    """Facts of one kind in one file, read on first use and written back by `save`."""

    def __init__(self, directory: Path, kind: str) -> None:
        self._file = directory / f"{kind}.msgpack"
        self._stored: dict[str, bytes] | None = None
        self._used: dict[str, bytes] = {}
        self._is_changed = False

    def get(
        self,
        key: str | None,
        kind: type[Fact],
        compute: Callable[[], Fact],
        *,
        keeps: Callable[[Fact], bool] = lambda _: True,
    ) -> Fact:
        """The fact under `key`, computed if it is not there or cannot be read as `kind`.

        Without a key, or where `keeps` says no, what was computed is not stored.
        """
        if key is None:
            return compute()
        found = self.find(key, kind)
        if found is not None:
            return found
        fact = compute()
        if keeps(fact):
            self.put(key, fact)
        return fact

    def find(self, key: str, kind: type[Fact]) -> Fact | None:
        """The fact under `key`; None if it is not there or cannot be read as `kind`."""
        stored = self._used.get(key) or self._read().get(key)
        if stored is not None:
            with suppress(msgspec.DecodeError, msgspec.ValidationError):
                fact = msgspec.msgpack.decode(stored, type=kind)
                self._used[key] = stored
                return fact
        return None

    def put(self, key: str, fact: object) -> None:
        """Stores `fact` under `key`, in place of what was there."""
        self._used[key] = msgspec.msgpack.encode(fact)
        self._is_changed = True

    def save(self) -> None:
        """Writes the facts that this command used, if any is new, in place of those before."""
        if not self._is_changed and len(self._used) == len(self._read()):
            return
        import tempfile

        temporary: str | None = None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
            with os.fdopen(handle, "wb") as stream:
                stream.write(msgspec.msgpack.encode(self._used))
            Path(temporary).replace(self._file)
        except OSError:
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink()
        self._is_changed = False

    def _read(self) -> dict[str, bytes]:
        if self._stored is None:
            try:
                self._stored = msgspec.msgpack.decode(
                    self._file.read_bytes(), type=dict[str, bytes]
                )
            except (OSError, msgspec.DecodeError, msgspec.ValidationError):
                self._stored = {}
        return self._stored
