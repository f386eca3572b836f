"""What the inbox reads: open causes with the alerts in them that this user may see."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from clusters.access.models import User
from clusters.models import Cluster
from metrics.alerts.models import Alert, AlertGroup
from metrics.alerts.seeing import alerts_visible_to, groups_visible_to
from metrics.alerts.values import FIRING, RESOLVED, SEVERITIES, UNKNOWN

DAY_MS = 86_400_000
GROUPS_SHOWN = 200
OPEN = (FIRING, UNKNOWN)
VIEWS = ("firing", "unowned", "mine", "quiet", "resolved")


@dataclass
class Members:
    """The visible alerts of one group, counted."""

    total: int = 0
    quiet: int = 0
    """Silenced, or left to the cause behind them."""
    face: int = 0
    """The worst and oldest of them, by primary key."""
    since_ms: int = 0
    severity: str = SEVERITIES[-1]
    states: set[str] = field(default_factory=set)
    rules: Counter[str] = field(default_factory=Counter)
    clusters: dict[int | None, int] = field(default_factory=dict)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody is told of any of them."""
        return self.quiet == self.total


@dataclass(frozen=True)
class Entry:
    """One row of the inbox."""

    group: AlertGroup
    members: Members
    face: Alert
    names: list[str]
    """Of the clusters, those with most alerts first."""


@dataclass(frozen=True)
class Inbox:
    """Every open cause, and how many there are behind each view."""

    needs_owner: list[Entry]
    owned: list[Entry]
    quiet: list[Entry]
    resolved: list[Entry]
    counts: dict[str, int]
    left_out: int


def read_inbox(user: User, *, view: str, now_ms: int) -> Inbox:
    """The inbox as this user may see it, worst first, then newest."""
    groups = groups_visible_to(user).select_related("taken_by")
    found = list(groups.filter(state__in=OPEN))
    members = members_of(alerts_visible_to(user).filter(group__in=[g.pk for g in found], state__in=OPEN))
    found = [group for group in found if group.pk in members]
    found.sort(key=lambda group: (SEVERITIES.index(members[group.pk].severity), -members[group.pk].since_ms))
    loud = [group for group in found if not members[group.pk].is_quiet]
    quiet = [group for group in found if members[group.pk].is_quiet]
    unowned = [group for group in loud if group.taken_by_id is None]
    mine = [group for group in loud if group.taken_by_id == user.pk]
    recent = groups.filter(state=RESOLVED, resolved_at_ms__gte=now_ms - DAY_MS)
    resolved = list(recent.order_by("-resolved_at_ms")[:GROUPS_SHOWN]) if view == "resolved" else []
    members |= members_of(alerts_visible_to(user).filter(group__in=[group.pk for group in resolved]))
    shown = {"firing": loud, "unowned": unowned, "mine": mine}.get(view, [])
    cut, hidden = shown[:GROUPS_SHOWN], quiet[:GROUPS_SHOWN] if view in ("firing", "quiet") else []
    entries = _entries([*cut, *hidden, *resolved], members)
    by_group = {entry.group.pk: entry for entry in entries}
    return Inbox(
        needs_owner=[by_group[group.pk] for group in cut if group.taken_by_id is None],
        owned=[by_group[group.pk] for group in cut if group.taken_by_id is not None],
        quiet=[by_group[group.pk] for group in hidden],
        resolved=[by_group[group.pk] for group in resolved if group.pk in by_group],
        counts={
            "firing": len(loud), "unowned": len(unowned), "mine": len(mine), "quiet": len(quiet),
            "resolved": recent.count(),
        },
        left_out=len(shown) - len(cut),
    )  # fmt: skip


def members_of(alerts: QuerySet[Alert]) -> dict[int, Members]:
    """Alerts counted by their group; in a storm thousands, so only what is counted is read."""
    found: defaultdict[int, Members] = defaultdict(Members)
    columns = (
        "pk", "group_id", "rule", "severity", "state", "since_ms", "cluster_id", "silenced_by_id",
        "inhibited_by_id",
    )  # fmt: skip
    for pk, group, rule, severity, state, since_ms, cluster, silence, inhibitor in alerts.values_list(
        *columns
    ):
        one = found[group]
        is_worse = SEVERITIES.index(severity) < SEVERITIES.index(one.severity)
        if not one.total or is_worse or (severity == one.severity and since_ms < one.since_ms):
            one.face, one.severity = pk, severity
        one.since_ms = min(one.since_ms or since_ms, since_ms)
        one.total += 1
        one.quiet += silence is not None or inhibitor is not None
        one.states.add(state)
        one.rules[rule] += 1
        one.clusters[cluster] = one.clusters.get(cluster, 0) + 1
    return dict(found)


def _entries(groups: Sequence[AlertGroup], members: dict[int, Members]) -> list[Entry]:
    groups = [group for group in groups if group.pk in members]
    faces = Alert.objects.select_related(
        "cluster", "silenced_by", "silenced_by__author", "inhibited_by"
    ).in_bulk([members[group.pk].face for group in groups])
    names = _names(members[group.pk] for group in groups)
    return [
        Entry(
            group, members[group.pk], faces[members[group.pk].face], _sorted_names(members[group.pk], names)
        )
        for group in groups
        if members[group.pk].face in faces
    ]


def _names(members: Iterable[Members]) -> dict[int, str]:
    wanted = {cluster for one in members for cluster in one.clusters if cluster is not None}
    return dict(Cluster.objects.filter(pk__in=wanted).values_list("pk", "name"))


def _sorted_names(members: Members, names: dict[int, str]) -> list[str]:
    known = [(count, names[pk]) for pk, count in members.clusters.items() if pk is not None and pk in names]
    return [name for _, name in sorted(known, key=lambda one: (-one[0], one[1]))]
