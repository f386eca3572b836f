"""manage.py create_user NAME [--team TEAM …] [--admin]"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.accounts.people import make_user, new_password, team_named


class Command(BaseCommand):
    """Makes a user and prints the password once."""

    help = "Make a user. The password is made and shown once, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME, teams, and whether an administrator."""
        parser.add_argument("name")
        parser.add_argument("--email", default="")
        parser.add_argument("--team", action="append", default=[], help="May be repeated.")
        parser.add_argument("--admin", action="store_true", help="Sees every cluster, and /admin/.")
        parser.add_argument("--password-stdin", action="store_true", help="Read it from standard input.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make the user."""
        teams = [team_named(name) for name in options["team"]]
        given = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        password = given if options["password_stdin"] else new_password()
        user = make_user(options["name"], email=options["email"], password=password, teams=teams)
        if options["admin"]:
            user.is_staff = user.is_superuser = True
            user.save(update_fields=["is_staff", "is_superuser"])
        self.stdout.write(f"{user.username} may sign in now.")
        if not options["password_stdin"]:
            self.stdout.write(f"Password, shown this once: {password}")
