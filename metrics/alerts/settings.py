"""What people have set about rules, as rows: read for the evaluators, changed with a note of who did it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from clusters.access.models import User
from clusters.access.selectors import SelectorError, parse_selector
from clusters.models import Cluster
from metrics.alerts.audit import audit
from metrics.alerts.conditions import duration_ms
from metrics.alerts.effective import FOR, KEEP, LARGEST, SEVERITY, Setting
from metrics.alerts.models import RuleSetting
from metrics.alerts.rules import Rule, rulebook

SETTABLE = ("critical", "warning", "info")

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Epoch(NamedTuple):
    """Another one wherever a setting was changed, added or taken away."""

    settings: int
    newest_ms: int


class SettingError(ValueError):
    """A setting that cannot be, with a sentence for whoever asked."""


@dataclass(frozen=True)
class Change:
    """What somebody wants of a rule; None is left as it was. Times are written as 90s, 15m or 2h."""

    is_off: bool | None = None
    severity: str | None = None
    wait: str | None = None
    keep: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)


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
    rule: str, scope: Scope, change: Change, *, user: User | None, via: str, now_ms: int
) -> RuleSetting:
    """Set what is named and leave the rest of this scope's setting as it was. Raises SettingError."""
    limits = check(rule, scope, change)
    with transaction.atomic():
        row = _rows(rule, scope).select_for_update().first() or RuleSetting(
            rule=rule, cluster=scope.cluster, selector=scope.selector, namespace=scope.namespace
        )
        before = _told(row)
        row.is_off = row.is_off if change.is_off is None else change.is_off
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


def check(name: str, scope: Scope, change: Change) -> dict[str, float | str]:
    """What a change comes to, as it is stored. Raises SettingError with a sentence."""
    rule = rulebook().get(name)
    if rule is None:
        raise SettingError(f"There is no rule {name[:80]!r}. docs/alerts.md lists them.")
    if rule.is_off and change.is_off is False:
        raise SettingError(f"{name} cannot be switched on: {rule.off_reason}")
    _check_scope(scope)
    limits: dict[str, float | str] = {
        limit: _checked(rule, limit, value) for limit, value in change.limits.items()
    }
    if change.severity is not None:
        if change.severity not in SETTABLE:
            raise SettingError(f"A severity is one of {', '.join(SETTABLE)}.")
        limits[SEVERITY] = change.severity
    for setting, text in ((FOR, change.wait), (KEEP, change.keep)):
        if text is not None:
            limits[setting] = _seconds(text)
    if not limits and change.is_off is None:
        raise SettingError("Say what to change: on or off, how long, how severe, or a limit.")
    return limits


def _check_scope(scope: Scope) -> None:
    if scope.cluster is not None and scope.selector:
        raise SettingError("Name a cluster or labels of clusters, not both.")
    if scope.selector:
        try:
            parse_selector(scope.selector)
        except SelectorError as error:
            raise SettingError(str(error)) from None
    if scope.namespace and not _NAMESPACE.fullmatch(scope.namespace):
        raise SettingError(f"{scope.namespace[:80]!r} cannot be the name of a namespace.")


def _checked(rule: Rule, limit: str, value: float) -> float:
    if limit not in rule.limits:
        known = ", ".join(rule.limits) or "none"
        raise SettingError(f"{rule.id} has no limit {limit[:80]!r}. It has: {known}.")
    if not 0 <= value <= LARGEST:
        raise SettingError(f"The limit {limit} is a number of 0 or more.")
    return value


def _seconds(text: str) -> float:
    try:
        return duration_ms(text) / 1000
    except ValueError as error:
        raise SettingError(f"{error} Write it as 90s, 15m or 2h.") from None


def _rows(rule: str, scope: Scope) -> QuerySet[RuleSetting]:
    return RuleSetting.objects.filter(
        rule=rule, cluster=scope.cluster, selector=scope.selector, namespace=scope.namespace
    )


def _later_than_all(now_ms: int) -> int:
    """Evaluators see by the newest that something was set: no two changes are of the same moment."""
    return max(now_ms, epoch().newest_ms + 1)


def _told(row: RuleSetting) -> dict[str, object] | None:
    return {"is_off": row.is_off, "limits": row.limits} if row.pk else None
