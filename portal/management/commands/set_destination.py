"""manage.py set_destination NAME [--url-file -] [--name NEW] [--enable | --disable]"""

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.notify.destinations import Changes, change_destination, checked_kind, make_secret
from portal import destination_commands as commands


class Command(BaseCommand):
    """Changes a destination. Another host needs the whole address again, as nobody can read the old one."""

    help = (
        "Change a destination: its address, its name, whether it is the fallback, whether it is told at all."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and what of it."""
        parser.add_argument("destination")
        parser.add_argument("--url-file", metavar="FILE", help="Another address; - reads standard input.")
        parser.add_argument("--secret-file", metavar="FILE", help="What signs; made where left out.")
        parser.add_argument("--name", help="Another name.")
        parser.add_argument("--fallback", action=BooleanOptionalAction, help="Told where no other can be.")
        parser.add_argument("--enable", action=BooleanOptionalAction, help="Whether it is told at all.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Change what was given."""
        row = commands.destination_named(options["destination"])
        if options["secret_file"] and not options["url_file"]:
            raise CommandError("--secret-file needs --url-file beside it: both are sealed together.")
        url = secret = made = None
        if options["url_file"]:
            url = commands.read_address(options["url_file"], "--url-file")
            is_signed = commands.sentence(lambda: checked_kind(row.kind)).is_signed
            if options["secret_file"]:
                secret = commands.read_address(options["secret_file"], "--secret-file")
            elif is_signed:
                secret = made = make_secret()
        changes = Changes(
            name=options["name"], url=url, secret=secret, is_fallback=options["fallback"],
            is_enabled=options["enable"],
        )  # fmt: skip
        if changes == Changes():
            raise CommandError("Say what to change: --url-file, --name, --fallback, --enable or --no-enable.")
        key, now_ms = commands.public_key(), commands.now_ms()
        commands.sentence(
            lambda: change_destination(row, changes, key, user=None, via=commands.COMMAND, now_ms=now_ms)
        )
        self.stdout.write(f"Changed {row.name}: at {row.host}, fingerprint {row.fingerprint}.")
        if made:
            self.stdout.write(f"The receiver verifies signatures with this secret, shown once: {made}")
