"""From the outbox to receivers: claimed by lease, sent once at a time to each destination, settled.

A destination that is asked is closed for as long as the lease of its message, so two processes never ask
it at once; when one dies, both run out and the message is sent again under the same id.
"""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Min

from metrics.alerts.models import AlertEvent, AlertGroup
from metrics.notify import models
from metrics.notify.attempts import Parcel, Result
from metrics.notify.kinds import kind_named
from metrics.notify.kinds.kind import DELIVERED, FAILED_FOR_GOOD, GONE, PLAIN, RETRY, Verdict
from metrics.notify.models import QUEUED, Delivery, Destination, OutboxMessage
from metrics.notify.schedule import clamped_retry_after_ms, delay_ms
from metrics.notify.telling import OUT_AFTER_MS

LEASE_MS = 30_000
LONGEST_ANSWER = 300
CANDIDATES = 500
BEHIND_AFTER_ATTEMPTS = 6
DISABLED_AFTER_MS = 14 * 86_400_000
"""One that has refused everything for so long is asked no more, until somebody enables it."""


@dataclass(frozen=True)
class Candidate:
    """The oldest message that may leave for one destination."""

    message_id: int
    destination_id: int
    host: str
    is_failing: bool


def candidates(now_ms: int) -> list[Candidate]:
    """Of each destination that may be asked now, its oldest message that is due."""
    due = OutboxMessage.objects.filter(
        status=QUEUED,
        next_try_at_ms__lte=now_ms,
        lease_until_ms__lte=now_ms,
        destination__is_enabled=True,
        destination__closed_until_ms__lte=now_ms,
    )
    rows = due.values_list("destination_id", "destination__host", "destination__failures")
    oldest = rows.annotate(first=Min("pk")).order_by("first")[:CANDIDATES]
    return [Candidate(first, pk, host, failures > 0) for pk, host, failures, first in oldest]


def claim(chosen: Collection[Candidate], owner: str, now_ms: int) -> list[Parcel]:
    """Take what is still free of these; the attempt is counted before it is made."""
    taken = []
    with transaction.atomic():
        for one in sorted(chosen, key=lambda one: one.destination_id):
            if _claimed(one, owner, now_ms):
                taken.append(one.message_id)
    rows = OutboxMessage.objects.filter(pk__in=taken).select_related("destination").order_by("pk")
    return [_parcel(row) for row in rows]


def _claimed(one: Candidate, owner: str, now_ms: int) -> bool:
    until_ms = now_ms + LEASE_MS
    free = Destination.objects.filter(pk=one.destination_id, is_enabled=True, closed_until_ms__lte=now_ms)
    if not free.update(closed_until_ms=until_ms):
        return False
    due = OutboxMessage.objects.filter(pk=one.message_id, status=QUEUED, lease_until_ms__lte=now_ms)
    if due.update(lease_owner=owner, lease_until_ms=until_ms, attempts=F("attempts") + 1):
        return True
    Destination.objects.filter(pk=one.destination_id).update(closed_until_ms=now_ms)
    return False


def _parcel(row: OutboxMessage) -> Parcel:
    return Parcel(
        message_id=row.pk,
        group_id=row.group_id,
        destination=row.destination,
        body=row.body,
        attempt=row.attempts,
        is_plain=row.as_plain_text,
        lease_until_ms=row.lease_until_ms,
    )


