"""Builders of API objects: say what matters, the rest is ordinary. All are read at NOW_MS."""

import json
from typing import Any

import msgspec

from clusters.kinds import kind_named

NOW_MS = 1795255200000
"""2026-11-21T10:00:00Z."""
MINUTE_MS = 60_000


def ago(minutes: float) -> str:
    """A timestamp so many minutes before NOW_MS; negative is after."""
    import datetime

    moment = datetime.datetime.fromtimestamp(NOW_MS / 1000 - minutes * 60, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def a_condition(type_: str, status: str, minutes: float = 60, **more: Any) -> dict[str, Any]:
    """A condition that turned so many minutes ago."""
    return {"type": type_, "status": status, "lastTransitionTime": ago(minutes), **more}


def an_object(kind_name: str, metadata: dict[str, Any] | None = None, **parts: Any) -> Any:
    """An object of a kind as read at NOW_MS; made a day ago."""
    kind = kind_named(kind_name)
    item = {
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 1,
            "creationTimestamp": ago(24 * 60), **(metadata or {}),
        },
        **parts,
    }  # fmt: skip
    return kind.read(msgspec.json.decode(json.dumps(item), type=kind.api_object), NOW_MS)
