"""manage.py end_silence ID"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from metrics.alerts.audit import COMMAND
from metrics.alerts.models import Silence
from metrics.alerts.silencing import end_silence
from portal.destination_commands import now_ms


class Command(BaseCommand):
    """Ends a silence now."""

    help = "End a silence now; list_silences shows them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("silence", type=UUID, help="Its id, as list_silences prints it.")

    def handle(self, *_: Any, **options: Any) -> None:
        """End it; twice is the same as once."""
        silence = Silence.objects.filter(uuid=options["silence"]).first()
        if silence is None:
            raise CommandError("There is no such silence. manage.py list_silences shows them.")
        ended = end_silence(silence, user=None, via=COMMAND, now_ms=now_ms())
        self.stdout.write("Ended." if ended else "It was over already.")
