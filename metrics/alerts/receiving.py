"""Takes the alerts that Alertmanagers send: finds their clusters, folds them with ours, stores them.

Whoever sends has the sight of the token's user: a cluster that this user may not see is refused as one that
is not there. Only an administrator's token may send of clusters that are not registered.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from django.db import transaction
from django.db.models import Q

from clusters.access.models import User
from clusters.access.visibility import clusters_visible_to
from clusters.models import Cluster, Resource
from metrics import sql
from metrics.alerts import inbound, labelled, rows, storing
from metrics.alerts.evaluate import FIRED
from metrics.alerts.inbound import Payload, Refused, Sent
from metrics.alerts.models import Alert, AlertEvent
from metrics.alerts.storing import InboundTransition
from metrics.alerts.values import FIRING, RESOLVED, UNKNOWN, AlertKey, Subject, Transition

ALSO_SEEN = "also_seen"
"""In the trail of an alert of ours: an Alertmanager sent the same."""

TAKEN_AT_ONCE = 200
"""In one transaction, so that none holds the database for long: some 80 ms."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Receipt:
    """What became of a notification: each of its alerts is counted once."""

    taken: int
    folded: int
    refused: list[Refused]


@dataclass(frozen=True)
class _Place:
    """Where alerts are: a cluster, or none and what they call it."""

    cluster: Cluster | None
    called: str = ""

    @property
    def uuid(self) -> str:
        return str(self.cluster.uuid) if self.cluster else ""

    @property
    def pk(self) -> int | None:
        return self.cluster.pk if self.cluster else None


@dataclass
class _Ours:
    """Our own alerts that are the same as some that were sent: open ones with their group, and quiet ones."""

    open_now: dict[AlertKey, tuple[int, int]] = field(default_factory=dict)
    quiet: set[AlertKey] = field(default_factory=set)


def receive(payload: Payload, user: User, now_ms: int) -> Receipt:
    """Take a notification of an Alertmanager that sends with a token of this user."""
    places = _places(payload.alerts, user)
    refused, by_place = list(payload.refused), defaultdict(list)
    for sent in payload.alerts:
        place = places[sent.cluster]
        if isinstance(place, _Place):
            by_place[place].append(sent)
        else:
            refused.append(Refused(index=sent.index, alert=sent.rule[:80], reason=place))
    folded = 0
    for place, mine in by_place.items():
        for some in _slices(mine):
            with transaction.atomic():
                folded += _Taking(place, some, now_ms).take()
    receipt = Receipt(len(payload.alerts) + len(payload.refused) - len(refused) - folded, folded, refused)
    _tell_log(receipt, payload.left_out, user)
    return receipt


def lapse(now_ms: int) -> int:
    """Make unknown what fires and was not heard of for long: whoever sent it may be dead; how many alerts."""
    before_ms = now_ms - inbound.SILENT_MS
    silent = Alert.objects.filter(source=rows.SENT, state=FIRING, last_true_at_ms__lt=before_ms)
    count = 0
    for cluster_id in list(silent.order_by().values_list("cluster_id", flat=True).distinct()):
        while some := _lapse(cluster_id, before_ms, now_ms):
            count += some
    return count


def _slices(alerts: Sequence[Sent]) -> Iterator[Sequence[Sent]]:
    return (alerts[start : start + TAKEN_AT_ONCE] for start in range(0, len(alerts), TAKEN_AT_ONCE))


def _places(alerts: Iterable[Sent], user: User) -> dict[str, "_Place | str"]:
    """For each name of a cluster the place that is meant, or why there is none."""
    names = {sent.cluster for sent in alerts}
    found: dict[str, list[Cluster]] = {name: [] for name in names}
    visible = clusters_visible_to(user)
    for some in sql.parts(sorted(names)):
        for cluster in visible.filter(Q(slug__in=some) | Q(name__in=some)).order_by("pk"):
            for name in {cluster.slug, cluster.name} & names:
                found[name].append(cluster)
    return {name: _place(name, clusters, user) for name, clusters in found.items()}


def _place(name: str, clusters: Sequence[Cluster], user: User) -> "_Place | str":
    by_slug = [cluster for cluster in clusters if cluster.slug == name]
    if len(by_slug or clusters) == 1:
        return _Place((by_slug or clusters)[0])
    if clusters:
        return f"Several clusters are called {name}: send the slug as the label cluster."
    if user.is_superuser:
        return _Place(None, name)
    if not name:
        return "It has no label cluster."
    return f"Its cluster {name[:80]} is not there, or nothing that you may see."


