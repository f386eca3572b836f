"""Pages of alerts. Views fetch and hand over; templates show."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clusters.access.models import User
from clusters.state.picture import iso
from metrics.alerts.seeing import silences_visible_to
from metrics.notify.models import QUEUED
from metrics.notify.seeing import destinations_visible_to
from portal.pages.alerts import page, words
from portal.pages.alerts.inbox import VIEWS, Entry, Inbox, read_inbox
from portal.pages.rail import rail

SILENCES_SHOWN = 200


@dataclass(frozen=True)
class Row:
    """One row of the inbox as it is drawn."""

    href: str
    shape: str
    name: str
    where: str
    what: str
    since: str | None
    owner: str
    owner_letters: str
    is_current: bool


@dataclass(frozen=True)
class View:
    """One way to look at the inbox."""

    label: str
    href: str
    count: int
    shape: str
    is_current: bool


@require_safe
@login_required
def alerts(request: HttpRequest) -> HttpResponse:
    """The inbox, with the first alert opened beside it."""
    user = _user(request)
    view = _view(request)
    inbox = read_inbox(user, view=view, now_ms=_now_ms())
    first = next(iter([*inbox.needs_owner, *inbox.owned, *inbox.quiet, *inbox.resolved]), None)
    opened = _page(user, page.group_of(user, first.group.uuid)) if first is not None else {}
    facts = _inbox(inbox, view, current=first.group.pk if first is not None else None)
    return render(request, "pages/alerts.html", {**facts, **opened, "is_list": True})


@require_safe
@login_required
def alert(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One alert, with the inbox beside it."""
    user = _user(request)
    group = page.group_of(user, uuid)
    view = _view(request)
    facts = _inbox(read_inbox(user, view=view, now_ms=_now_ms()), view, current=group.pk)
    return render(request, "pages/alerts.html", {**facts, **_page(user, group), "is_list": False})


@require_safe
@login_required
def silences(request: HttpRequest) -> HttpResponse:
    """What is kept quiet, by whom, why and until when."""
    now_ms = _now_ms()
    rows = (
        silences_visible_to(_user(request))
        .select_related("author", "ended_by")
        .order_by("-ends_at_ms", "-pk")
    )
    entries = [
        {
            "silence": row,
            "matchers": ", ".join(f"{one['name']}{one['op']}{one['value']}" for one in row.matchers),
            "is_active": row.starts_at_ms <= now_ms < row.ends_at_ms,
            "is_later": row.starts_at_ms > now_ms,
            "starts_at": iso(row.starts_at_ms),
            "ends_at": iso(row.ends_at_ms),
            "may_end": now_ms < row.ends_at_ms
            and (_user(request).is_superuser or row.author_id == request.user.pk),
        }
        for row in rows[:SILENCES_SHOWN]
    ]
    return render(request, "pages/silences.html", {"rail": rail("alerts"), "entries": entries})


@require_safe
@login_required
def destinations(request: HttpRequest) -> HttpResponse:
    """Where messages go, and how each does."""
    queued = Q(messages__status=QUEUED)
    seen = destinations_visible_to(_user(request)).select_related("team").prefetch_related("routes__cluster")
    rows = seen.annotate(
        waiting=Count("messages", filter=queued, distinct=True),
        next_try=Min("messages__next_try_at_ms", filter=queued),
    ).order_by("name")  # fmt: skip
    entries = [
        {
            "destination": row,
            "failing_since": iso(row.failing_since_ms),
            "last_success": iso(row.last_success_at_ms),
            "next_try": iso(row.next_try),
            "waiting": row.waiting,
            "routes": row.routes.all(),
        }
        for row in rows
    ]
    return render(request, "pages/destinations.html", {"rail": rail("alerts"), "entries": entries})


def _view(request: HttpRequest) -> str:
    view = request.GET.get("view", "")
    return view if view in VIEWS else VIEWS[0]


def _inbox(inbox: Inbox, view: str, *, current: int | None) -> dict[str, Any]:
    query = "" if view == VIEWS[0] else f"?view={view}"

    def rows(entries: list[Entry]) -> list[Row]:
        return [_row(entry, query, current) for entry in entries]

    sections = (
        (_("Needs an owner"), rows(inbox.needs_owner)),
        (_("Somebody is on it"), rows(inbox.owned)),
        (_("Kept quiet"), rows(inbox.quiet)),
        (_("Resolved in the last 24 h"), rows(inbox.resolved)),
    )
    return {
        "rail": rail("alerts"),
        "views": _views(inbox, view),
        "query": query,
        "sections": [(title, found) for title, found in sections if found],
        "left_out": inbox.left_out,
        "counts": inbox.counts,
    }


def _views(inbox: Inbox, current: str) -> list[View]:
    labels = {
        "firing": (_("Firing"), "critical"),
        "unowned": (_("Needs owner"), "no_data"),
        "mine": (_("Mine"), "pending"),
        "quiet": (_("Kept quiet"), "silenced"),
        "resolved": (_("Resolved 24 h"), "healthy"),
    }
    path = reverse("alerts")
    return [
        View(
            label,
            path if name == VIEWS[0] else f"{path}?view={name}",
            inbox.counts[name],
            shape,
            name == current,
        )
        for name, (label, shape) in labels.items()
    ]


def _row(entry: Entry, query: str, current: int | None) -> Row:
    group, members, face = entry.group, entry.members, entry.face
    owner = group.taken_by.get_username() if group.taken_by else ""
    return Row(
        href=reverse("alert", args=[group.uuid]) + query,
        shape=words.shape_of(severity=members.severity, state=group.state, is_quiet=members.is_quiet),
        name=words.name_of(face.rule),
        where=words.where(entry.names, entry.face.labels),
        what=words.sentence_of(face.rule, face.params, members.rules[face.rule]),
        since=iso(members.since_ms),
        owner=owner,
        owner_letters=owner[:2].upper(),
        is_current=group.pk == current,
    )


def _page(user: User, group: Any) -> dict[str, Any]:
    return {"shown": page.page_of(user, group, now_ms=_now_ms()), "people": page.people_for(user, group)}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
