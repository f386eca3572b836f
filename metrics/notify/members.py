"""The alerts of groups as rows, and as the pure steps ask about them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metrics.alerts.evaluate import BY_HAND
from metrics.alerts.inhibition import Standing, inhibitions
from metrics.alerts.labelled import place_called
from metrics.alerts.models import Alert, AlertGroup
from metrics.alerts.silences import NAMES, ActiveSilence, labels_of, silence_of
from metrics.alerts.values import FIRING, PENDING, RESOLVED, UNKNOWN
from metrics.notify.facts import GroupFacts, MemberFacts
from metrics.notify.routes import Told as Asked


def members_of(group_ids: Iterable[int]) -> dict[int, list[Alert]]:
    """The alerts of these groups with their clusters, oldest first; those that never fired left out."""
    found: defaultdict[int, list[Alert]] = defaultdict(list)
    rows = Alert.objects.filter(group_id__in=list(group_ids)).exclude(state=PENDING)
    for alert in rows.select_related("cluster").order_by("pk"):
        assert alert.group_id is not None
        found[alert.group_id].append(alert)
    return found


class Inhibitions:
    """Which alerts are kept quiet by the cause behind them, judged once a cluster and round."""

    def __init__(self, reaches: Mapping[str, str]) -> None:
        self._reaches = reaches
        self._by_cluster: dict[int, dict[int, int]] = {}

    def of(self, alert: Alert) -> int | None:
        """The group that keeps an open alert quiet."""
        if alert.cluster_id is None or alert.state == RESOLVED:
            return None
        if alert.cluster_id not in self._by_cluster:
            self._by_cluster[alert.cluster_id] = inhibitions(_standing_in(alert.cluster_id, self._reaches))
        return self._by_cluster[alert.cluster_id].get(alert.pk)


def _standing_in(cluster_id: int, reaches: Mapping[str, str]) -> Iterable[Standing]:
    rows = Alert.objects.filter(
        cluster_id=cluster_id, state__in=(FIRING, UNKNOWN), group__isnull=False, source="topmast"
    )
    columns = rows.values_list("pk", "group_id", "kind", "namespace", "name", "node", "workload", "rule")
    for pk, group, kind, namespace, name, node, workload, rule in columns:
        yield Standing(
            id=pk, group=group, kind=kind, namespace=namespace, name=name, node=node, workload=workload,
            reach=reaches.get(rule, ""),
        )  # fmt: skip


@dataclass(frozen=True)
class Quiet:
    """Which alerts of one group are told to nobody now, and why: alert id to group or silence."""

    inhibited: Mapping[int, int]
    silenced: Mapping[int, int]

    def holds(self, alert: Alert) -> bool:
        """Whether this one is."""
        if alert.state == RESOLVED:
            return self._was_at_its_end(alert)
        return alert.pk in self.inhibited or alert.pk in self.silenced

    def _was_at_its_end(self, alert: Alert) -> bool:
        return (
            alert.inhibited_by_id is not None or alert.silenced_by_id is not None or alert.pk in self.silenced
        )


def quiet_among(
    alerts: Sequence[Alert], inhibited: Inhibitions, silences: Sequence[ActiveSilence], now_ms: int
) -> Quiet:
    """What keeps alerts of a group quiet now."""
    by_group = {alert.pk: group for alert in alerts if (group := inhibited.of(alert)) is not None}
    if not silences:
        return Quiet(by_group, {})
    covered = {alert.pk: silence_of(labels_for(alert), silences, now_ms) for alert in alerts}
    return Quiet(by_group, {pk: silence for pk, silence in covered.items() if silence is not None})


def note_quiet(alerts: Sequence[Alert], quiet: Quiet) -> int:
    """Keep with the open alerts what keeps them quiet; how many became so."""
    newly = 0
    changes: defaultdict[tuple[int | None, int | None], list[int]] = defaultdict(list)
    for alert in alerts:
        if alert.state == RESOLVED:
            continue
        wanted = quiet.inhibited.get(alert.pk), quiet.silenced.get(alert.pk)
        if wanted != (alert.inhibited_by_id, alert.silenced_by_id):
            changes[wanted].append(alert.pk)
            newly += wanted != (None, None)
    for (group, silence), ids in changes.items():
        Alert.objects.filter(pk__in=ids).update(inhibited_by=group, silenced_by=silence)
    return newly


def labels_for(alert: Alert) -> dict[str, str]:
    """What matchers of silences are asked against."""
    cluster = alert.cluster
    return labels_of(
        alert={name: getattr(alert, name) for name in NAMES if name != "cluster"},
        cluster=cluster.slug if cluster else "",
        cluster_labels=cluster.labels if cluster else alert.labels,
    )


def asked(alert: Alert) -> Asked:
    """What routes are asked about."""
    cluster = alert.cluster
    return Asked(
        id=alert.pk,
        severity=alert.severity,
        cluster=str(cluster.uuid) if cluster else "",
        labels=cluster.labels if cluster else alert.labels,
        namespace=alert.namespace,
    )


def facts_of(alert: Alert) -> MemberFacts:
    """What messages are composed of."""
    cluster = alert.cluster
    return MemberFacts(
        uuid=str(alert.uuid),
        rule=alert.rule,
        severity=alert.severity,
        state=alert.state,
        since_ms=alert.since_ms,
        cluster_name=cluster.name if cluster else place_called(alert.labels),
        cluster_slug=cluster.slug if cluster else "",
        cluster_labels=cluster.labels if cluster else alert.labels,
        kind=alert.kind,
        namespace=alert.namespace,
        name=alert.name,
        workload=alert.workload,
        node=alert.node,
        image=alert.image,
        params=alert.params,
        resolved_at_ms=alert.resolved_at_ms,
        unknown_since_ms=alert.unknown_since_ms,
    )


def group_facts(group: AlertGroup, alerts: Iterable[Alert]) -> GroupFacts:
    """The group as messages tell of it."""
    is_by_hand = any(alert.end_reason == BY_HAND for alert in alerts)
    taken_by = group.taken_by
    return GroupFacts(
        uuid=str(group.uuid),
        taken_by=(taken_by.get_full_name() or taken_by.username) if taken_by else "",
        resolved_by_hand=group.resolved_reason if is_by_hand else "",
    )
