"""The clusters we know, how each is read, and what is true in it now."""

import uuid

from django.db import models


class Cluster(models.Model):
    """One registered cluster. Written by the operator's commands; goes with remove_cluster.

    Its UUID is its identity everywhere outside the database; slug and name may change.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    labels = models.JSONField(default=dict, blank=True, help_text="The operator's own, such as env=prod.")
    server = models.URLField(max_length=500, help_text="https address of the API server.")
    tls_server_name = models.CharField(max_length=253, blank=True)
    ca_pem = models.TextField(blank=True, help_text="Empty: the system's certificate authorities.")
    skips_tls_verification = models.BooleanField(default=False)
    proxy_url = models.URLField(max_length=500, blank=True)
    is_paused = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    gentle_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: watched all the time. Else read every so many seconds."
    )
    kube_system_uid = models.CharField(
        max_length=64, blank=True, help_text="Another one behind the same address starts a new history."
    )
    history = models.PositiveIntegerField(default=1, help_text="Rises when the cluster behind it is another.")
    added_at_ms = models.BigIntegerField(help_text="UTC, our clock.")
    settings_version = models.PositiveIntegerField(
        default=1, help_text="Rises with each change that the reader must notice."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Credential(models.Model):
    """The sealed credential of one cluster; only workers can open it. Replaced by set_credential."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="credential")
    kind = models.CharField(max_length=40, help_text="token, client_certificate or service_account.")
    sealed = models.BinaryField(help_text="Format number, key id, sealed bytes; bound to cluster and host.")
    key_id = models.CharField(max_length=16)
    fingerprint = models.CharField(max_length=16, help_text="First of sha256, to tell two apart.")
    expires_at_ms = models.BigIntegerField(null=True, blank=True)
    changed_at_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}"


class Lease(models.Model):
    """Who reads a cluster now. Taken by a conditional UPDATE; the fence rises at each change of hands."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="lease", primary_key=True)
    owner = models.CharField(max_length=120, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    expires_at_ms = models.BigIntegerField(default=0)
    is_handing_over = models.BooleanField(default=False, help_text="Its window is over.")

    def __str__(self) -> str:
        return f"{self.owner or 'nobody'} (fence {self.fence})"


class ClusterState(models.Model):
    """What one cluster's card shows. Written by metrics.pipeline with the rows it sums up.

    `fence` and `number` are the place in the journal; `summary` is clusters.state.summary.Summary.
    """

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="state", primary_key=True)
    fence = models.PositiveBigIntegerField(default=0)
    number = models.PositiveBigIntegerField(default=0)
    taken_at_ms = models.BigIntegerField(null=True, help_text="Our clock, of the place above.")
    health = models.CharField(max_length=10, default="pending", db_index=True)
    reason = models.CharField(max_length=80, blank=True)
    since_ms = models.BigIntegerField(null=True)
    connection = models.CharField(max_length=16, default="never_reached")
    connection_reason = models.CharField(max_length=24, blank=True)
    connection_message = models.CharField(max_length=500, blank=True)
    connection_since_ms = models.BigIntegerField(null=True)
    last_read_at_ms = models.BigIntegerField(null=True)
    next_try_at_ms = models.BigIntegerField(null=True)
    summary = models.BinaryField(default=b"", help_text="Format number, then JSON.")
    versions = models.JSONField(default=dict, help_text="Kind to the resource version the rows are at.")

    def __str__(self) -> str:
        return f"{self.fence}.{self.number} {self.health}"


class Resource(models.Model):
    """One object of a cluster as it is now. Written and removed by metrics.pipeline in batches.

    `record` holds every field the mirror has (a subclass of clusters.state.resource.Resource), so
    that a mirror can be rebuilt from rows; the other columns are what lists filter and sort by.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, db_index=False, related_name="resources")
    kind = models.CharField(max_length=63)
    group = models.CharField(max_length=120, db_column="api_group")
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    health = models.CharField(max_length=10)
    reason = models.CharField(max_length=80)
    node = models.CharField(max_length=253)
    workload = models.CharField(max_length=320)
    record = models.BinaryField(help_text="Format number, then msgpack.")

    class Meta:
        constraints = [
            # Also the index behind each upsert.
            models.UniqueConstraint(fields=["cluster", "kind", "uid"], name="resource_once"),
        ]
        indexes = [
            # Pages of a list, in order.
            models.Index(fields=["cluster", "kind", "namespace", "name"], name="resource_by_name"),
            # Counts and lists by health; the fleet's too.
            models.Index(fields=["kind", "health", "cluster"], name="resource_by_health"),
            # The pods of one node.
            models.Index(fields=["cluster", "node"], name="resource_by_node", condition=~models.Q(node="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"
