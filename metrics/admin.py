"""Django admin of what is kept: all of it is derived, so it can only be looked at."""

from django.contrib import admin

from clusters.admin import ReadOnlyAdmin
from metrics.models import JournalEntry, ProcessSeen, SeriesHour, SeriesTick, Snapshot, UsageRound


class PackedAdmin(ReadOnlyAdmin):
    """Rows with packed columns, newest first; the packed columns are not shown."""

    list_select_related = ("cluster",)
    list_per_page = 50
    ordering = ("-id",)


@admin.register(JournalEntry)
class JournalEntryAdmin(PackedAdmin):
    """What changed."""

    list_display = ("cluster", "history", "fence", "first_number", "last_number", "first_at_ms", "last_at_ms")
    exclude = ("state", "keys", "changes")


@admin.register(Snapshot)
class SnapshotAdmin(PackedAdmin):
    """Keyframes."""

    list_display = ("cluster", "history", "fence", "number", "at_ms")
    exclude = ("state", "picture")


@admin.register(UsageRound)
class UsageRoundAdmin(PackedAdmin):
    """Rounds of pod usage."""

    list_display = ("cluster", "at_ms")
    exclude = ("pods",)


@admin.register(SeriesTick)
class SeriesTickAdmin(PackedAdmin):
    """Figures of one moment."""

    list_display = ("cluster", "at_ms")
    exclude = ("points",)


@admin.register(SeriesHour)
class SeriesHourAdmin(PackedAdmin):
    """Figures of a span of time."""

    list_display = ("cluster", "subject", "step_seconds", "from_ms")
    exclude = ("points",)


@admin.register(ProcessSeen)
class ProcessSeenAdmin(ReadOnlyAdmin):
    """Which processes were seen at work."""

    list_display = ("name", "role", "seen_at_ms")
