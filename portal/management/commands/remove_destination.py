"""manage.py remove_destination NAME"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from metrics.notify.destinations import remove_destination
from portal import destination_commands as commands


class Command(BaseCommand):
    """Forgets a destination, its routes and what was sent to it."""

    help = "Forget a destination and its routes. What is open goes wherever the other routes lead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("destination")

    def handle(self, *_: Any, **options: Any) -> None:
        """Remove it."""
        row = commands.destination_named(options["destination"])
        name = row.name
        remove_destination(row, user=None, via=commands.COMMAND, now_ms=commands.now_ms())
        self.stdout.write(f"{name} is removed.")
