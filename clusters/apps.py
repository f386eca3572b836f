"""Django's entry for clusters/."""

from django.apps import AppConfig


class ClustersConfig(AppConfig):
    """The clusters we know and what is in them."""

    name = "clusters"
    default_auto_field = "django.db.models.BigAutoField"
