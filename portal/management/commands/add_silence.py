"""manage.py add_silence MATCHER… --for 2h --reason TEXT"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusters.state.picture import iso
from metrics.alerts.audit import COMMAND
from metrics.alerts.conditions import duration_ms
from metrics.alerts.silences import SilenceError, parse_matcher
from metrics.alerts.silencing import add_silence
from portal.accounts.people import user_named
from portal.destination_commands import now_ms


class Command(BaseCommand):
    """Keeps alerts that match quiet for a while."""

    help = (
        "Tell nobody of alerts that match, for a while: add_silence cluster=prod-eu 'namespace=~shop-.*' "
        "--for 2h --reason 'load test'. They are watched on and stay in the inbox."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, how long, why."""
        parser.add_argument("matcher", nargs="+", help="name=value, name!=value, name=~regex or name!~regex.")
        parser.add_argument("--for", dest="length", required=True, metavar="2h", help="How long.")
        parser.add_argument(
            "--in", dest="delay", default="0s", metavar="30m", help="Begins then (default now)."
        )
        parser.add_argument("--reason", required=True)
        parser.add_argument("--user", help="Whose silence it is; they must see a cluster that it names.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Begin it; prints its id."""
        at_ms = now_ms()
        try:
            begins_at_ms = at_ms + duration_ms(options["delay"])
            silence = add_silence(
                matchers=[parse_matcher(text) for text in options["matcher"]],
                reason=options["reason"],
                starts_at_ms=begins_at_ms,
                ends_at_ms=begins_at_ms + duration_ms(options["length"]),
                user=user_named(options["user"]) if options["user"] else None,
                via=COMMAND,
                now_ms=at_ms,
            )
        except (SilenceError, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{silence.uuid} until {iso(silence.ends_at_ms)}.")
