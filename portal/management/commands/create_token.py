"""manage.py create_token --user NAME --scope read [--days N]"""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clusters.access.tokens import SCOPES, TokenError, make_token
from portal.accounts.people import user_named


class Command(BaseCommand):
    """Makes a token for the API and prints it, and nothing else, once."""

    help = "Make a token for the API; it is printed once. Send it as: Authorization: Bearer …"

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, what for, how long."""
        parser.add_argument("--user", required=True)
        parser.add_argument("--scope", action="append", required=True, choices=SCOPES)
        parser.add_argument("--days", type=int, default=90, help="How long it lasts (default 90).")
        parser.add_argument("--name", default="", help="What it is for, to tell it from others.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it."""
        user = user_named(options["user"])
        try:
            text = make_token(
                user,
                name=options["name"][:80],
                scopes=tuple(options["scope"]),
                days=options["days"],
                now_ms=time.time_ns() // 1_000_000,
            )
        except TokenError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(text)
