"""What people do with a group: take it, give it back, assign it, note something, resolve it by hand.

Each act is one transaction with its line in the trail and its audit entry. Whoever calls has found the
group among those the person may see; of a group that spans clusters, only what they may see is resolved.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from clusters.access.models import User
from metrics.alerts import groups
from metrics.alerts.audit import audit
from metrics.alerts.evaluate import BY_HAND, QUIET_MS
from metrics.alerts.groups import Change
from metrics.alerts.models import Alert, AlertEvent, AlertGroup
from metrics.alerts.seeing import alerts_visible_to
from metrics.alerts.values import FIRING, RESOLVED, UNKNOWN

LONGEST_NOTE = 2_000
LONGEST_REASON = 500


class ActError(ValueError):
    """An act that cannot be done now, with a sentence for whoever asked."""


@dataclass(frozen=True)
class Actor:
    """Who acts, by which door, and when. `user` is None for the operator at the command line."""

    user: User | None
    via: str
    now_ms: int


def take(group_id: int, actor: Actor) -> AlertGroup:
    """Be the one who is on it. Raises ActError where somebody else is, or it is over."""
    with transaction.atomic():
        group = _open_group(group_id)
        if group.taken_by is not None and group.taken_by != actor.user:
            raise ActError(f"{group.taken_by.get_username()} is on it already. Ask them, or assign it.")
        _put(group, actor.user, "taken", actor)
    return group


def release(group_id: int, actor: Actor) -> AlertGroup:
    """Nobody is on it any more. Raises ActError where nobody was."""
    with transaction.atomic():
        group = _open_group(group_id)
        if group.taken_by is None:
            raise ActError("Nobody is on it.")
        _put(group, None, "released", actor)
    return group


def assign(group_id: int, to: User, actor: Actor) -> AlertGroup:
    """Have somebody be on it, who has to be able to see it. Raises ActError."""
    with transaction.atomic():
        group = _open_group(group_id)
        if not to.is_active or not _seen_by(to, group).exists():
            raise ActError(f"{to.get_username()} cannot see it.")
        _put(group, to, "assigned", actor)
    return group


def note(group_id: int, text: str, actor: Actor) -> AlertEvent:
    """Leave a line for whoever looks at it next, also after it is over. Raises ActError."""
    text = text.replace("\0", "").strip()
    if not text:
        raise ActError("Write something to note.")
    if len(text) > LONGEST_NOTE:
        raise ActError(f"The note is longer than {LONGEST_NOTE} characters.")
    with transaction.atomic():
        group = _locked_group(group_id)
        return _trail(group, "noted", actor, text=text)


def resolve(group_id: int, reason: str, actor: Actor) -> AlertGroup:
    """End what this person sees of it. It is told again once it was over, or after a day.

    Raises ActError without a reason, and where it is over already.
    """
    reason = " ".join(reason.replace("\0", "").split())
    if not reason:
        raise ActError("Say why it is resolved: whoever meets it again will want to know.")
    if len(reason) > LONGEST_REASON:
        raise ActError(f"The reason is longer than {LONGEST_REASON} characters.")
    with transaction.atomic():
        group = _open_group(group_id)
        ended = (
            _seen_by(actor.user, group)
            .filter(state__in=(FIRING, UNKNOWN))
            .update(
                state=RESOLVED,
                end_reason=BY_HAND,
                resolved_at_ms=actor.now_ms,
                quiet_until_ms=actor.now_ms + QUIET_MS,
                unknown_since_ms=None,
            )
        )
        if not ended:
            raise ActError("It is over already.")
        groups.settle({group.pk: group}, {group.pk: Change(is_told=True, reason=reason)}, actor.now_ms)
        _trail(group, "resolved", actor, reason=BY_HAND, text=reason, count=ended)
        group.refresh_from_db()
    return group


def _seen_by(user: User | None, group: AlertGroup) -> QuerySet[Alert]:
    alerts = Alert.objects.all() if user is None else alerts_visible_to(user)
    return alerts.filter(group=group)


def _locked_group(group_id: int) -> AlertGroup:
    group = groups.lock([group_id]).get(group_id)
    if group is None:
        raise ActError("There is no such group any more.")
    return group


def _open_group(group_id: int) -> AlertGroup:
    group = _locked_group(group_id)
    if group.state == RESOLVED:
        raise ActError("It is over already.")
    return group


def _put(group: AlertGroup, user: User | None, what: str, actor: Actor) -> None:
    group.taken_by = user
    group.taken_at_ms = actor.now_ms if user is not None else None
    group.save(update_fields=["taken_by", "taken_at_ms"])
    _trail(group, what, actor, **({"to": user.get_username()} if user is not None else {}))


def _trail(group: AlertGroup, what: str, actor: Actor, **params: object) -> AlertEvent:
    audit(
        user=actor.user, via=actor.via, action=f"alert_{what}", subject=str(group.uuid), params=params,
        now_ms=actor.now_ms,
    )  # fmt: skip
    return AlertEvent.objects.create(
        group=group, at_ms=actor.now_ms, what=what, user=actor.user, params=params
    )
