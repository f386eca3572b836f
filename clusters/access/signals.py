"""Whatever changes who may see what raises the epoch, whichever page or command did it.

Django sends no signal for QuerySet.update(): who changes labels or grants that way calls
clusters.access.epochs itself.
"""

from typing import Any

from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.dispatch import receiver

from clusters import wakeups
from clusters.access.epochs import bump_epoch, bump_epoch_of_everybody
from clusters.access.models import ApiToken, Grant, Team, User
from clusters.models import Cluster

_OF_NO_ACCESS = {"last_login", "theme", "time_zone", "access_epoch"}
_CLUSTER_FIELDS_OF_ACCESS = {"labels", "slug", "is_demo"}


@receiver(m2m_changed, sender=Team.members.through)
def members_changed(
    instance: Team | User, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Somebody joined or left a team."""
    if action == "pre_clear":
        bump_epoch([instance.pk] if reverse else _members(instance))
    elif action in ("post_add", "post_remove"):
        bump_epoch([instance.pk] if reverse else pk_set or ())


@receiver(pre_delete, sender=Team)
def team_goes(instance: Team, **_: Any) -> None:
    """A team is removed, and with it what its members saw through it."""
    bump_epoch(_members(instance))


@receiver([post_save, post_delete], sender=Grant)
def grant_changed(instance: Grant, **_: Any) -> None:
    """A team was granted something, or lost it."""
    bump_epoch(User.objects.filter(teams=instance.team_id).values_list("pk", flat=True))


@receiver(post_save, sender=User)
def user_changed(instance: User, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Rights, password or activity of a user changed."""
    if update_fields is None or set(update_fields) - _OF_NO_ACCESS:
        bump_epoch([instance.pk])


@receiver(post_delete, sender=User)
def user_gone(instance: User, **_: Any) -> None:
    """A user is removed: whatever is still open for them closes."""
    gone = instance.pk
    transaction.on_commit(lambda: wakeups.publish_access([gone]))


@receiver(post_save, sender=ApiToken)
def token_changed(instance: ApiToken, update_fields: frozenset[str] | None, **_: Any) -> None:
    """A token was revoked."""
    if instance.revoked_at_ms is not None and (update_fields is None or "revoked_at_ms" in update_fields):
        bump_epoch([instance.user_id])


@receiver(post_save, sender=Cluster)
def cluster_changed(update_fields: frozenset[str] | None, **_: Any) -> None:
    """A cluster came, or selectors may now select it or no longer."""
    if update_fields is None or set(update_fields) & _CLUSTER_FIELDS_OF_ACCESS:
        bump_epoch_of_everybody()


@receiver(post_delete, sender=Cluster)
def cluster_gone(**_: Any) -> None:
    """A cluster is gone for everybody."""
    bump_epoch_of_everybody()


def _members(team: Team | User) -> list[int]:
    return list(User.objects.filter(teams=team.pk).values_list("pk", flat=True))
