"""manage.py remove_route UUID"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from metrics.notify.models import Route
from metrics.notify.routing import described, remove_route
from portal import destination_commands as commands


class Command(BaseCommand):
    """Leads nothing by a route any more."""

    help = "Remove a route; list_destinations prints their ids."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("route", help="Its id.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Remove it."""
        try:
            route = Route.objects.filter(uuid=UUID(options["route"])).first()
        except ValueError:
            route = None
        if route is None:
            raise CommandError("There is no such route; list_destinations prints their ids.")
        words = f"{described(route)} → {route.destination.name}"
        remove_route(route, user=None, via=commands.COMMAND, now_ms=commands.now_ms())
        self.stdout.write(f"Removed: {words}")
