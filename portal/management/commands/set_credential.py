"""manage.py set_credential CLUSTER --token-file - [--server URL]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusters import registry
from clusters.registry import Registration
from portal import registering


class Command(BaseCommand):
    """Gives a registered cluster another credential, and with it, if asked, another address."""

    help = (
        "Give a cluster another credential, after trying it. To change its address, give --server here too: "
        "a credential is bound to the host it was given for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, who, and perhaps where."""
        parser.add_argument("cluster", help="Name or slug.")
        registering.add_login_options(parser)
        registering.add_endpoint_options(parser)
        registering.add_anyway_option(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Try it, then save it."""
        cluster = registering.cluster_named(options["cluster"])
        endpoint = registering.endpoint_of(options, before=registry.endpoint_of(cluster))
        login = registering.login_of(options)
        checks = registering.try_cluster(endpoint, login, but=cluster)
        registering.report(self.stdout, cluster.name, checks, anyway=options["anyway"])
        registration = Registration(name=cluster.name, endpoint=endpoint, login=login)
        registering.save(registration, cluster)
        self.stdout.write(f"{cluster.name} has a new credential.")