def settle(results: Sequence[Result], now_ms: int, chance: Callable[[], float] = random.random) -> None:
    """Keep what came of attempts: the attempt, the message's state, the destination's health, the trail.

    Groups are locked before messages, as in telling about them, so that the two never wait for each other.
    """
    out: set[int] = set()
    with transaction.atomic():
        groups = AlertGroup.objects.filter(pk__in={result.parcel.group_id for result in results})
        list(groups.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        for result in results:
            if _settle_one(result, now_ms, chance()):
                out.add(result.parcel.destination.pk)
    for destination_id in out:
        _have_others_told(destination_id, now_ms)


def _settle_one(result: Result, now_ms: int, chance: float) -> bool:
    """Whether others have to be told in its stead from now on."""
    parcel, verdict = result.parcel, result.verdict
    answer = verdict.sentence[:LONGEST_ANSWER]
    # Whoever claimed it after us has counted another attempt, and the word is theirs.
    mine = OutboxMessage.objects.filter(pk=parcel.message_id, status=QUEUED, attempts=parcel.attempt)
    rows = Destination.objects.select_for_update(no_key=True).filter(pk=parcel.destination.pk)
    destination = rows.defer("sealed").first()
    if destination is None:
        return False
    after = _health_after(destination, verdict, now_ms, chance)
    is_ours = mine.update(
        **_message_after(parcel, verdict, after, now_ms),
        lease_owner="",
        lease_until_ms=0,
        last_answer=answer,
    )
    _keep_delivery(result, answer)
    if not is_ours:
        return False
    Destination.objects.filter(pk=destination.pk).update(
        **after, last_answer=answer, last_try_at_ms=result.at_ms
    )
    _write_event(result, destination, answer)
    if not _is_out_now(destination, after, now_ms) or not _has_fallback(destination.pk):
        return False
    AlertGroup.objects.filter(pk=parcel.group_id).exclude(cause="test").update(flush_at_ms=now_ms)
    return True


def _message_after(
    parcel: Parcel, verdict: Verdict, health: dict[str, object], now_ms: int
) -> dict[str, object]:
    """The message's columns after an attempt."""
    if verdict.outcome == DELIVERED:
        return {"status": models.DELIVERED, "ended_at_ms": now_ms, "remote_id": verdict.remote_id[:200]}
    if verdict.outcome == PLAIN:
        return {"as_plain_text": True, "next_try_at_ms": now_ms}
    if verdict.outcome in (FAILED_FOR_GOOD, GONE):
        return {"status": models.FAILED, "ended_at_ms": now_ms}
    closed_until_ms = health["closed_until_ms"]
    assert isinstance(closed_until_ms, int)
    # One that its receiver cannot bear must not keep the others waiting: it goes behind them.
    behind_ms = closed_until_ms - now_ms if _keeps_others_waiting(parcel) else 0
    return {"next_try_at_ms": closed_until_ms + behind_ms}


def _keeps_others_waiting(parcel: Parcel) -> bool:
    if parcel.attempt < BEHIND_AFTER_ATTEMPTS:
        return False
    waiting = OutboxMessage.objects.filter(destination_id=parcel.destination.pk, status=QUEUED)
    return waiting.exclude(pk=parcel.message_id).exists()


def _health_after(row: Destination, verdict: Verdict, now_ms: int, chance: float) -> dict[str, object]:
    """The destination's columns after an attempt."""
    if verdict.outcome == DELIVERED:
        gap_ms = kind_named(row.kind).least_gap_ms
        return {
            "failures": 0, "failing_since_ms": None, "has_refused": False,
            "last_success_at_ms": now_ms, "closed_until_ms": now_ms + gap_ms,
        }  # fmt: skip
    if verdict.outcome == PLAIN:
        return {"closed_until_ms": now_ms + kind_named(row.kind).least_gap_ms}
    failures = row.failures + 1
    wait_ms = delay_ms(failures, chance=chance)
    if verdict.retry_after_ms is not None:
        wait_ms = clamped_retry_after_ms(verdict.retry_after_ms)
    changes: dict[str, object] = {
        "failures": failures,
        "failing_since_ms": row.failing_since_ms if row.failing_since_ms is not None else now_ms,
        "has_refused": verdict.outcome != RETRY,
        "closed_until_ms": now_ms + wait_ms,
    }
    return {**changes, "is_enabled": False} if verdict.outcome == GONE else changes


def _keep_delivery(result: Result, answer: str) -> None:
    Delivery.objects.create(
        message_id=result.parcel.message_id,
        at_ms=result.at_ms,
        outcome=result.verdict.outcome,
        status=result.status,
        answer=answer,
        latency_ms=result.latency_ms,
    )


def _write_event(result: Result, destination: Destination, answer: str) -> None:
    """The trail tells the first failure and the end; every attempt is a Delivery."""
    what = {DELIVERED: "sent", FAILED_FOR_GOOD: "failed", GONE: "failed"}.get(result.verdict.outcome)
    if what is None and result.parcel.attempt == 1:
        what = "retried"
    if what is None:
        return
    params = {
        "destination": destination.name, "message": str(result.parcel.body.get("id", "")),
        "attempt": result.parcel.attempt, "status": result.status, "latency_ms": result.latency_ms,
        "answer": answer, "tells": str(result.parcel.body.get("state", "")),
    }  # fmt: skip
    AlertEvent.objects.create(group_id=result.parcel.group_id, at_ms=result.at_ms, what=what, params=params)


def _is_out_now(before: Destination, after: dict[str, object], now_ms: int) -> bool:
    """Whether by this attempt others have to be told in its stead: it refused, or has failed for too long."""
    if after.get("has_refused"):
        return True
    since_ms = after.get("failing_since_ms")
    if not isinstance(since_ms, int) or now_ms - since_ms < OUT_AFTER_MS:
        return False
    return before.last_try_at_ms is None or before.last_try_at_ms - since_ms < OUT_AFTER_MS


def _has_fallback(but: int) -> bool:
    return Destination.objects.filter(is_fallback=True, is_enabled=True).exclude(pk=but).exists()


def _have_others_told(destination_id: int, now_ms: int) -> None:
    """The groups that wait for it are looked at at once. Each further failure does so again."""
    waiting = OutboxMessage.objects.filter(destination_id=destination_id, status=QUEUED).values("group_id")
    AlertGroup.objects.filter(pk__in=waiting).exclude(cause="test").update(flush_at_ms=now_ms)


def expire(now_ms: int) -> int:
    """End what could not be delivered for 72 h, and ask those no more that refused for weeks."""
    late = OutboxMessage.objects.filter(status=QUEUED, expires_at_ms__lte=now_ms, lease_until_ms__lte=now_ms)
    count = 0
    for row in late.select_related("destination").defer("destination__sealed", "body")[:CANDIDATES]:
        with transaction.atomic():
            count += _expire_one(row, now_ms)
    Destination.objects.filter(
        is_enabled=True, has_refused=True, failing_since_ms__lte=now_ms - DISABLED_AFTER_MS
    ).update(is_enabled=False, last_answer="Disabled: it refused every message for two weeks.")
    return count


def _expire_one(row: OutboxMessage, now_ms: int) -> int:
    group = AlertGroup.objects.filter(pk=row.group_id)
    list(group.select_for_update(no_key=True).values_list("pk"))
    mine = OutboxMessage.objects.filter(pk=row.pk, status=QUEUED, lease_until_ms__lte=now_ms)
    if not mine.update(status=models.EXPIRED, ended_at_ms=now_ms):
        return 0
    params = {"destination": row.destination.name, "message": str(row.uuid), "tells": row.tells}
    AlertEvent.objects.create(group_id=row.group_id, at_ms=now_ms, what="expired", params=params)
    group.update(flush_at_ms=now_ms)
    return 1
