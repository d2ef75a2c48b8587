"""How hypothesis searches in this suite, for every test: `suite` here, `ci` in CI, `fuzz` behind `make fuzz`.

No profile has a deadline: on a loaded machine an example takes what it takes.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, database=None)
settings.register_profile(
    "fuzz", max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
