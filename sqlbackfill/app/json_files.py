"""JSON files that a user names: read, or why they cannot be, in words for a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class UnreadableFileError(Exception):
    """Why a file is not taken, in words that follow a colon."""


def read_document(file: Path, *, schema_version: int) -> Mapping[str, Any]:
    """The JSON object in `file`. Raises UnreadableFileError, also where it has another schema_version."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise UnreadableFileError("it is not text") from None
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise UnreadableFileError(reason) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableFileError(f"it is no JSON ({error.msg.lower()}: {where})") from None
    except (ValueError, RecursionError):
        raise UnreadableFileError("it is no JSON that anything here writes") from None
    if not isinstance(document, dict):
        raise UnreadableFileError("it is no JSON object")
    found = document.get("schema_version")
    if found != schema_version:
        told = "has no schema_version" if found is None else f"has schema_version {found}"
        raise UnreadableFileError(f"it {told}, and this release reads {schema_version}")
    return document


def wrong_content(error: Exception) -> UnreadableFileError:
    """The same for what a reader of the document met: a key that is not there, a value of another kind."""
    if isinstance(error, KeyError):
        return UnreadableFileError(f"it lacks `{error.args[0]}`")
    return UnreadableFileError("a value in it is not of the kind that is written there")


def _no_number(name: str) -> float:
    raise ValueError(name)
