"""manage.py pause_cluster CLUSTER [--resume]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusters import registry
from portal import registering


class Command(BaseCommand):
    """Stops reading a cluster, or begins again."""

    help = "Stop reading a cluster; what was last seen stays. --resume reads it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and which way."""
        parser.add_argument("cluster", help="Name or slug.")
        parser.add_argument("--resume", action="store_true")

    def handle(self, *_: Any, **options: Any) -> None:
        """Pause or resume it."""
        cluster = registering.cluster_named(options["cluster"])
        if options["resume"]:
            registry.resume(cluster, now_ms=registering.now_ms())
            self.stdout.write(f"{cluster.name} is read again.")
        else:
            registry.pause(cluster, now_ms=registering.now_ms())
            self.stdout.write(f"{cluster.name} is paused. Read it again with --resume.")
