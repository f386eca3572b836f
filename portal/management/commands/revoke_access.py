"""manage.py revoke_access TEAM --cluster NAME | --selector env=prod"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.people import grant_of, grants_like, team_named


class Command(BaseCommand):
    """Takes back what grant_access gave."""

    help = "Take back a grant. Open pages of the team's members close within 2 s."

    def add_arguments(self, parser: CommandParser) -> None:
        """TEAM and what to take back, as it was granted."""
        parser.add_argument("team")
        parser.add_argument("--cluster", help="Name or slug.")
        parser.add_argument("--selector", help="As it was granted.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Take it back."""
        team = team_named(options["team"])
        fields, words = grant_of(team, cluster=options["cluster"], selector=options["selector"])
        grants = grants_like(fields)
        if not grants:
            have = ", ".join(str(grant.cluster or grant.selector) for grant in team.grants.all()) or "nothing"
            raise CommandError(f"Team {team.name} was not granted {words}; it was granted: {have}.")
        for grant in grants:
            grant.delete()
        self.stdout.write(f"Team {team.name} no longer sees {words} by that grant.")
