"""The fields of a Snowflake target in profiles.yml, in dbt's words, as arguments of the connector.

Every way of dbt's to sign in is here. Connects to nothing, but for OAuth's exchange of a refresh token.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.warehouse.snowflake_names import stored_name

PINNED_PARAMETERS: Final[Mapping[str, object]] = {
    "timezone": "UTC",
    "week_start": 1,
    "week_of_year_policy": 0,
    "timestamp_type_mapping": "TIMESTAMP_NTZ",
    "date_input_format": "AUTO",
    "time_input_format": "AUTO",
    "timestamp_input_format": "AUTO",
    "date_output_format": "YYYY-MM-DD",
    "timestamp_ntz_output_format": "YYYY-MM-DD HH24:MI:SS.FF6",
    "timestamp_ltz_output_format": "YYYY-MM-DD HH24:MI:SS.FF6TZH:TZM",
    "timestamp_tz_output_format": "YYYY-MM-DD HH24:MI:SS.FF6TZH:TZM",
    "binary_output_format": "HEX",
    "two_digit_century_start": 1970,
    "quoted_identifiers_ignore_case": False,
    "default_null_ordering": "LAST",
    "rows_per_resultset": 0,
}
"""Session parameters that change what a query returns, with the values that every session gets."""

_CORE = 5
"""The first major version of the connector on a core of its own, which renamed arguments."""
_RENAMED: Final[Mapping[str, str | None]] = {
    "network_timeout": "request_timeout",
    "private_key_file_pwd": "private_key_password",
    "client_request_mfa_token": None,
}

_LOCK_TIMEOUT_S = 600
_STATEMENT_TIMEOUT_S = 4 * 3600
_CONNECT_TIMEOUT_S = 10
_RETRIES = ("retry_all", "retry_on_database_errors")
_SECRETS = ("password", "pass", "private_key", "private_key_passphrase", "token")
_TOKENS = ("oauth", "jwt", "programmatic_access_token")
_AS_THEY_ARE = (
    "account", "user", "role", "warehouse", "host", "protocol", "proxy_host", "region",
    "workload_identity_provider", "workload_identity_entra_resource", "client_session_keep_alive",
    "platform_detection_timeout_seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SnowflakeTarget:
    """Where a Snowflake warehouse is and how its sessions sign in and are set.

    `database` and `schema` are as Snowflake stores them. With `retries_refusals` signing in is tried
    again after any error, not only where nobody answered. `fields` are the profile's and never appear
    in a repr, since some are secrets.
    """

    database: str
    schema: str
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    query_tag: str | None = None
    connect_retries: int = 1
    connect_timeout_s: int = _CONNECT_TIMEOUT_S
    retries_refusals: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown."""
        names = (*_SECRETS, "oauth_client_secret")
        return tuple(str(self.fields[name]) for name in names if self.fields.get(name))

    def arguments(self, connector: str = "4") -> dict[str, object]:
        """What the `connect` of the connector of version `connector` is to be called with.

        Raises ProjectError INVALID_PROFILE_FIELD for a key that cannot be read, and
        OAUTH_REFUSED where no access token is given for the refresh token.
        """
        fields = self.fields
        found: dict[str, object] = {
            "database": self.database,
            "schema": self.schema,
            "paramstyle": "qmark",
            "autocommit": True,
            "application": "sqlbackfill",
            "login_timeout": self.connect_timeout_s,
            "network_timeout": 6 * self.connect_timeout_s,
            "session_parameters": self._parameters(),
        }
        if "connection_name" in fields:
            found["connection_name"] = str(fields["connection_name"])
        found |= {name: fields[name] for name in _AS_THEY_ARE if name in fields}
        found |= {name: int(str(fields[name])) for name in ("port", "proxy_port") if name in fields}
        if fields.get("insecure_mode"):
            found["disable_ocsp_checks"] = True
        found |= self._identity()
        if int(connector.partition(".")[0]) < _CORE:
            return found
        renamed = {new: v for old, v in found.items() if (new := _RENAMED.get(old, old))}
        # A closed session always ends at the server too, and what it had open with it.
        return {**renamed, "enable_server_session_keep_alive_auto_detection": False}

    def _parameters(self) -> dict[str, object]:
        fields = self.fields
        found = {
            **PINNED_PARAMETERS,
            "lock_timeout": int(str(fields.get("lock_timeout", _LOCK_TIMEOUT_S))),
            "statement_timeout_in_seconds": int(
                str(fields.get("statement_timeout", _STATEMENT_TIMEOUT_S))
            ),
            "transaction_abort_on_error": True,
            "query_tag": self.query_tag or "sqlbackfill",
        }
        return {name.upper(): value for name, value in found.items()}

    def _identity(self) -> dict[str, object]:
        """Who signs in, and with what: dbt's rules."""
        fields, found = self.fields, dict[str, object]()
        password = fields.get("password") or fields.get("pass")
        if password:
            found["password"] = str(password)
        method = str(fields.get("authenticator") or "").strip()
        if method:
            found["authenticator"] = "oauth" if method.lower() == "jwt" else method
            found["client_store_temporary_credential"] = True
            found["client_request_mfa_token"] = True
        if fields.get("token"):
            found["token"] = self._token(method.lower())
        key = self._private_key()
        if key is not None:
            found["private_key"] = key
        elif fields.get("private_key_path"):
            found["private_key_file"] = str(Path(str(fields["private_key_path"])).expanduser())
            if fields.get("private_key_passphrase"):
                found["private_key_file_pwd"] = str(fields["private_key_passphrase"])
        return found

    def _token(self, method: str) -> str:
        """The token; with a client's id and secret it is a refresh token, to be exchanged first."""
        token = str(self.fields["token"])
        client = [self.fields.get(name) for name in ("oauth_client_id", "oauth_client_secret")]
        if method != "oauth" or not all(client):
            return token
        host = self.fields.get("host") or f"{self.fields.get('account')}.snowflakecomputing.com"
        protocol, port = self.fields.get("protocol", "https"), self.fields.get("port")
        address = f"{protocol}://{host}{f':{port}' if port else ''}/oauth/token-request"
        return _access_token(address, ":".join(map(str, client)), token, self.connect_timeout_s)

    def _private_key(self) -> bytes | None:
        """The key given as text, PEM or base64, as the DER bytes that the connector takes."""
        text = self.fields.get("private_key")
        if not text:
            return None
        from cryptography.hazmat.primitives import serialization

        phrase = self.fields.get("private_key_passphrase")
        secret = str(phrase).encode() if phrase else None
        try:
            if "-----BEGIN" in str(text):
                key = serialization.load_pem_private_key(str(text).encode(), secret)
            else:
                key = serialization.load_der_private_key(base64.b64decode(str(text)), secret)
        except (ValueError, TypeError):
            message = (
                "`private_key` cannot be read: it is no private key, or its passphrase is wrong"
            )
            fix = "give it as PEM or as base64 of DER, and private_key_passphrase if it has one"
            raise ProjectError(_invalid(message, fix)) from None
        return key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def read_snowflake_target(fields: Mapping[str, object]) -> SnowflakeTarget:
    """The target that a profile's `fields` describe; empty ones count as left out.

    Raises ProjectError INVALID_PROFILE_FIELD with every fault found.
    """
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    faults = [*_missing(given), *_wrong_numbers(given)]
    if faults:
        raise ProjectError.of(faults)
    return SnowflakeTarget(
        database=stored_name(str(given.get("database", ""))),
        schema=stored_name(str(given.get("schema", ""))),
        fields=given,
        query_tag=str(given["query_tag"]) if "query_tag" in given else None,
        connect_retries=int(str(given.get("connect_retries", 1))),
        connect_timeout_s=int(str(given.get("connect_timeout", _CONNECT_TIMEOUT_S))),
        retries_refusals=any(given.get(name) for name in _RETRIES),
    )


