"""Ways to sign in, as the real connector sends them to the server. The server lets everybody in."""

# ruff: noqa: S105 - fields are named so

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.e2e.command import ProjectDir
from tests.emulator.process import Emulator
from tests.emulator.world import EVENTS, PROJECT_FILE

PASSWORD = {"password": "p4ss"}
WITHOUT_PASSWORD: dict[str, object] = {"password": None}


@pytest.fixture
def project(tmp_path: Path) -> ProjectDir:
    made = ProjectDir(tmp_path / "project")
    made.write("sqlbackfill.yml", PROJECT_FILE)
    made.write("models/events.sql", EVENTS)
    made.write(
        "models/sources.yml",
        "version: 2\nsources:\n  - {name: raw, schema: raw, tables: [{name: events}]}\n",
    )
    return made


def signed_in(project: ProjectDir, emulator: Emulator, fields: dict[str, object]) -> dict[str, Any]:
    """What the last session of a command sent to sign in, with these `fields` of a profile."""
    project.write(
        "profiles.yml",
        yaml.safe_dump({"shop": {"target": "dev", "outputs": {"dev": fields}}}),
    )
    before = len(emulator.logins())
    home = {"SNOWFLAKE_HOME": str(project.root.parent / "snowflake")}
    done = project.command("status", "--json", environment=home, from_scratch=True)
    assert done.exit_code == 0, done
    sent = emulator.logins()
    assert len(sent) > before
    return dict(sent[-1])


def test_a_password(project: ProjectDir, emulator: Emulator) -> None:
    sent = signed_in(project, emulator, emulator.fields(role="loader", **PASSWORD))
    assert (sent["LOGIN_NAME"], sent["PASSWORD"]) == ("tester", "p4ss")
    assert sent["query"]["warehouse"] == "COMPUTE_WH"
    assert sent["query"]["roleName"] == "loader"
    assert sent["CLIENT_APP_ID"] == "sqlbackfill" or "sqlbackfill" in json.dumps(sent)


def test_every_session_is_pinned_and_limited(project: ProjectDir, emulator: Emulator) -> None:
    sent = signed_in(project, emulator, emulator.fields(lock_timeout=7, query_tag="nightly"))
    found = {name.upper(): str(value) for name, value in sent["SESSION_PARAMETERS"].items()}
    assert (found["TIMEZONE"], found["WEEK_START"]) == ("UTC", "1")
    assert (found["LOCK_TIMEOUT"], found["STATEMENT_TIMEOUT_IN_SECONDS"]) == ("7", "14400")
    assert found["QUERY_TAG"] == "nightly"


@pytest.mark.parametrize("form", ["private_key", "private_key_path"])
def test_a_key_pair_signs_a_token_that_its_public_key_verifies(
    project: ProjectDir, emulator: Emulator, form: str
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open"),
    )
    file = project.root.parent / "key.p8"
    file.write_bytes(pem)
    given = {"private_key": pem.decode(), "private_key_path": str(file)}[form]
    fields = {form: given, "private_key_passphrase": "open", **WITHOUT_PASSWORD}
    sent = signed_in(project, emulator, emulator.fields(**fields))
    assert sent["AUTHENTICATOR"] == "SNOWFLAKE_JWT"
    head, claims, signature = sent["TOKEN"].split(".")
    key.public_key().verify(
        _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert json.loads(_decoded(claims))["sub"] == "EMULATED.TESTER"


@pytest.mark.parametrize(
    ("authenticator", "sent_as"),
    [
        ("oauth", "OAUTH"),
        ("jwt", "OAUTH"),
        ("programmatic_access_token", "PROGRAMMATIC_ACCESS_TOKEN"),
    ],
)
def test_a_token(project: ProjectDir, emulator: Emulator, authenticator: str, sent_as: str) -> None:
    fields = {"authenticator": authenticator, "token": "t0ken", **WITHOUT_PASSWORD}
    sent = signed_in(project, emulator, emulator.fields(**fields))
    assert (sent["AUTHENTICATOR"], sent["TOKEN"]) == (sent_as, "t0ken")


def test_a_refresh_token_is_exchanged_first(project: ProjectDir, emulator: Emulator) -> None:
    fields: dict[str, object] = {
        "authenticator": "oauth",
        "token": "refresh",
        "oauth_client_id": "id",
        "oauth_client_secret": "secret",
        **WITHOUT_PASSWORD,
    }
    sent = signed_in(project, emulator, emulator.fields(**fields))
    assert (sent["AUTHENTICATOR"], sent["TOKEN"]) == ("OAUTH", "access for refresh")
    fields["oauth_client_secret"] = "other"
    profile = {"shop": {"target": "dev", "outputs": {"dev": emulator.fields(**fields)}}}
    project.write("profiles.yml", yaml.safe_dump(profile))
    refused = project.command("status")
    assert refused.error_codes == ["OAUTH_REFUSED"]
    assert "other" not in refused.stderr


def test_a_password_with_a_second_factor(project: ProjectDir, emulator: Emulator) -> None:
    fields = emulator.fields(authenticator="username_password_mfa", **PASSWORD)
    sent = signed_in(project, emulator, fields)
    # Version 4 asks for a token to keep in place of the factor, and names no authenticator.
    told = json.dumps(sent)
    assert "USERNAME_PASSWORD_MFA" in told or "CLIENT_REQUEST_MFA_TOKEN" in told
    assert sent["PASSWORD"] == "p4ss"


def test_a_connection_by_its_name_in_connections_toml(
    project: ProjectDir, emulator: Emulator
) -> None:
    folder = project.root.parent / "snowflake"
    folder.mkdir()
    file = folder / "connections.toml"
    file.write_text(
        f"""[backfill]
account = "emulated"
user = "of the file"
password = "p4ss"
host = "127.0.0.1"
port = {emulator.port}
protocol = "http"
"""
    )
    file.chmod(0o600)
    fields: dict[str, object] = {
        "type": "snowflake",
        "connection_name": "backfill",
        "database": "house",
        "schema": "prod",
        "connect_timeout": 5,
    }
    sent = signed_in(project, emulator, fields)
    assert sent["LOGIN_NAME"] == "of the file"
    assert sent["query"]["databaseName"] == "HOUSE"
    assert sent["SESSION_PARAMETERS"]["TIMEZONE"] == "UTC"


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
