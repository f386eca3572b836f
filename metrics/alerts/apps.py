"""Django's entry for metrics/alerts/."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Rules and alerts."""

    name = "metrics.alerts"
    label = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What a removed cluster leaves behind is closed at once."""
        from metrics.alerts import abandoned

        abandoned.connect()
