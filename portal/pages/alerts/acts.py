"""What people do about alerts on pages. Each act is a POST that leads back to where it was done."""

import time
from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clusters.access.models import User
from metrics.alerts import acts
from metrics.alerts.acts import Actor
from metrics.alerts.audit import PAGE
from metrics.alerts.models import Alert, AlertGroup, Silence
from metrics.alerts.seeing import alerts_visible_to, silences_visible_to
from metrics.alerts.silences import Matcher, SilenceError, parse_matcher
from metrics.alerts.silencing import add_silence as begin_silence
from metrics.alerts.silencing import end_silence as finish_silence
from metrics.alerts.values import RESOLVED
from metrics.notify.seeing import destinations_visible_to
from metrics.notify.trial import begin_test
from portal.pages.alerts import page

HOUR_MS = 3_600_000
HOURS = ("1", "4", "24", "168")


@require_POST
@login_required
def act(request: HttpRequest, uuid: UUID, what: str) -> HttpResponse:
    """Take, give back, assign, note, resolve or silence one alert."""
    user = _user(request)
    group = page.group_of(user, uuid)
    do = _ACTS.get(what)
    if do is None:
        raise Http404
    try:
        do(request, group, Actor(user, PAGE, time.time_ns() // 1_000_000))
    except (acts.ActError, SilenceError) as fault:
        messages.error(request, str(fault))
    return redirect("alert", uuid=group.uuid)


@require_POST
@login_required
def add_silence(request: HttpRequest) -> HttpResponse:
    """Begin a silence of the matchers that were typed."""
    now_ms = time.time_ns() // 1_000_000
    typed = request.POST.get("matchers", "").replace("\n", ",")
    try:
        matchers = [parse_matcher(text) for text in typed.split(",") if text.strip()]
        begin_silence(
            matchers=matchers, reason=request.POST.get("reason", ""), ends_at_ms=now_ms + _hours_ms(request),
            user=_user(request), via=PAGE, now_ms=now_ms,
        )  # fmt: skip
    except SilenceError as fault:
        messages.error(request, str(fault))
    return redirect("silences")


@require_POST
@login_required
def end_silence(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """End a silence now: its author, or an administrator."""
    user = _user(request)
    silence = silences_visible_to(user).filter(uuid=uuid).first()
    if silence is None or not _may_end(user, silence):
        raise Http404
    finish_silence(silence, user=user, via=PAGE, now_ms=time.time_ns() // 1_000_000)
    return redirect("silences")


@require_POST
@login_required
def test_destination(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send a test the way of all alerts; its page shows what comes of it."""
    user = _user(request)
    destination = destinations_visible_to(user).filter(uuid=uuid).first()
    if destination is None or not user.is_superuser:
        raise Http404
    if not destination.is_enabled:
        messages.error(request, _("It is off: manage.py set_destination NAME --enable"))
        return redirect("destinations")
    group = begin_test(destination, user=user, via=PAGE, now_ms=time.time_ns() // 1_000_000)
    return redirect("alert", uuid=group.uuid)


def _take(_request: HttpRequest, group: AlertGroup, actor: Actor) -> None:
    acts.take(group.pk, actor)


def _release(_request: HttpRequest, group: AlertGroup, actor: Actor) -> None:
    acts.release(group.pk, actor)


def _assign(request: HttpRequest, group: AlertGroup, actor: Actor) -> None:
    to = User.objects.filter(username=request.POST.get("to", "")).first()
    if to is None:
        raise acts.ActError(_("Choose somebody who may see this alert."))
    acts.assign(group.pk, to, actor)


def _note(request: HttpRequest, group: AlertGroup, actor: Actor) -> None:
    acts.note(group.pk, request.POST.get("text", ""), actor)


def _resolve(request: HttpRequest, group: AlertGroup, actor: Actor) -> None:
    acts.resolve(group.pk, request.POST.get("reason", ""), actor)


def _silence(request: HttpRequest, group: AlertGroup, actor: Actor) -> None:
    """Keep this cause quiet in each of the clusters where this user sees it."""
    assert actor.user is not None
    ends_at_ms = actor.now_ms + _hours_ms(request)
    seen = alerts_visible_to(actor.user).filter(group=group).exclude(state=RESOLVED).select_related("cluster")
    for matchers in sorted({_scope(group, alert) for alert in seen}, key=str):
        begin_silence(
            matchers=matchers, reason=request.POST.get("reason", ""), ends_at_ms=ends_at_ms,
            user=actor.user, via=PAGE, now_ms=actor.now_ms, group=group,
        )  # fmt: skip


def _scope(group: AlertGroup, alert: Alert) -> tuple[Matcher, ...]:
    """The matchers of the cause behind an alert, in the alert's own cluster."""
    cluster = Matcher("cluster", "=", alert.cluster.slug if alert.cluster else "")
    if group.cause == "image":
        return cluster, Matcher("image", "=", alert.image)
    if group.cause == "workload":
        workload = alert.workload or f"{alert.kind}/{alert.name}"
        return cluster, Matcher("namespace", "=", alert.namespace), Matcher("workload", "=", workload)
    return cluster, Matcher("rule", "=", alert.rule)


_ACTS: dict[str, Callable[[HttpRequest, AlertGroup, Actor], None]] = {
    "take": _take,
    "release": _release,
    "assign": _assign,
    "note": _note,
    "resolve": _resolve,
    "silence": _silence,
}


def _hours_ms(request: HttpRequest) -> int:
    hours = request.POST.get("hours", "")
    if hours not in HOURS:
        raise SilenceError(_("Choose for how long."))
    return int(hours) * HOUR_MS


def _may_end(user: User, silence: Silence) -> bool:
    return user.is_superuser or silence.author_id == user.pk


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
