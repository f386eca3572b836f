"""/healthz and /readyz say what is true, and what is missing."""

import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from metrics.models import ProcessSeen
from portal.health import roles_seen

NOW_MS = 1_800_000_000_000


def seen(role: str, name: str, seconds_ago: float, now_ms: int = NOW_MS) -> None:
    ProcessSeen.objects.create(role=role, name=name, seen_at_ms=now_ms - int(seconds_ago * 1000))


def test_healthz_needs_no_database_and_takes_any_host(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "whatever.example"})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_role_is_seen_if_any_of_its_processes_was_within_thirty_seconds() -> None:
    seen("worker", "worker one", 300)
    seen("worker", "worker two", 29)
    seen("beat", "beat", 31)

    assert roles_seen(now_ms=NOW_MS) == {"worker": "ok", "beat": "not seen for 31 s"}


@pytest.mark.django_db
def test_readyz_says_which_part_is_missing(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    seen("worker", "worker", 1, now_ms=time.time_ns() // 1_000_000)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "missing": ["redis", "beat"],
        "parts": {"database": "ok", "redis": "does not answer", "worker": "ok", "beat": "never seen"},
    }


@pytest.mark.django_db
def test_readyz_is_ready_when_all_is_there(client: Client, settings: Any, valkey_url: str) -> None:
    settings.REDIS_URL = valkey_url
    for role in ("worker", "beat"):
        seen(role, role, 1, now_ms=time.time_ns() // 1_000_000)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (200, [])


@pytest.mark.django_db
def test_a_container_of_a_worker_is_not_healthy_by_another_ones_worker() -> None:
    seen("worker", "worker elsewhere:1", 1, now_ms=time.time_ns() // 1_000_000)

    with pytest.raises(CommandError, match="worker was never seen"):
        call_command("check_process", "worker")


@pytest.mark.django_db
def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/readyz", "/nowhere", "/sign-in/"):
        headers = client.get(path).headers

        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
