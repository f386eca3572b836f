"""manage.py send_test NAME"""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.notify.models import Destination
from metrics.notify.routing import described
from metrics.notify.trial import Outcome, begin_test, outcome_of
from portal import destination_commands as commands

LOOK_EVERY_SECONDS = 0.25


class Command(BaseCommand):
    """Raises a real alert of severity test for one destination, and waits for what comes of it."""

    help = (
        "Send a test: an alert of severity test that goes the way of all others. A worker must run. "
        "Ends with 0 when the receiver took it."
    )

    pause: Callable[[float], object] = staticmethod(time.sleep)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and how long to wait."""
        parser.add_argument("destination")
        parser.add_argument("--seconds", type=float, default=40.0, help="How long to wait (default 40).")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raise it, wait, tell."""
        row = commands.destination_named(options["destination"])
        if not row.is_enabled:
            raise CommandError(
                f"{row.name} is off. Turn it on: manage.py set_destination {row.name!r} --enable"
            )
        group = begin_test(row, user=None, via=commands.COMMAND, now_ms=commands.now_ms())
        ends_at_seconds = time.monotonic() + options["seconds"]
        outcome = outcome_of(group)
        while not outcome.has_ended and time.monotonic() < ends_at_seconds:
            self.pause(LOOK_EVERY_SECONDS)
            outcome = outcome_of(group)
        self._tell(row, outcome)

    def _tell(self, row: Destination, outcome: Outcome) -> None:
        if not outcome.has_ended:
            raise CommandError("Nobody has sent it yet: look whether a worker runs.")
        if not outcome.is_delivered:
            raise CommandError(f"{row.name} did not take it: {outcome.answer}")
        self.stdout.write(f"{row.name} took it after {outcome.latency_ms} ms: {outcome.answer}")
        routes = [described(route) for route in row.routes.all()]
        if routes:
            self.stdout.write(f"Routes lead to it: {'; '.join(routes)}.")
        elif not row.is_fallback:
            self.stdout.write(f"No route leads to it yet: manage.py add_route --destination {row.name!r} …")
