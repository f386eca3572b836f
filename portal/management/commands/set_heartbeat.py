"""manage.py set_heartbeat --url-file - | --remove"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from metrics.notify.heartbeat import remove_heartbeat, set_heartbeat
from portal import destination_commands as commands


class Command(BaseCommand):
    """Has a sign of life sent outward each minute, as long as judging, telling and sending move."""

    help = (
        "Send a GET each minute to an address outside, such as a check of Healthchecks or Dead Man's Snitch, "
        "which raises the alarm when it stays away."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, or no more."""
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--url-file", metavar="FILE", help="The address; - reads standard input.")
        group.add_argument("--remove", action="store_true", help="Send none any more.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Set or remove it."""
        if options["remove"]:
            was = remove_heartbeat(user=None, via=commands.COMMAND, now_ms=commands.now_ms())
            self.stdout.write("No sign of life is sent any more." if was else "None was sent.")
            return
        url = commands.read_address(options["url_file"], "--url-file")
        key, now_ms = commands.public_key(), commands.now_ms()
        row = commands.sentence(
            lambda: set_heartbeat(url, key, user=None, via=commands.COMMAND, now_ms=now_ms)
        )
        self.stdout.write(f"A sign of life goes to {row.host} ({row.fingerprint}) each minute.")
