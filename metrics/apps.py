"""Django's entry for metrics/."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """What we keep over time."""

    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lists of clusters.api show what pods and nodes use; only we know."""
        from clusters.api.usage import take_usage_from
        from metrics.api.usage import latest_usage

        take_usage_from(latest_usage)
