"""Whether this machine's worker, or beat, was at work of late: for containers' health checks."""

import socket
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.health import ROLES, age_seconds

# Two workers share the dispatches of every three seconds: each has its turn well within this.
LONGEST_SECONDS = 60


class Command(BaseCommand):
    """Exits with 0 where it was seen, else with 1 and a sentence."""

    help = "Exit with 0 if this machine's worker (or beat, wherever it runs) was seen in the last minute."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("role", choices=ROLES)

    def handle(self, *args: Any, **options: Any) -> None:
        """Look."""
        role = options["role"]
        prefix = f"worker {socket.gethostname()}:" if role == "worker" else ""
        age = age_seconds(role, name_prefix=prefix, now_ms=time.time_ns() // 1_000_000)
        if age is None or age > LONGEST_SECONDS:
            raise CommandError(
                f"{role} " + ("was never seen." if age is None else f"was not seen for {age:.0f} s.")
            )
        self.stdout.write("ok")
