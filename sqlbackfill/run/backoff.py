"""How long to wait before a transaction that met a transient error is tried again. Waits nowhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from sqlbackfill.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses that double from `first_s` up to `most_s`, one for each of `retries`.

    Each is drawn between half of that and all of it by `chance`, which gives numbers in [0, 1), so
    that those who collided do not collide again (Brooker, *Exponential Backoff and Jitter*).
    """

    first_s: float = 0.2
    most_s: float = 10.0
    retries: int = 6
    chance: Callable[[], float] = random.random

    def pauses_s(self) -> Iterator[float]:
        """The pauses, drawn as they are asked for."""
        for retry in range(self.retries):
            ceiling_s = min(self.first_s * 2**retry, self.most_s)
            yield ceiling_s * (1 + self.chance()) / 2