class _Taking:
    """Alerts of one place on their way into the database, inside the caller's transaction."""

    def __init__(self, place: _Place, alerts: Sequence[Sent], now_ms: int) -> None:
        _lock(place.pk)
        self._place = place
        self._now_ms = now_ms
        self._alerts = [(sent, inbound.fingerprint_of(sent, place.uuid)) for sent in alerts]
        self._known = rows.sent_before([mark for _, mark in self._alerts])
        self._ours = _ours(place, alerts, now_ms)
        self._also_seen: dict[int, int] = {}
        self._found: list[tuple[Sent, str, Transition]] = []

    def take(self) -> int:
        """Store what becomes of them; how many are folded with ours."""
        count = sum(self._fold(sent, mark) or self._hear(sent, mark) for sent, mark in self._alerts)
        self._store()
        _note_also_seen(self._also_seen, self._now_ms)
        return count

    def _fold(self, sent: Sent, mark: str) -> bool:
        """Leave it to our own rule, where that has the same."""
        key = _own_key(sent)
        fires = sent.ends_ms is None
        if key not in self._ours.open_now and key not in self._ours.quiet:
            return False
        if not fires:
            return mark not in self._known
        self._happens(sent, mark, inbound.folded(self._known.get(mark), self._now_ms))
        if key in self._ours.open_now:
            alert_id, group_id = self._ours.open_now[key]
            self._also_seen[alert_id] = group_id
        return True

    def _hear(self, sent: Sent, mark: str) -> bool:
        self._happens(sent, mark, inbound.heard(sent, self._known.get(mark), self._now_ms))
        return False

    def _happens(self, sent: Sent, mark: str, transitions: Iterable[Transition]) -> None:
        for one in transitions:
            self._found.append((sent, mark, one))
            now = inbound.after(one)
            if now is None:
                self._known.pop(mark, None)
            else:
                self._known[mark] = now

    def _store(self) -> None:
        begun = [one.alert.key.subject for _, _, one in self._found if one.what == FIRED]
        places = _pods(self._place.pk, begun)
        found = [
            InboundTransition(mark, sent.labels, _placed(one, places) if one.what == FIRED else one)
            for sent, mark, one in self._found
        ]
        called = self._place.uuid or self._place.called
        storing.store_inbound(self._place.pk, called, found, labelled.cause_of_sent, self._now_ms)


def _lock(cluster_id: int | None) -> None:
    """Have whoever else takes alerts of that cluster wait; two of a pair send the same at once."""
    if cluster_id is not None:
        list(Cluster.objects.select_for_update(no_key=True).filter(pk=cluster_id).values_list("pk"))


def _own_key(sent: Sent) -> AlertKey | None:
    """What our own alert of the same would be known by; None where no rule of ours has that name."""
    rule = labelled.rule_of(sent.rule)
    return None if rule is None else AlertKey(rule.id, sent.subject)


def _ours(place: _Place, alerts: Iterable[Sent], now_ms: int) -> _Ours:
    keys = {key for sent in alerts if (key := _own_key(sent)) is not None}
    ours = _Ours()
    if place.cluster is None:
        return ours
    told = Q(state__in=(FIRING, UNKNOWN), group__isnull=False)
    quiet = Q(state=RESOLVED, quiet_until_ms__gt=now_ms)
    mine = Alert.objects.filter(told | quiet, cluster=place.cluster, source=rows.OURS)
    for some in sql.parts(sorted({key.subject.name for key in keys})):
        found = mine.filter(rule__in={key.rule for key in keys}, name__in=some)
        columns = ("rule", "kind", "namespace", "name", "state", "pk", "group_id")
        for rule, kind, namespace, name, state, pk, group_id in found.values_list(*columns):
            key = AlertKey(rule, Subject(kind, namespace, name))
            if state == RESOLVED:
                ours.quiet.add(key)
            else:
                ours.open_now[key] = (pk, group_id)
    return ours


def _pods(cluster_id: int | None, subjects: Iterable[Subject]) -> dict[tuple[str, str], tuple[str, str]]:
    """Node and workload of the pods among these, as far as we have read them: with these ours are grouped."""
    names = sorted({one.name for one in subjects if one.kind == "Pod"})
    found: dict[tuple[str, str], tuple[str, str]] = {}
    if cluster_id is None:
        return found
    for some in sql.parts(names):
        pods = Resource.objects.filter(cluster_id=cluster_id, kind="Pod", name__in=some)
        for namespace, name, node, workload in pods.values_list("namespace", "name", "node", "workload"):
            found[namespace, name] = (node, workload)
    return found


def _placed(fired: Transition, pods: dict[tuple[str, str], tuple[str, str]]) -> Transition:
    match = fired.alert.match
    subject = match.key.subject
    node, workload = pods.get((subject.namespace, subject.name), ("", ""))
    if subject.kind != "Pod" or not (node or workload):
        return fired
    match = msgspec.structs.replace(match, node=node, workload=workload or match.workload)
    return msgspec.structs.replace(fired, alert=msgspec.structs.replace(fired.alert, match=match))


def _note_also_seen(alerts: dict[int, int], now_ms: int) -> None:
    """One line in the trail of each alert of ours, however often it is sent."""
    noted = AlertEvent.objects.filter(alert__in=list(alerts), what=ALSO_SEEN)
    for alert_id in noted.values_list("alert_id", flat=True):
        alerts.pop(alert_id or 0, None)
    AlertEvent.objects.bulk_create(
        AlertEvent(
            alert_id=alert_id, group_id=group_id, at_ms=now_ms, what=ALSO_SEEN, params={"by": rows.SENT}
        )
        for alert_id, group_id in alerts.items()
    )


def _lapse(cluster_id: int | None, before_ms: int, now_ms: int) -> int:
    with transaction.atomic():
        _lock(cluster_id)
        silent = rows.silent_since(cluster_id, before_ms, sql.AT_ONCE)
        found = [InboundTransition(mark, {}, inbound.lapsed(one, now_ms)) for mark, one in silent.items()]
        storing.store_inbound(cluster_id, "", found, labelled.cause_of_sent, now_ms)
    return len(found)


def _tell_log(receipt: Receipt, left_out: int, user: User) -> None:
    """The Alertmanager shows an answer to nobody: what was not taken is said here too."""
    if receipt.refused:
        first = receipt.refused[0]
        log.warning(
            "%d alerts sent by %s were refused, the first %r: %s",
            len(receipt.refused), user.username, first.alert, first.reason,
        )  # fmt: skip
    if left_out:
        log.warning("%d alerts were not sent to us: the Alertmanager's max_alerts cut them off", left_out)
