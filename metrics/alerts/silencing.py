"""Silences as rows: begun, ended early, asked for. Each act is audited in its own transaction."""

from collections.abc import Iterable

from django.db import transaction

from clusters.access.models import User
from clusters.access.visibility import clusters_visible_to
from clusters.state.picture import iso
from metrics.alerts.audit import audit
from metrics.alerts.due import look_again
from metrics.alerts.models import AlertEvent, AlertGroup, Silence
from metrics.alerts.silences import (
    ActiveSilence,
    Matcher,
    SilenceError,
    check_matchers,
    check_times,
    checked_matcher,
)


def add_silence(
    *,
    matchers: Iterable[Matcher],
    reason: str,
    ends_at_ms: int | None,
    user: User | None,
    via: str,
    now_ms: int,
    starts_at_ms: int | None = None,
    group: AlertGroup | None = None,
) -> Silence:
    """Keep what matches quiet. Raises SilenceError with a sentence for whoever asked.

    `user` is None for the operator at the command line, who sees everything. `group` is the one it is
    begun for, whose trail tells of it.
    """
    found = check_matchers(matchers)
    begin_ms = now_ms if starts_at_ms is None else starts_at_ms
    end_ms = check_times(starts_at_ms=begin_ms, ends_at_ms=ends_at_ms, now_ms=now_ms)
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise SilenceError("A silence needs a reason, for whoever wonders why nobody was told.")
    _check_reach(found, user)
    with transaction.atomic():
        silence = Silence.objects.create(
            matchers=[{"name": one.name, "op": one.op, "value": one.value} for one in found],
            reason=reason,
            author=user,
            created_at_ms=now_ms,
            starts_at_ms=begin_ms,
            ends_at_ms=end_ms,
        )
        params = {"matchers": [one.text for one in found], "ends_at_ms": end_ms, "reason": reason}
        audit(
            user=user,
            via=via,
            action="silence_added",
            subject=str(silence.uuid),
            params=params,
            now_ms=now_ms,
        )
        look_again(now_ms)
        if group is not None:
            until = {"until": iso(end_ms), "reason": reason}
            AlertEvent.objects.create(group=group, at_ms=now_ms, what="silenced", user=user, params=until)
    return silence


def end_silence(silence: Silence, *, user: User | None, via: str, now_ms: int) -> bool:
    """End one now; False where it is over already."""
    with transaction.atomic():
        running = Silence.objects.filter(pk=silence.pk, ends_at_ms__gt=now_ms)
        # One that has not begun yet ends where it would begin.
        if not running.update(ends_at_ms=max(now_ms, silence.starts_at_ms), ended_by=user):
            return False
        audit(
            user=user, via=via, action="silence_ended", subject=str(silence.uuid),
            params={"reason": silence.reason}, now_ms=now_ms,
        )  # fmt: skip
        look_again(now_ms)
    return True


def active_silences(now_ms: int) -> list[ActiveSilence]:
    """Those that cover something now."""
    rows = Silence.objects.filter(starts_at_ms__lte=now_ms, ends_at_ms__gt=now_ms)
    return [as_asked(row) for row in rows]


def as_asked(row: Silence) -> ActiveSilence:
    """A row as it is asked about alerts; one that cannot be understood covers nothing."""
    try:
        matchers = tuple(checked_matcher(one["name"], one["op"], one["value"]) for one in row.matchers)
    except (SilenceError, KeyError, TypeError):
        matchers = ()
    return ActiveSilence(row.pk, matchers, row.starts_at_ms, row.ends_at_ms)


def _check_reach(matchers: Iterable[Matcher], user: User | None) -> None:
    """Whoever does not see the whole fleet names one cluster of theirs: no team silences another."""
    if user is None or user.is_superuser:
        return
    named = {one.value for one in matchers if (one.name, one.op) == ("cluster", "=")}
    if not named or clusters_visible_to(user).filter(slug__in=named).count() != len(named):
        raise SilenceError("Name one of your clusters: add the matcher cluster=NAME.")
