"""manage.py reset_password NAME"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.accounts.people import new_password, set_password, user_named


class Command(BaseCommand):
    """Gives a user another password; all their sessions end."""

    help = "Give a user another password. It is made and shown once, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME."""
        parser.add_argument("name")
        parser.add_argument("--password-stdin", action="store_true", help="Read it from standard input.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Set it."""
        user = user_named(options["name"])
        given = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        password = given if options["password_stdin"] else new_password()
        set_password(user, password)
        user.save(update_fields=["password"])
        self.stdout.write(f"{user.username} has another password; their sessions are over.")
        if not options["password_stdin"]:
            self.stdout.write(f"Password, shown this once: {password}")
