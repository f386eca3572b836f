"""Django's entry for metrics/notify/."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Destinations, routes and the outbox."""

    name = "metrics.notify"
    label = "notify"
    default_auto_field = "django.db.models.BigAutoField"
