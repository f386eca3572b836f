"""manage.py add_route --destination NAME [--cluster NAME] [--label env=prod] [--severity critical]"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from metrics.notify.routes import parse_hours
from metrics.notify.routing import Wanted, add_route, described
from portal import destination_commands as commands
from portal import registering
from portal.accounts.people import team_named


class Command(BaseCommand):
    """Leads alerts to a destination."""

    help = "Lead alerts to a destination. All that is asked must hold; a route that asks nothing takes all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and what it takes."""
        parser.add_argument("--destination", required=True, metavar="NAME")
        parser.add_argument("--cluster", help="Name or slug.")
        parser.add_argument(
            "--label", action="append", default=[], help="Of clusters, as env=prod; repeatable."
        )
        parser.add_argument("--namespace", default="")
        parser.add_argument("--team", help="Only clusters that this team may see.")
        parser.add_argument("--severity", action="append", default=[], help="Repeatable; default all.")
        parser.add_argument("--hours", help="Such as: mon-fri 09:00-18:00 Europe/Berlin")
        parser.add_argument("--default", action="store_true", help="Takes what no other route takes.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Add it."""
        row = commands.destination_named(options["destination"])
        hours = options["hours"]
        wanted = Wanted(
            is_default=options["default"],
            cluster=registering.cluster_named(options["cluster"]) if options["cluster"] else None,
            selector=",".join(options["label"]),
            namespace=options["namespace"],
            team=team_named(options["team"]) if options["team"] else None,
            severities=tuple(word for text in options["severity"] for word in text.split(",") if word),
            hours=commands.sentence(lambda: parse_hours(hours, zone=settings.TIME_ZONE)) if hours else None,
        )
        now_ms = commands.now_ms()
        route = commands.sentence(
            lambda: add_route(row, wanted, user=None, via=commands.COMMAND, now_ms=now_ms)
        )
        self.stdout.write(f"Route {route.uuid}: {described(route)} → {row.name}")
