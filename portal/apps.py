"""Django's entry for portal/."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The shell: settings, processes, pages, commands."""

    name = "portal"

    def ready(self) -> None:
        """Register the checks."""
        from portal import checks  # noqa: F401
