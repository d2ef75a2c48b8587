"""dbt's fields of a Snowflake output, as arguments of the connector: every way to sign in."""

# ruff: noqa: S105, S106 - fields are named so

from __future__ import annotations

import base64

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.warehouse.snowflake_profile import read_snowflake_target

PLAIN: dict[str, object] = {
    "account": "acme",
    "user": "ada",
    "database": "analytics",
    "schema": "Prod",
}


def arguments(**fields: object) -> dict[str, object]:
    return read_snowflake_target({**PLAIN, **fields}).arguments()


def problems(**fields: object) -> list[str]:
    with pytest.raises(ProjectError) as refused:
        read_snowflake_target({**PLAIN, **fields})
    return [each.message for each in refused.value.diagnostics]


def test_a_password_signs_in_under_both_of_its_names() -> None:
    assert arguments(password="p1")["password"] == "p1"
    assert arguments(**{"pass": "p2"})["password"] == "p2"


def test_names_are_as_snowflake_stores_them() -> None:
    found = arguments(password="p")
    assert (found["database"], found["schema"]) == ("ANALYTICS", "PROD")


@pytest.mark.parametrize(
    ("given", "method"),
    [
        ("externalbrowser", "externalbrowser"),
        ("username_password_mfa", "username_password_mfa"),
        ("https://acme.okta.com", "https://acme.okta.com"),
    ],
)
def test_an_authenticator_is_handed_on(given: str, method: str) -> None:
    assert arguments(authenticator=given)["authenticator"] == method


@pytest.mark.parametrize(
    ("given", "method"),
    [
        ("oauth", "oauth"),
        ("jwt", "oauth"),
        ("programmatic_access_token", "programmatic_access_token"),
    ],
)
def test_a_token_signs_in(given: str, method: str) -> None:
    found = arguments(authenticator=given, token="t0ken")
    assert (found["authenticator"], found["token"]) == (method, "t0ken")
    assert problems(authenticator=given) == [f"snowflake: authenticator `{given}` needs a `token`"]


def test_the_cloud_s_identity_needs_no_user() -> None:
    fields = {"authenticator": "workload_identity", "workload_identity_provider": "AWS"}
    found = read_snowflake_target({**PLAIN, **fields, "user": None}).arguments()
    assert found["workload_identity_provider"] == "AWS"
    assert "user" not in found


def test_a_key_is_read_as_pem_and_as_base64_with_or_without_a_passphrase() -> None:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open"),
    ).decode()
    assert arguments(private_key=base64.b64encode(plain).decode())["private_key"] == plain
    assert arguments(private_key=locked, private_key_passphrase="open")["private_key"] == plain
    with pytest.raises(ProjectError) as refused:
        arguments(private_key=locked, private_key_passphrase="shut")
    assert "shut" not in str(refused.value)


def test_a_key_file_goes_with_its_passphrase() -> None:
    found = arguments(private_key_path="/keys/a.p8", private_key_passphrase="open")
    assert found["private_key_file"] == "/keys/a.p8"
    assert found["private_key_file_pwd"] == "open"


def test_a_named_connection_needs_nothing_else() -> None:
    fields = {"connection_name": "prod", "database": "a", "schema": "b"}
    found = read_snowflake_target(fields).arguments()
    assert found["connection_name"] == "prod"
    assert "account" not in found


def test_every_session_is_pinned_and_limited() -> None:
    found = arguments(password="p", query_tag="nightly", lock_timeout=5)["session_parameters"]
    assert isinstance(found, dict)
    assert (found["TIMEZONE"], found["WEEK_START"]) == ("UTC", 1)
    assert (found["LOCK_TIMEOUT"], found["QUERY_TAG"]) == (5, "nightly")
    assert found["STATEMENT_TIMEOUT_IN_SECONDS"] == 14400


def test_all_faults_are_told_at_once() -> None:
    found = problems(account=None, port="many")
    assert found == [
        "snowflake: `account` is not set",
        "snowflake: nothing is set to sign in with",
        "snowflake: `port` must be a whole number",
    ]


def test_no_secret_is_in_a_repr() -> None:
    target = read_snowflake_target({**PLAIN, "password": "hunter2", "token": "t0ken"})
    assert "hunter2" not in repr(target)
    assert set(target.secrets) == {"hunter2", "t0ken"}
