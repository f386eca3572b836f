"""Runs pretend clusters: `manage.py simulate --scenario NAME`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusters.simulator import commandline


class Command(BaseCommand):
    """Hands over to the simulator, which knows nothing of Django."""

    help = "Runs pretend Kubernetes clusters and prints one line of JSON that says where they are."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The simulator's own options."""
        commandline.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped."""
        import argparse

        code = commandline.run(argparse.Namespace(**options))
        if code:
            sys.exit(code)
