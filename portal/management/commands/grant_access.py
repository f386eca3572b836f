"""manage.py grant_access TEAM --cluster NAME | --selector env=prod"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clusters.access.models import Grant
from portal.accounts.people import grant_of, grants_like, team_named


class Command(BaseCommand):
    """Lets a team see clusters."""

    help = "Let a team see one cluster, or all whose labels match a selector."

    def add_arguments(self, parser: CommandParser) -> None:
        """TEAM and what to grant."""
        parser.add_argument("team")
        parser.add_argument("--cluster", help="Name or slug.")
        parser.add_argument("--selector", help="Such as env=prod,tier!=batch, or * for all.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Grant it; twice is the same as once."""
        team = team_named(options["team"])
        fields, words = grant_of(team, cluster=options["cluster"], selector=options["selector"])
        if not grants_like(fields):
            Grant.objects.create(**fields)
        self.stdout.write(f"Team {team.name} sees {words}.")
