"""Who may see which cluster: the one rule for pages, REST and sockets."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Q, QuerySet

from clusters.access.models import Grant, User
from clusters.access.selectors import SelectorError, matches, parse_selector
from clusters.models import Cluster, ClusterState


def clusters_visible_to(user: User | AnonymousUser) -> QuerySet[Cluster]:
    """The clusters this user may see; to anybody else the others do not exist.

    A superuser sees all; anybody else what their teams were granted by name or by label selector.
    Demo clusters are out of sight from the first read of a real one on.
    """
    if not user.is_authenticated or not user.is_active:
        return Cluster.objects.none()
    clusters = Cluster.objects.filter(Q(is_demo=False) | ~_a_real_cluster_was_read())
    if user.is_superuser:
        return clusters
    return clusters.filter(pk__in=_granted_to(user))


def visible_cluster(user: User | AnonymousUser, slug: str) -> Cluster | None:
    """The cluster of that slug with its state, or None where there is none for this user."""
    return clusters_visible_to(user).select_related("state").filter(slug=slug).first()


def users_who_see(clusters: Iterable[Cluster]) -> QuerySet[User]:
    """Everybody to whom one of these clusters is visible: `clusters_visible_to` the other way round."""
    wanted = list(Cluster.objects.filter(pk__in=[cluster.pk for cluster in clusters]))
    wanted = [
        one for one in wanted if not one.is_demo or not Cluster.objects.filter(_a_real_cluster_was_read())
    ]
    teams = {grant.team_id for grant in Grant.objects.all() if any(_is_granted(one, grant) for one in wanted)}
    may = Q(is_superuser=True) | Q(teams__in=teams)
    return User.objects.filter(may, is_active=True).distinct() if wanted else User.objects.none()


def _is_granted(cluster: Cluster, grant: Grant) -> bool:
    if grant.namespaces is not None:
        return False
    if grant.cluster_id is not None:
        return grant.cluster_id == cluster.pk
    try:
        return matches(parse_selector(grant.selector), cluster.labels or {})
    except SelectorError:
        return False


def _a_real_cluster_was_read() -> Exists:
    return Exists(ClusterState.objects.filter(cluster__is_demo=False, last_read_at_ms__isnull=False))


def _granted_to(user: User) -> set[int]:
    grants = [
        # A grant of some namespaces only is not a grant of the cluster.
        grant
        for grant in Grant.objects.filter(team__members=user)
        if grant.namespaces is None
    ]
    granted = {grant.cluster_id for grant in grants if grant.cluster_id is not None}
    return granted | _selected_by({grant.selector for grant in grants if grant.selector})


def _selected_by(selectors: set[str]) -> set[int]:
    """The clusters that any of the selectors selects; one that cannot be understood selects nothing."""
    parsed = []
    for selector in selectors:
        try:
            parsed.append(parse_selector(selector))
        except SelectorError:
            continue
    if not parsed:
        return set()
    return {
        pk
        for pk, labels in Cluster.objects.values_list("pk", "labels")
        if any(matches(requirements, labels or {}) for requirements in parsed)
    }
