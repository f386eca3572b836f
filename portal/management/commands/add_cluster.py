"""manage.py add_cluster NAME --server URL --token-file - [--ca-file FILE] [--label env=prod]"""

import os
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clusters import registry
from clusters.connection.endpoint import Endpoint, checked_ca, checked_server
from clusters.registry import Registration
from portal import registering


class Command(BaseCommand):
    """Registers one cluster, after trying it."""

    help = (
        "Register a cluster by its address and a credential, or, inside a cluster, with --in-cluster. "
        "print_cluster_role makes the account it needs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, where and who."""
        parser.add_argument("name")
        registering.add_endpoint_options(parser)
        registering.add_login_options(parser)
        parser.add_argument("--label", action="append", default=[], help="Such as env=prod; repeatable.")
        registering.add_anyway_option(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Try it, then save it."""
        name = registering.sentence(lambda: registry.checked_name(options["name"]))
        labels = registering.labels_of(options)
        start = _own_endpoint() if options["in_cluster"] else None
        endpoint = registering.endpoint_of(options, before=start)
        if not endpoint.server:
            raise CommandError("--server is missing, such as --server https://api.example.com:6443")
        login = registering.login_of(options)
        checks = registering.try_cluster(endpoint, login)
        registering.report(self.stdout, name, checks, anyway=options["anyway"])
        registration = Registration(
            name=name, endpoint=endpoint, login=login, labels=labels, kube_system_uid=checks.kube_system_uid
        )
        cluster = registering.save(registration, None)
        self.stdout.write(f"Added {cluster.name} as {cluster.slug}.")


def _own_endpoint() -> Endpoint:
    """The API server of the cluster we run in, as Kubernetes tells every pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise CommandError("--in-cluster works in a pod only: KUBERNETES_SERVICE_HOST is not set.")
    address = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    endpoint = Endpoint(server=registering.parsed("KUBERNETES_SERVICE_HOST", checked_server, address))
    ca_file = str(settings.SERVICE_ACCOUNT_FOLDER / "ca.crt")
    ca = registering.parsed(ca_file, checked_ca, registering.read_file(ca_file, "The authority"))
    return replace(endpoint, ca_pem=ca)
