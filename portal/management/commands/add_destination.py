"""manage.py add_destination NAME --kind webhook --url-file - [--fallback]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.notify.destinations import Wanted, add_destination, checked_kind, make_secret
from metrics.notify.kinds import all_kinds
from portal import destination_commands as commands
from portal.accounts.people import team_named


class Command(BaseCommand):
    """Registers a destination. Its address is sealed; only workers can open it again."""

    help = (
        "Register where messages about alerts go: a Slack channel, a mailbox, a program. The address is a "
        "secret: it is read from a file or standard input, sealed, and never shown again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, what and where."""
        parser.add_argument("name")
        kinds = all_kinds()
        parser.add_argument("--kind", required=True, choices=[kind.name for kind in kinds])
        asked = " ".join(f"{kind.name}: {kind.ask}" for kind in kinds).replace("%", "%%")
        parser.add_argument(
            "--url-file", required=True, metavar="FILE", help=f"- reads standard input. {asked}"
        )
        parser.add_argument(
            "--secret-file", metavar="FILE", help="What signs; made and printed where left out."
        )
        parser.add_argument("--fallback", action="store_true", help="Told where no other can be.")
        parser.add_argument("--team", help="Whose it is.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Seal and save it."""
        if options["url_file"] == options["secret_file"]:
            raise CommandError("--url-file and --secret-file cannot both be the same.")
        kind = commands.sentence(lambda: checked_kind(options["kind"]))
        url = commands.read_address(options["url_file"], "--url-file")
        secret = made = ""
        if options["secret_file"]:
            secret = commands.read_address(options["secret_file"], "--secret-file")
        elif kind.is_signed:
            secret = made = make_secret()
        wanted = Wanted(
            name=options["name"], kind=kind.name, url=url, secret=secret, is_fallback=options["fallback"],
            team=team_named(options["team"]) if options["team"] else None,
        )  # fmt: skip
        key, now_ms = commands.public_key(), commands.now_ms()
        row = commands.sentence(
            lambda: add_destination(wanted, key, user=None, via=commands.COMMAND, now_ms=now_ms)
        )
        self.stdout.write(f"Added {row.name}: {kind.label} at {row.host}, fingerprint {row.fingerprint}.")
        if url.startswith("http://"):
            self.stdout.write("Its address is plain http: anybody on the way can read the messages.")
        if made:
            self.stdout.write(f"The receiver verifies signatures with this secret, shown once: {made}")
        if not row.is_fallback:
            self.stdout.write(f"Lead alerts to it: manage.py add_route --destination {row.name!r} …")
        self.stdout.write(f"Try it: manage.py send_test {row.name!r}")
