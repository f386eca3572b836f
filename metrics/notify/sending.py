"""From the outbox to receivers: claimed by lease, sent once at a time to each destination, settled.

A destination that is asked is closed for as long as the lease of its message, so two processes never ask
it at once; when one dies, both run out and the message is sent again under the same id.
"""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F, Min, Model, QuerySet

from clusters.points import reached
from metrics import sql
from metrics.alerts.audit import audit
from metrics.alerts.models import AlertEvent, AlertGroup
from metrics.notify import models
from metrics.notify.attempts import Parcel, Result
from metrics.notify.kinds import kind_named
from metrics.notify.kinds.kind import DELIVERED, FAILED_FOR_GOOD, GONE, PLAIN, RETRY, Verdict
from metrics.notify.models import QUEUED, Delivery, Destination, OutboxMessage
from metrics.notify.schedule import clamped_retry_after_ms, delay_ms
from metrics.notify.telling import OUT_AFTER_MS

Row = TypeVar("Row", bound=Model)

LEASE_MS = 30_000
LONGEST_ANSWER = 300
CANDIDATES = 500
BEHIND_AFTER_ATTEMPTS = 6
MESSAGE_COLUMNS = (
    "status", "ended_at_ms", "remote_id", "as_plain_text", "next_try_at_ms", "lease_owner", "lease_until_ms",
    "last_answer",
)  # fmt: skip
HEALTH_COLUMNS = (
    "failures", "failing_since_ms", "has_refused", "is_enabled", "closed_until_ms", "last_answer",
    "last_try_at_ms", "last_success_at_ms",
)  # fmt: skip


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
    until_ms = now_ms + LEASE_MS
    by_destination = {one.destination_id: one.message_id for one in chosen}
    with transaction.atomic():
        open_now = Destination.objects.filter(
            pk__in=by_destination, is_enabled=True, closed_until_ms__lte=now_ms
        )
        reached("destination-locked")
        free = [by_destination[pk] for (pk,) in _locked(open_now).values_list("pk")]
        waiting = OutboxMessage.objects.filter(pk__in=free, status=QUEUED, lease_until_ms__lte=now_ms)
        rows = list(_locked(waiting, of=("self",)).select_related("destination"))
        reached("message-locked")
        Destination.objects.filter(pk__in={row.destination_id for row in rows}).update(
            closed_until_ms=until_ms
        )
        reached("destination-closed")
        OutboxMessage.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease_owner=owner, lease_until_ms=until_ms, attempts=F("attempts") + 1
        )
        reached("claim-written")
    reached("claimed")
    return [_parcel(row, until_ms) for row in rows]


