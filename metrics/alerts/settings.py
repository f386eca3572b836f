"""What people have set about rules, as rows: read for the evaluators, changed with a note of who did it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from clusters.access.models import User
from clusters.models import Cluster
from metrics.alerts.audit import audit
from metrics.alerts.effective import Setting
from metrics.alerts.models import RuleSetting


class Epoch(NamedTuple):
    """Another one wherever a setting was changed, added or taken away."""

    settings: int
    newest_ms: int


class Scope(NamedTuple):
    """Where a setting holds: everywhere where nothing is named."""

    cluster: Cluster | None = None
    selector: str = ""
    namespace: str = ""

    @property
    def text(self) -> str:
        """As it is shown and audited."""
        parts = [
            f"cluster={self.cluster.slug}" if self.cluster else "",
            self.selector,
            f"namespace={self.namespace}" if self.namespace else "",
        ]
        return " ".join(filter(None, parts)) or "everywhere"


def epoch() -> Epoch:
    """Which state the settings are in, in one query."""
    found = RuleSetting.objects.aggregate(settings=Count("pk"), newest_ms=Max("changed_at_ms"))
    return Epoch(found["settings"], found["newest_ms"] or 0)


def load_settings() -> list[Setting]:
    """All of them."""
    return [as_value(row) for row in RuleSetting.objects.order_by("changed_at_ms", "pk")]


def labels_of(cluster_ids: Sequence[int]) -> dict[int, Mapping[str, str]]:
    """The labels of clusters, which settings find them by."""
    return dict(Cluster.objects.filter(pk__in=cluster_ids).values_list("pk", "labels"))


def as_value(row: RuleSetting) -> Setting:
    """A row as it is resolved."""
    return Setting(
        rule=row.rule,
        cluster_id=row.cluster_id,
        selector=row.selector,
        namespace=row.namespace,
        is_off=row.is_off,
        limits=row.limits,
        changed_at_ms=row.changed_at_ms,
    )


def change_rule(
    rule: str,
    scope: Scope,
    *,
    is_off: bool | None,
    limits: Mapping[str, float | int | str],
    user: User | None,
    via: str,
    now_ms: int,
) -> RuleSetting:
    """Set what is named and leave the rest of this scope's setting as it was.

    Whoever calls has checked the names and values against the rulebook.
    """
    with transaction.atomic():
        row = _rows(rule, scope).select_for_update().first() or RuleSetting(
            rule=rule, cluster=scope.cluster, selector=scope.selector, namespace=scope.namespace
        )
        before = _told(row)
        row.is_off = row.is_off if is_off is None else is_off
        row.limits = {**row.limits, **limits}
        row.changed_by, row.changed_at_ms = user, _later_than_all(now_ms)
        row.save()
        params = {"scope": scope.text, "before": before, "after": _told(row)}
        audit(user=user, via=via, action="rule_changed", subject=rule, params=params, now_ms=now_ms)
    return row


def reset_rule(rule: str, scope: Scope, *, user: User | None, via: str, now_ms: int) -> bool:
    """Forget what was set for exactly this scope; False where nothing was."""
    with transaction.atomic():
        row = _rows(rule, scope).select_for_update().first()
        if row is None:
            return False
        params = {"scope": scope.text, "before": _told(row), "after": None}
        row.delete()
        audit(user=user, via=via, action="rule_reset", subject=rule, params=params, now_ms=now_ms)
    return True


def _rows(rule: str, scope: Scope) -> QuerySet[RuleSetting]:
    return RuleSetting.objects.filter(
        rule=rule, cluster=scope.cluster, selector=scope.selector, namespace=scope.namespace
    )


def _later_than_all(now_ms: int) -> int:
    """Evaluators see by the newest that something was set: no two changes are of the same moment."""
    return max(now_ms, epoch().newest_ms + 1)


def _told(row: RuleSetting) -> dict[str, object] | None:
    return {"is_off": row.is_off, "limits": row.limits} if row.pk else None
