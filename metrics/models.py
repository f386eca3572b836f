"""What is kept over time: the journal, its keyframes, usage rounds, series."""

from django.db import models

from clusters.models import Cluster


class JournalEntry(models.Model):
    """What changed in one cluster from one number to another, under one fence.

    Written by metrics.pipeline in the transaction that changes the Resource rows; joined into longer
    entries by metrics.journal.compaction; pruned by age and size.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, db_index=False, related_name="journal")
    history = models.PositiveIntegerField()
    fence = models.PositiveBigIntegerField(help_text="Rises each time the cluster changes hands.")
    first_number = models.PositiveBigIntegerField()
    last_number = models.PositiveBigIntegerField()
    first_at_ms = models.BigIntegerField(help_text="UTC, our clock.")
    last_at_ms = models.BigIntegerField(help_text="UTC, our clock.")
    state = models.BinaryField(help_text="Format number, then JSON: the cluster's card after this entry.")
    keys = models.BinaryField(help_text="Format number, then 8 bytes of hash for each object in it, sorted.")
    changes = models.BinaryField(help_text="Format number, then msgpack in zstd.")

    class Meta:
        verbose_name_plural = "journal entries"
        constraints = [
            # Also the index behind "since FENCE.N".
            models.UniqueConstraint(fields=["cluster", "fence", "first_number"], name="journal_place_once"),
            models.CheckConstraint(
                condition=models.Q(last_number__gte=models.F("first_number")), name="journal_runs_forward"
            ),
        ]
        # The last entry before a moment, for ?at=; pruning.
        indexes = [models.Index(fields=["cluster", "last_at_ms"], name="journal_by_time")]

    def __str__(self) -> str:
        return f"{self.fence}.{self.first_number}-{self.last_number}"


class Snapshot(models.Model):
    """A keyframe: the whole trimmed picture of one cluster at one moment.

    Written by metrics.pipeline every hour and after every gap; pruned when no journal entry needs it.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, db_index=False, related_name="snapshots")
    history = models.PositiveIntegerField()
    fence = models.PositiveBigIntegerField()
    number = models.PositiveBigIntegerField()
    at_ms = models.BigIntegerField(help_text="UTC, our clock.")
    state = models.BinaryField(help_text="Format number, then JSON: the cluster's card at that moment.")
    picture = models.BinaryField(help_text="Format number, then msgpack in zstd: every resource.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "fence", "number"], name="snapshot_place_once"),
        ]
        # The last keyframe before a moment.
        indexes = [models.Index(fields=["cluster", "at_ms"], name="snapshot_by_time")]

    def __str__(self) -> str:
        return f"{self.fence}.{self.number}"


class UsageRound(models.Model):
    """What all pods of one cluster used at one reading, packed. Kept for a short while only."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, db_index=False, related_name="usage")
    at_ms = models.BigIntegerField(help_text="UTC, our clock.")
    pods = models.BinaryField(help_text="Format number, then columns of names, CPU and memory in zstd.")

    class Meta:
        # The latest round of a cluster.
        constraints = [models.UniqueConstraint(fields=["cluster", "at_ms"], name="usage_round_once")]

    def __str__(self) -> str:
        return f"{self.cluster_id} at {self.at_ms}"


class SeriesTick(models.Model):
    """All figures of one cluster and its nodes at one moment; an hour of them becomes SeriesHour rows."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, db_index=False, related_name="+")
    at_ms = models.BigIntegerField(help_text="UTC, our clock.")
    points = models.BinaryField(help_text="Format number, then msgpack.")

    class Meta:
        # The open hour of a cluster; also keeps a repeated write from counting twice.
        constraints = [models.UniqueConstraint(fields=["cluster", "at_ms"], name="series_tick_once")]

    def __str__(self) -> str:
        return f"{self.cluster_id} at {self.at_ms}"


class SeriesHour(models.Model):
    """The points of one subject (the cluster or one node) over one hour, packed. Pruned by retention."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, db_index=False, related_name="+")
    subject = models.CharField(max_length=320, help_text="Empty: the cluster. Else Node/name and the like.")
    step_seconds = models.PositiveIntegerField(help_text="30, then coarser as it ages.")
    from_ms = models.BigIntegerField(help_text="UTC, our clock; start of the span.")
    points = models.BinaryField(help_text="Format number, then packed columns.")

    class Meta:
        constraints = [
            # Also the window of one subject.
            models.UniqueConstraint(
                fields=["cluster", "subject", "step_seconds", "from_ms"], name="series_hour_once"
            ),
        ]
        # Pruning.
        indexes = [models.Index(fields=["step_seconds", "from_ms"], name="series_hour_by_age")]

    def __str__(self) -> str:
        return f"{self.cluster_id} {self.subject} from {self.from_ms}"


class ProcessSeen(models.Model):
    """When a process of the portal was last seen at work; what /readyz reads."""

    name = models.CharField(max_length=120, primary_key=True)
    role = models.CharField(max_length=16, help_text="worker or beat.")
    seen_at_ms = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "processes seen"

    def __str__(self) -> str:
        return f"{self.role} {self.name}"
