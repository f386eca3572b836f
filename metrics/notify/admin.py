"""Django admin of notifications: to look at. Sealed columns are not shown at all."""

from django.contrib import admin

from clusters.admin import ReadOnlyAdmin
from metrics.notify.models import Delivery, Destination, Heartbeat, OutboxMessage, Route


@admin.register(Destination)
class DestinationAdmin(ReadOnlyAdmin):
    """Where messages go."""

    list_display = ("name", "kind", "host", "fingerprint", "is_enabled", "failing_since_ms", "last_answer")
    exclude = ("sealed",)


@admin.register(Route)
class RouteAdmin(ReadOnlyAdmin):
    """Which groups go where."""

    list_display = ("destination", "is_default", "cluster", "selector", "namespace", "team", "severities")
    list_select_related = ("destination", "cluster", "team")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """What is to be told, and was."""

    list_display = ("destination", "tells", "status", "attempts", "created_at_ms", "next_try_at_ms")
    list_filter = ("status",)
    list_select_related = ("destination",)
    list_per_page = 50
    ordering = ("-id",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Attempts."""

    list_display = ("message", "at_ms", "outcome", "status", "latency_ms")
    list_select_related = ("message",)
    list_per_page = 50
    ordering = ("-id",)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """The ping outward."""

    list_display = ("name", "host", "fingerprint", "last_sent_at_ms", "last_answer")
    exclude = ("sealed",)
