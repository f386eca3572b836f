"""`/healthz`: this process serves. `/readyz`: so does everything else, or what is missing.

Load balancers ask the first, so it touches nothing else and takes any Host; people ask the second.
"""

import logging
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from metrics.models import ProcessSeen
from metrics.sightings import is_at_work, last_seen_at_ms

REDIS_SECONDS = 1.0
ROLES = ("worker", "beat")

log = logging.getLogger(__name__)


class HealthMiddleware:
    """Answers /healthz before hosts, sessions and databases are looked at."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer it, or hand on."""
        if request.path == "/healthz" and request.method in ("GET", "HEAD"):
            return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})
        return self._get_response(request)


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 where all parts are seen, else 503; each part "ok" or what is the matter with it."""
    parts = {"database": "ok", "redis": redis_fault() or "ok"}
    try:
        parts |= roles_seen(now_ms=time.time_ns() // 1_000_000)
    except DatabaseError as error:
        log.warning("readyz: the database does not answer: %s", type(error).__name__)
        parts["database"] = "does not answer"
        parts |= dict.fromkeys(ROLES, "unknown without the database")
    missing = [name for name, verdict in parts.items() if verdict != "ok"]
    body = {"ready": not missing, "missing": missing, "parts": parts}
    response = JsonResponse(body, status=503 if missing else 200)
    response._has_been_logged = True  # type: ignore[attr-defined]  # A 503 here is an answer, not an accident.
    return response


def roles_seen(*, now_ms: int) -> dict[str, str]:
    """Each role that must run: "ok", or how long it has not been seen."""
    return {role: _age_verdict(last_seen_at_ms(role, now_ms), now_ms) for role in ROLES}


def age_seconds(role: str, *, name_prefix: str, now_ms: int) -> float | None:
    """How long ago the latest process of a role was seen; None if never."""
    seen = ProcessSeen.objects.filter(role=role, name__startswith=name_prefix)
    seen_at_ms = seen.order_by("-seen_at_ms").values_list("seen_at_ms", flat=True).first()
    return None if seen_at_ms is None else (now_ms - seen_at_ms) / 1000


def _age_verdict(seen_at_ms: int | None, now_ms: int) -> str:
    if seen_at_ms is None:
        return "never seen"
    if is_at_work(seen_at_ms, now_ms):
        return "ok"
    return f"not seen for {(now_ms - seen_at_ms) // 1000} s"


def redis_fault() -> str | None:
    """What is the matter with Redis, if anything is."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "does not answer"
    return None
