"""Sends the demo fleet away for good."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.demo import the_demo


class Command(BaseCommand):
    """Removes the simulated clusters and all that was kept of them; they do not come back."""

    help = "Remove the demo fleet. It does not come back at the next start."

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove it. A running `up` notices and stops the simulator."""
        removed = the_demo().remove()
        self.stdout.write(f"Removed {removed} simulated clusters." if removed else "There is no demo fleet.")
