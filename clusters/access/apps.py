"""Django's entry for clusters/access/."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Who may see what."""

    name = "clusters.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what notices changes of access."""
        from clusters.access import signals  # noqa: F401
