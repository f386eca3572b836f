"""manage.py make_key [--add]"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clusters import registry
from clusters.connection.keyfile import add_key, make_key_file, public_path
from metrics.notify import destinations, heartbeat
from portal import registering


class Command(BaseCommand):
    """Makes the key file that opens cluster credentials, or changes its key."""

    help = (
        "Make the key file TOPMAST_KEY_FILE names. With --add, put a new key into it and seal every "
        "credential with that one. Keep a copy: without it no credential can be opened."
    )
    # It must run where production settings refuse to, for want of this very file.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to add."""
        parser.add_argument("--add", action="store_true", help="Change the key of a file that is in use.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it, or add to it."""
        path = settings.KEY_FILE
        if not options["add"]:
            keyring = registering.sentence(lambda: make_key_file(path))
            self.stdout.write(
                f"Made {path} with key {keyring.public_key.key_id}. Keep a copy of it elsewhere."
            )
            self.stdout.write(f"Processes that only seal need {public_path(path).name} alone.")
            return
        keyring = registering.sentence(lambda: add_key(path))
        sealed = [part.seal_anew(keyring) for part in (registry, destinations, heartbeat)]
        changed = sum(count for count, _ in sealed)
        failures = [failure for _, found in sealed for failure in found]
        self.stdout.write(f"{path} has a new key {keyring.public_key.key_id}; {changed} credentials use it.")
        for failure in failures:
            self.stderr.write(str(failure))
        if failures:
            raise CommandError(f"{len(failures)} credentials could not be opened and stay as they were.")
        self.stdout.write("Once all workers were restarted, the older lines of the file may go.")
