"""manage.py print_rulebook"""

from typing import Any

from django.core.management.base import BaseCommand

from metrics.alerts.documenting import rulebook_table
from metrics.alerts.rules import rulebook


class Command(BaseCommand):
    """Prints the rules as docs/alerts.md shows them."""

    help = "Print every rule that raises alerts, when it does, and which are off, as a table in Markdown."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **options: Any) -> None:
        """Print it, and nothing else."""
        self.stdout.write(rulebook_table(rulebook().values()))
