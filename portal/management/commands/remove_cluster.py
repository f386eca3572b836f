"""manage.py remove_cluster CLUSTER"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusters import registry
from portal import registering


class Command(BaseCommand):
    """Forgets a cluster and all that was kept of it. The cluster itself is not touched."""

    help = "Forget a cluster, its credential and its history. Nothing changes in the cluster itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("cluster", help="Name or slug.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Remove it."""
        cluster = registering.cluster_named(options["cluster"])
        registry.remove(cluster)
        self.stdout.write(f"{cluster.name} is removed.")
