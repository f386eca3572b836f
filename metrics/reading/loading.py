"""What a worker reads from the database to hold a cluster. Called in its database thread."""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings as django_settings

from clusters import leases, registry
from clusters.connection.errors import ClusterError
from clusters.connection.settings import ConnectionSettings
from clusters.kinds import decode_record
from clusters.leases import Held
from clusters.mirror.line import Line
from clusters.mirror.verdict import ClusterHealth
from clusters.models import Cluster, ClusterState
from clusters.models import Resource as ResourceRow
from clusters.state.resource import Resource
from metrics.alerts import rows
from metrics.alerts.evaluate import ClusterAlerts
from metrics.reading.window import Identity


@dataclass(frozen=True)
class Loaded:
    """All that is needed to go on where the last worker stopped."""

    name: str
    identity: Identity
    settings: ConnectionSettings
    line: Line
    health: ClusterHealth | None
    number: int
    versions: dict[str, str]
    resources: list[Resource]
    alerts: ClusterAlerts
    credential_expires_at_ms: int | None


def load(held: Held, now_ms: int) -> Loaded | None:
    """The cluster behind a lease; None where it cannot be read (its state says why)."""
    cluster = Cluster.objects.select_related("credential").filter(pk=held.cluster_id).first()
    if cluster is None:
        return None
    state, _ = ClusterState.objects.get_or_create(cluster=cluster)
    try:
        settings = registry.settings_of(
            cluster, django_settings.CLUSTER_KEYRING(), django_settings.CLUSTER_RANGES
        )
    except ClusterError as error:
        _cannot_open(state, error, now_ms)
        return None
    versions = dict(state.versions)
    return Loaded(
        name=cluster.slug,
        identity=Identity(
            cluster_id=cluster.pk,
            uuid=str(cluster.uuid),
            history=cluster.history,
            fence=held.fence,
            settings_version=cluster.settings_version,
        ),
        settings=settings,
        line=_line(state),
        health=ClusterHealth(state.health, state.reason, state.since_ms) if state.since_ms else None,
        number=state.number,
        versions=versions,
        resources=_resources(cluster.pk) if versions else [],
        alerts=rows.restore(cluster.pk),
        credential_expires_at_ms=cluster.credential.expires_at_ms,
    )


def renew(
    owner: str, held: Collection[int], live: Collection[int], now_ms: int
) -> dict[int, tuple[int, int]]:
    """Renew leases and note what was read; fence and settings version of each that is still ours."""
    fences = leases.renew(owner, held, now_ms)
    if live:
        ours = [cluster_id for cluster_id in live if cluster_id in fences]
        ClusterState.objects.filter(cluster_id__in=ours).update(last_read_at_ms=now_ms)
    rows = Cluster.objects.filter(pk__in=fences, is_paused=False).values_list("pk", "settings_version")
    return {cluster_id: (fences[cluster_id], version) for cluster_id, version in rows}


def _resources(cluster_id: int) -> list[Resource]:
    rows = ResourceRow.objects.filter(cluster_id=cluster_id).values_list("kind", "record")
    return [decode_record(kind, bytes(record)) for kind, record in rows.iterator(chunk_size=5_000)]


def _line(state: ClusterState) -> Line:
    """The line as it was; whether it still is, the first probe tells."""
    return Line(
        state=state.connection,
        reason=state.connection_reason,
        message=state.connection_message,
        since_ms=state.connection_since_ms,
        last_read_at_ms=state.last_read_at_ms,
    )


def _cannot_open(state: ClusterState, error: ClusterError, now_ms: int) -> None:
    reason = str(error.reason)
    since_ms = state.connection_since_ms if state.connection_reason == reason else now_ms
    ClusterState.objects.filter(pk=state.pk).update(
        health="no_data",
        reason=reason,
        since_ms=since_ms,
        connection="unreachable" if state.last_read_at_ms else "never_reached",
        connection_reason=reason,
        connection_message=str(error)[:500],
        connection_since_ms=since_ms,
    )
