"""manage.py rename_cluster CLUSTER NAME"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusters import registry
from portal import registering


class Command(BaseCommand):
    """Gives a cluster another name, and the slug that goes with it."""

    help = "Rename a cluster. Its address in the portal changes with it; its history stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and the new name."""
        parser.add_argument("cluster", help="Name or slug.")
        parser.add_argument("name")

    def handle(self, *_: Any, **options: Any) -> None:
        """Rename it."""
        cluster = registering.cluster_named(options["cluster"])
        before = cluster.name
        registering.sentence(lambda: registry.rename(cluster, options["name"]))
        self.stdout.write(f"{before} is now {cluster.name}, as {cluster.slug}.")
