"""Who may see which destinations: an administrator all, anybody else those of their teams and of nobody."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from clusters.access.models import User
from metrics.notify.models import Destination


def destinations_visible_to(user: User | AnonymousUser) -> QuerySet[Destination]:
    """The destinations of the user's teams; an administrator's are all."""
    if not isinstance(user, User) or not user.is_active:
        return Destination.objects.none()
    if user.is_superuser:
        return Destination.objects.all()
    return Destination.objects.filter(Q(team__isnull=True) | Q(team__in=user.teams.order_by()))
