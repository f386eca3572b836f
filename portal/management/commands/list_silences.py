"""manage.py list_silences [--all]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusters.state.picture import iso
from metrics.alerts.models import Silence
from portal.destination_commands import now_ms


class Command(BaseCommand):
    """Lists what is kept quiet."""

    help = "List the silences that are not over; with --all those that are, too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("--all", action="store_true")

    def handle(self, *_: Any, **options: Any) -> None:
        """A line each, the one that ends first at the top."""
        rows = Silence.objects.select_related("author").order_by("ends_at_ms", "pk")
        for row in rows if options["all"] else rows.filter(ends_at_ms__gt=now_ms()):
            matchers = " ".join(f"{one['name']}{one['op']}{one['value']}" for one in row.matchers)
            by = row.author.get_username() if row.author else "the operator"
            self.stdout.write(f"{row.uuid}  until {iso(row.ends_at_ms)}  {matchers}  {row.reason} ({by})")
