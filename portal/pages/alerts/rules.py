"""The pages of rules: what is watched for, what somebody changed of it, and changing it."""

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clusters.access.models import User
from clusters.models import Cluster
from clusters.state.picture import iso
from metrics.alerts.audit import PAGE
from metrics.alerts.documenting import condition_words
from metrics.alerts.models import RuleSetting
from metrics.alerts.rules import Rule, rulebook
from metrics.alerts.seeing import alerts_visible_to
from metrics.alerts.settings import Change, Scope, SettingError, change_rule, reset_rule
from portal.pages.alerts import words
from portal.pages.alerts.inbox import OPEN
from portal.pages.rail import rail

LIMIT = "limit-"
"""What the fields of a rule's limits begin with."""


@require_safe
@login_required
def rules(request: HttpRequest) -> HttpResponse:
    """The rulebook, and what of it fires where this user may see."""
    firing = alerts_visible_to(request.user).filter(state__in=OPEN).order_by()
    counts = dict(firing.values_list("rule").annotate(Count("pk")))
    changed = set(RuleSetting.objects.values_list("rule", flat=True)) if _may_change(request) else set()
    entries = [
        {**_facts(rule), "firing": counts.get(rule.id, 0), "is_changed": rule.id in changed}
        for rule in rulebook().values()
    ]
    return render(request, "pages/rules.html", {"rail": rail("alerts"), "entries": entries})


@require_safe
@login_required
def rule(request: HttpRequest, name: str) -> HttpResponse:
    """One rule: its condition, its limits and, for administrators, what was changed and by whom."""
    found = _rule(name)
    may_change = _may_change(request)
    rows = RuleSetting.objects.filter(rule=name).select_related("cluster", "changed_by") if may_change else []
    return render(
        request,
        "pages/rule.html",
        {
            "rail": rail("alerts"),
            **_facts(found),
            "condition": condition_words(found).replace("`", ""),
            "settings": [_setting(row) for row in rows],
            "may_change": may_change,
            "clusters": Cluster.objects.order_by("name").values_list("slug", "name") if may_change else [],
            "limit_prefix": LIMIT,
        },
    )


@require_POST
@login_required
def change(request: HttpRequest, name: str) -> HttpResponse:
    """Switch a rule off or on, or change its limits: for all, or for some."""
    _rule(name)
    if not _may_change(request):
        raise PermissionDenied
    now_ms = time.time_ns() // 1_000_000
    try:
        if "reset" in request.POST:
            reset_rule(name, _scope(request), user=_user(request), via=PAGE, now_ms=now_ms)
        else:
            change_rule(name, _scope(request), _change(request), user=_user(request), via=PAGE, now_ms=now_ms)
    except SettingError as fault:
        messages.error(request, str(fault))
    return redirect("rule", name=name)


def _facts(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule,
        "severity": words.severity_word(rule.severity),
        "shape": words.shape_of(severity=rule.severity, state="firing"),
        "for_minutes": rule.for_ms / 60_000,
        "keep_minutes": rule.keep_firing_for_ms / 60_000,
    }


def _setting(row: RuleSetting) -> dict[str, Any]:
    state = {None: "", True: _("off"), False: _("on")}[row.is_off]
    limits = [f"{name}={_written(value)}" for name, value in sorted(row.limits.items())]
    return {
        "row": row,
        "scope": Scope(row.cluster, row.selector, row.namespace).text,
        "says": ", ".join(filter(None, (state, *limits))),
        "at": iso(row.changed_at_ms),
    }


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scope(request: HttpRequest) -> Scope:
    slug = request.POST.get("cluster", "")
    cluster = Cluster.objects.filter(slug=slug).first() if slug else None
    if slug and cluster is None:
        raise SettingError(_("There is no such cluster."))
    return Scope(cluster, request.POST.get("selector", "").strip(), request.POST.get("namespace", "").strip())


def _change(request: HttpRequest) -> Change:
    typed = {name: str(value).strip() for name, value in request.POST.items()}
    typed = {name: value for name, value in typed.items() if value}
    limits = {name.removeprefix(LIMIT): value for name, value in typed.items() if name.startswith(LIMIT)}
    return Change(
        is_off={"off": True, "on": False}.get(typed.get("switch", "")),
        severity=typed.get("severity"),
        wait=typed.get("for"),
        keep=typed.get("keep"),
        limits={name: _number(value) for name, value in limits.items()},
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingError(_("A limit is a number.")) from None


def _rule(name: str) -> Rule:
    found = rulebook().get(name)
    if found is None:
        raise Http404
    return found


def _may_change(request: HttpRequest) -> bool:
    """Rules are everybody's: who does not see the whole fleet only reads them."""
    return _user(request).is_superuser


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
