"""When open groups are looked at again because something about telling has changed, not about them."""

from django.conf import settings
from django.db.models import Q

from metrics.alerts.models import AlertGroup
from metrics.alerts.values import RESOLVED


def look_again(now_ms: int) -> int:
    """Have all open groups looked at now: a route was added, a silence ended. How many.

    Those that are due shortly stay so.
    """
    later = Q(flush_at_ms__isnull=True) | Q(flush_at_ms__gt=now_ms + settings.GROUP_WAIT_MS)
    return AlertGroup.objects.filter(later).exclude(state=RESOLVED).update(flush_at_ms=now_ms)
