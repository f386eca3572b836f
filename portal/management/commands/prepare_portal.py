"""Makes what production processes need before they start: once, by one process."""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clusters.connection.errors import ClusterError
from clusters.connection.keyfile import public_path
from portal.preparation import ADMIN_NAME, make_first_admin, make_keys, prepare


class Command(BaseCommand):
    """Keys, tables, static files and the first administrator; safe to repeat. `up` does this by itself."""

    help = "Make keys, tables, static files and the first administrator where they are missing."
    # The key file that a check asks for is made here.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where web processes find the public half, if they are not to have the key file itself."""
        parser.add_argument("--public-key-to", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the keys, then check as any other command does, then the rest."""
        try:
            make_keys()
        except (ClusterError, OSError) as error:
            raise CommandError(f"{error}") from error
        if options["public_key_to"] is not None:
            shutil.copy(public_path(settings.KEY_FILE), options["public_key_to"])
        self.check()
        prepare()
        if password := make_first_admin():
            self.stdout.write(f"Sign in as {ADMIN_NAME} with the password {password} (shown only now).")
        self.stdout.write("Ready to start.")