_NUMBERS: Final[Mapping[str, Callable[[int], bool]]] = {
    "port": lambda n: 0 < n < 65536,
    "proxy_port": lambda n: 0 < n < 65536,
    "connect_retries": lambda n: n >= 0,
    "connect_timeout": lambda n: n > 0,
    "lock_timeout": lambda n: n >= 0,
    "statement_timeout": lambda n: n >= 0,
}


def _wrong_numbers(fields: Mapping[str, object]) -> list[Diagnostic]:
    faults = []
    for name, is_right in _NUMBERS.items():
        text = str(fields.get(name, "1"))
        if not (text.isdigit() and is_right(int(text))):
            faults.append(_invalid(f"`{name}` must be a whole number", f"correct `{name}`"))
    return faults


def _missing(fields: Mapping[str, object]) -> list[Diagnostic]:
    if "connection_name" in fields:
        return []
    faults = []
    if "account" not in fields:
        faults.append(_invalid("`account` is not set", "name the account, such as `org-account`"))
    method = str(fields.get("authenticator", "")).lower()
    if "user" not in fields and method not in (*_TOKENS, "workload_identity"):
        faults.append(_invalid("`user` is not set", "name the user who signs in"))
    if method in _TOKENS and "token" not in fields:
        faults.append(_invalid(f"authenticator `{method}` needs a `token`", "set `token`"))
    secrets = ("password", "pass", "private_key", "private_key_path", "token")
    if not method and not any(name in fields for name in secrets):
        message = "nothing is set to sign in with"
        fix = "set password, private_key, private_key_path, authenticator or connection_name"
        faults.append(_invalid(message, fix))
    return faults


def _access_token(address: str, client: str, token: str, timeout_s: int) -> str:
    """What the token endpoint gives: https://docs.snowflake.com/en/user-guide/oauth-custom."""
    if not address.startswith(("https://", "http://")):
        raise ProjectError(_invalid("`protocol` must be https or http", "correct `protocol`"))
    form = urllib.parse.urlencode(
        {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "redirect_uri": "http://localhost:8000",
        }
    )
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
        address,
        data=form.encode(),
        headers={
            "Authorization": f"Basic {base64.b64encode(client.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return str(json.load(answer)["access_token"])
    except (OSError, ValueError, KeyError):
        raise ProjectError(
            Diagnostic(
                code="OAUTH_REFUSED",
                message=f"no access token was given for the refresh token, by {address}",
                fix="see whether token, oauth_client_id and oauth_client_secret are still valid",
            )
        ) from None


def _invalid(message: str, fix: str) -> Diagnostic:
    return Diagnostic(code="INVALID_PROFILE_FIELD", message=f"snowflake: {message}", fix=fix)
