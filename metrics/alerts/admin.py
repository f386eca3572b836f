"""Django admin of alerts: to look at. People change them by pages, REST and commands, which audit it."""

from django.contrib import admin

from clusters.admin import ReadOnlyAdmin
from metrics.alerts.models import (
    Alert,
    AlertEvent,
    AlertGroup,
    AuditEntry,
    Evaluation,
    RuleSetting,
    Silence,
)


class NewestFirstAdmin(ReadOnlyAdmin):
    """Long tables, the newest row first."""

    list_per_page = 50
    ordering = ("-pk",)


@admin.register(AlertGroup)
class AlertGroupAdmin(NewestFirstAdmin):
    """Causes."""

    list_display = ("rule", "severity", "state", "cause", "key", "opened_at_ms", "taken_by", "flush_at_ms")
    list_filter = ("state", "severity")
    list_select_related = ("taken_by",)


@admin.register(Alert)
class AlertAdmin(NewestFirstAdmin):
    """Alerts."""

    list_display = ("rule", "severity", "state", "cluster", "kind", "namespace", "name", "since_ms")
    list_filter = ("state", "severity", "source")
    list_select_related = ("cluster",)


@admin.register(AlertEvent)
class AlertEventAdmin(NewestFirstAdmin):
    """Trails."""

    list_display = ("at_ms", "what", "group", "alert", "user")
    list_select_related = ("group", "alert", "user")


@admin.register(Silence)
class SilenceAdmin(NewestFirstAdmin):
    """Silences."""

    list_display = ("reason", "author", "starts_at_ms", "ends_at_ms")
    list_select_related = ("author",)


@admin.register(RuleSetting)
class RuleSettingAdmin(NewestFirstAdmin):
    """What was changed of rules."""

    list_display = ("rule", "cluster", "selector", "namespace", "is_off", "limits", "changed_by")
    list_select_related = ("cluster", "changed_by")


@admin.register(Evaluation)
class EvaluationAdmin(NewestFirstAdmin):
    """When rules were last judged."""

    list_display = ("cluster", "evaluated_at_ms", "fence")
    list_select_related = ("cluster",)


@admin.register(AuditEntry)
class AuditEntryAdmin(NewestFirstAdmin):
    """Who changed what."""

    list_display = ("at_ms", "user", "via", "action", "subject")
    list_select_related = ("user",)
