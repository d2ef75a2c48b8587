"""Where a run reads and writes: one output of a profile. Never shows a field's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SECRET_FIELDS: Final = frozenset(
    {
        "password", "pass", "private_key", "private_key_path", "private_key_passphrase", "token",
        "oauth_client_id", "oauth_client_secret", "motherduck_token", "settings", "config_options",
        "secrets", "attach", "plugins", "filesystems", "proxy_password", "access_token",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Target:
    """One output of a profile.

    `fields` holds every field of the output as rendered, secrets among them: hand it to an adapter
    and to nothing else. `profile_file` is None for the target that is assumed when there is no
    profile. For duckdb `path` is absolute, or `:memory:`, or a URL such as `md:`.
    """

    profile: str
    name: str
    type: str
    fields: Mapping[str, object]
    database: str
    schema: str
    threads: int = 1
    path: str | None = None
    ledger_schema: str = "sqlbackfill"
    usd_per_hour: float | None = None
    profile_file: str | None = None

    @property
    def public_fields(self) -> Mapping[str, object]:
        """The fields that Jinja's `target` may show: all but the secret ones."""
        return {key: value for key, value in self.fields.items() if key not in SECRET_FIELDS}

    def __repr__(self) -> str:
        return f"Target(profile={self.profile!r}, name={self.name!r}, type={self.type!r})"
