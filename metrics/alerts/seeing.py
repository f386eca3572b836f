"""Who may see which alerts: those of the clusters they may see, by the one rule of clusters.access."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from clusters.access.models import User
from clusters.access.visibility import clusters_visible_to
from metrics.alerts.models import Alert, AlertGroup, Silence


def alerts_visible_to(user: User | AnonymousUser) -> QuerySet[Alert]:
    """The alerts of visible clusters; an administrator's also those about the portal itself."""
    seen = Q(cluster__in=clusters_visible_to(user).order_by())
    if user.is_authenticated and user.is_active and user.is_superuser:
        seen |= Q(cluster__isnull=True)
    return Alert.objects.filter(seen)


def groups_visible_to(user: User | AnonymousUser) -> QuerySet[AlertGroup]:
    """The groups with an alert that is visible. Whoever shows one shows only its visible alerts."""
    return AlertGroup.objects.filter(Exists(alerts_visible_to(user).filter(group=OuterRef("pk"))))


def silences_visible_to(user: User | AnonymousUser) -> QuerySet[Silence]:
    """One's own silences, and those that name no cluster or one that is visible."""
    if not isinstance(user, User) or not user.is_active:
        return Silence.objects.none()
    if user.is_superuser:
        return Silence.objects.all()
    visible = set(clusters_visible_to(user).values_list("slug", flat=True))
    seen = [
        pk
        for pk, author, matchers in Silence.objects.values_list("pk", "author_id", "matchers")
        if author == user.pk or _clusters_named(matchers) <= visible
    ]
    return Silence.objects.filter(pk__in=seen)


def _clusters_named(matchers: list[dict[str, str]]) -> set[str]:
    return {one["value"] for one in matchers if one.get("name") == "cluster"}
