"""Django's entry for clusters/access/."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Who may see what."""

    name = "clusters.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
