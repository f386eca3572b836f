"""manage.py print_cluster_role | kubectl apply -f -"""

from typing import Any

from django.core.management.base import BaseCommand

from clusters.connection.rbac import cluster_role_manifest
from clusters.kinds import all_kinds


class Command(BaseCommand):
    """Prints the account and the rights the portal needs in a cluster."""

    help = "Print the minimal read-only manifest: account, token, ClusterRole and binding."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **options: Any) -> None:
        """Print it, and nothing else."""
        self.stdout.write(cluster_role_manifest(all_kinds()), ending="")
