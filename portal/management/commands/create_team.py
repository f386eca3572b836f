"""manage.py create_team NAME [--member USER …]"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.accounts.people import make_team, user_named


class Command(BaseCommand):
    """Makes a team."""

    help = "Make a team. What it may see is said by grant_access."

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME and members."""
        parser.add_argument("name")
        parser.add_argument("--member", action="append", default=[], help="A user; may be repeated.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it."""
        members = [user_named(name) for name in options["member"]]
        team = make_team(options["name"])
        team.members.add(*members)
        self.stdout.write(f"Team {team.name} has {len(members)} members.")
