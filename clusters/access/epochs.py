"""Tell everything that holds a connection open that what a user may see or do has changed."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from clusters import wakeups
from clusters.access.models import User


def bump_epoch(user_ids: Iterable[int]) -> None:
    """Raise the access epoch of these users, and wake their sockets once it is committed."""
    ids = set(user_ids)
    if not ids:
        return
    User.objects.filter(pk__in=ids).update(access_epoch=F("access_epoch") + 1)
    transaction.on_commit(lambda: wakeups.publish_access(ids))


def bump_epoch_of_everybody() -> None:
    """The same for all users: a cluster came, went or got other labels."""
    User.objects.update(access_epoch=F("access_epoch") + 1)
    transaction.on_commit(wakeups.publish_access_of_everybody)
