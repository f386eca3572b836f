"""Django's entry for metrics/."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """What we keep over time."""

    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"