def free_those_of_the_dead(host: str, is_alive: Callable[[int], bool], now_ms: int) -> int:
    """Free what processes of this host had claimed that are no more; how many messages.

    Else a worker that is started again after a crash waits for their leases to run out. Owners are named
    `host:pid:…`. Were a living one taken for dead, a message would be sent once more under the same id.
    """
    claimed = OutboxMessage.objects.filter(
        status=QUEUED, lease_until_ms__gt=now_ms, lease_owner__startswith=f"{host}:"
    )
    owners = set(claimed.values_list("lease_owner", flat=True))
    dead = [owner for owner in owners if not is_alive(int(owner.removeprefix(f"{host}:").partition(":")[0]))]
    with transaction.atomic():
        theirs = claimed.filter(lease_owner__in=dead)
        places = Destination.objects.filter(pk__in=theirs.values("destination_id"))
        list(places.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        for destination_id, until_ms in list(theirs.values_list("destination_id", "lease_until_ms")):
            # Unless it is closed for another reason.
            Destination.objects.filter(pk=destination_id, closed_until_ms=until_ms).update(
                closed_until_ms=now_ms
            )
        return theirs.update(lease_owner="", lease_until_ms=0)


def _locked(rows: "QuerySet[Row]", of: tuple[str, ...] = ()) -> "QuerySet[Row]":
    """Locked until the transaction ends; what another process has locked is left to it."""
    can_skip = connection.features.has_select_for_update_skip_locked
    of = of if connection.features.has_select_for_update_of else ()
    return rows.order_by("pk").select_for_update(no_key=True, skip_locked=can_skip, of=of)


def _parcel(row: OutboxMessage, until_ms: int) -> Parcel:
    return Parcel(
        message_id=row.pk,
        group_id=row.group_id,
        destination=row.destination,
        body=row.body,
        attempt=row.attempts + 1,
        is_plain=row.as_plain_text,
        lease_until_ms=until_ms,
    )


def settle(results: Sequence[Result], now_ms: int, chance: Callable[[], float] = random.random) -> None:
    """Keep what came of attempts: the attempt, the message's state, the destination's health, the trail.

    Groups are locked before messages, as in telling about them, so that the two never wait for each other.
    """
    reached("settling")
    with transaction.atomic():
        groups = AlertGroup.objects.filter(pk__in={result.parcel.group_id for result in results})
        list(groups.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        books = _Books(results)
        reached("settle-locked")
        for result in results:
            books.enter(result, now_ms, chance())
        reached("results-entered")
        books.write()
        groups.filter(pk__in=books.out.values()).exclude(cause="test").update(flush_at_ms=now_ms)
        reached("settle-written")
    reached("settled")
    for destination_id in books.out:
        _have_others_told(destination_id, now_ms)


class _Books:
    """The rows that results change, locked and read together and written together."""

    def __init__(self, results: Sequence[Result]) -> None:
        destinations = Destination.objects.filter(pk__in={one.parcel.destination.pk for one in results})
        messages = OutboxMessage.objects.filter(pk__in={one.parcel.message_id for one in results})
        self._destinations = {row.pk: row for row in _all_locked(destinations.defer("sealed"))}
        self._messages = {row.pk: row for row in _all_locked(messages.defer("body"))}
        self._changed: dict[int, OutboxMessage] = {}
        self._deliveries: list[Delivery] = []
        self._events: list[AlertEvent] = []
        self.out: dict[int, int] = {}
        """Destinations in whose stead others have to be told from now on, and a group that waits."""

    def enter(self, result: Result, now_ms: int, chance: float) -> None:
        """One result. Of a message that somebody claimed later, only the attempt is kept."""
        parcel, verdict = result.parcel, result.verdict
        message = self._messages.get(parcel.message_id)
        destination = self._destinations.get(parcel.destination.pk)
        if message is None or destination is None:
            return  # It was removed meanwhile.
        self._deliveries.append(_delivery(result))
        if message.status != QUEUED or message.attempts != parcel.attempt:
            return
        tried_before_ms = destination.last_try_at_ms
        if result.fault == "blocked_address" and not destination.failures:
            _audit_blocked(destination, verdict, now_ms)
        _note_health(destination, result, now_ms, chance)
        _note_end(message, verdict, destination.closed_until_ms, now_ms)
        self._changed[message.pk] = message
        if event := _event(result, destination.name):
            self._events.append(event)
        if _is_out_now(destination, tried_before_ms) and _has_fallback(destination.pk):
            self.out[destination.pk] = parcel.group_id

    def write(self) -> None:
        """All of it."""
        Delivery.objects.bulk_create(self._deliveries)
        reached("attempt-written")
        AlertEvent.objects.bulk_create(self._events)
        _update(self._changed.values(), MESSAGE_COLUMNS)
        reached("message-ended")
        _update((self._destinations[row.destination_id] for row in self._changed.values()), HEALTH_COLUMNS)


def _audit_blocked(row: Destination, verdict: Verdict, now_ms: int) -> None:
    """Somebody may have pointed a name at what is ours: whoever reads the audit should see when."""
    params = {"name": row.name, "host": row.host, "why": verdict.sentence[:LONGEST_ANSWER]}
    audit(
        user=None, via="worker", action="address_blocked", subject=str(row.uuid), params=params, now_ms=now_ms
    )


def _all_locked(rows: "QuerySet[Row]") -> "QuerySet[Row]":
    return rows.order_by("pk").select_for_update(no_key=True)


def _update(rows: Iterable[Destination | OutboxMessage], columns: Sequence[str]) -> None:
    found = {row.pk: row for row in rows}
    for table in {row._meta.db_table for row in found.values()}:
        values = [[*(getattr(row, column) for column in columns), pk] for pk, row in found.items()]
        with connection.cursor() as cursor:
            sql.update_many(cursor, table, columns, key=("id",), rows=values)


def _note_end(message: OutboxMessage, verdict: Verdict, closed_until_ms: int, now_ms: int) -> None:
    """The message after an attempt."""
    message.lease_owner, message.lease_until_ms = "", 0
    message.last_answer = verdict.sentence[:LONGEST_ANSWER]
    if verdict.outcome == DELIVERED:
        message.status, message.ended_at_ms = models.DELIVERED, now_ms
        message.remote_id = verdict.remote_id[:200]
    elif verdict.outcome == PLAIN:
        message.as_plain_text, message.next_try_at_ms = True, now_ms
    elif verdict.outcome in (FAILED_FOR_GOOD, GONE):
        message.status, message.ended_at_ms = models.FAILED, now_ms
    else:
        # One that its receiver cannot bear must not keep the others waiting: it goes behind them.
        behind_ms = closed_until_ms - now_ms if _keeps_others_waiting(message) else 0
        message.next_try_at_ms = closed_until_ms + behind_ms


def _keeps_others_waiting(message: OutboxMessage) -> bool:
    if message.attempts < BEHIND_AFTER_ATTEMPTS:
        return False
    waiting = OutboxMessage.objects.filter(destination_id=message.destination_id, status=QUEUED)
    return waiting.exclude(pk=message.pk).exists()


def _note_health(row: Destination, result: Result, now_ms: int, chance: float) -> None:
    """The destination after an attempt."""
    verdict = result.verdict
    row.last_answer, row.last_try_at_ms = verdict.sentence[:LONGEST_ANSWER], result.at_ms
    if verdict.outcome in (DELIVERED, PLAIN):
        row.closed_until_ms = now_ms + kind_named(row.kind).least_gap_ms
    if verdict.outcome == DELIVERED:
        row.failures, row.failing_since_ms, row.has_refused = 0, None, False
        row.last_success_at_ms = now_ms
    elif verdict.outcome != PLAIN:
        _note_failure(row, verdict, now_ms, chance)


def _note_failure(row: Destination, verdict: Verdict, now_ms: int, chance: float) -> None:
    row.failures += 1
    row.failing_since_ms = now_ms if row.failing_since_ms is None else row.failing_since_ms
    row.has_refused = verdict.outcome != RETRY
    row.is_enabled = row.is_enabled and verdict.outcome != GONE
    wait_ms = delay_ms(row.failures, chance=chance)
    if verdict.retry_after_ms is not None:
        wait_ms = clamped_retry_after_ms(verdict.retry_after_ms)
    row.closed_until_ms = now_ms + wait_ms


def _delivery(result: Result) -> Delivery:
    return Delivery(
        message_id=result.parcel.message_id,
        at_ms=result.at_ms,
        outcome=result.verdict.outcome,
        status=result.status,
        answer=result.verdict.sentence[:LONGEST_ANSWER],
        latency_ms=result.latency_ms,
    )


def _event(result: Result, destination: str) -> AlertEvent | None:
    """The trail tells the first failure and the end; every attempt is a Delivery."""
    parcel, outcome = result.parcel, result.verdict.outcome
    what = {DELIVERED: "sent", FAILED_FOR_GOOD: "failed", GONE: "failed"}.get(outcome)
    if what is None and parcel.attempt == 1:
        what = "retried"
    if what is None:
        return None
    params = {
        "destination": destination, "message": str(parcel.body.get("id", "")), "attempt": parcel.attempt,
        "status": result.status, "latency_ms": result.latency_ms,
        "answer": result.verdict.sentence[:LONGEST_ANSWER], "tells": str(parcel.body.get("state", "")),
    }  # fmt: skip
    return AlertEvent(group_id=parcel.group_id, at_ms=result.at_ms, what=what, params=params)


def _is_out_now(row: Destination, tried_before_ms: int | None) -> bool:
    """Whether by this attempt others have to be told in its stead: it refused, or has failed for too long."""
    if row.has_refused:
        return True
    since_ms, tried_ms = row.failing_since_ms, row.last_try_at_ms
    if since_ms is None or tried_ms is None or tried_ms - since_ms < OUT_AFTER_MS:
        return False
    return tried_before_ms is None or tried_before_ms - since_ms < OUT_AFTER_MS


def _has_fallback(but: int) -> bool:
    return Destination.objects.filter(is_fallback=True, is_enabled=True).exclude(pk=but).exists()


def _have_others_told(destination_id: int, now_ms: int) -> None:
    """The groups that wait for it are looked at at once. Each further failure does so again."""
    waiting = OutboxMessage.objects.filter(destination_id=destination_id, status=QUEUED).values("group_id")
    AlertGroup.objects.filter(pk__in=waiting).exclude(cause="test").update(flush_at_ms=now_ms)
