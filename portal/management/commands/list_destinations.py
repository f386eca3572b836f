"""manage.py list_destinations"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand

from metrics.notify.models import Destination
from metrics.notify.routing import described


class Command(BaseCommand):
    """Prints the destinations, how they have been doing, and the routes to them."""

    help = (
        "List destinations with their health and routes. Addresses are never shown: host and fingerprint are."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        """Print them."""
        rows = Destination.objects.defer("sealed").prefetch_related("routes__cluster", "routes__team")
        for row in rows:
            self.stdout.write(f"{row.name}: {row.kind} at {row.host} ({row.fingerprint}), {_health(row)}")
            for route in row.routes.all():
                self.stdout.write(f"  route {route.uuid}: {described(route)}")
            if row.is_fallback:
                self.stdout.write("  told where no other can be")
        if not rows:
            self.stdout.write("There is none: alerts are told to nobody. Add one: manage.py add_destination")


def _health(row: Destination) -> str:
    if not row.is_enabled:
        return f"off. {row.last_answer}".strip()
    if row.failing_since_ms is not None:
        since, again = _moment(row.failing_since_ms), _moment(row.closed_until_ms)
        return f"failing since {since}: {row.last_answer} Next try {again}"
    return f"delivered last at {_moment(row.last_success_at_ms)}" if row.last_success_at_ms else "never tried"


def _moment(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, ZoneInfo(settings.TIME_ZONE))
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"
