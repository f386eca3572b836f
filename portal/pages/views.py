"""The pages. Views fetch and hand over; templates show."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from clusters.access.models import User
from clusters.models import Cluster
from clusters.state.picture import iso
from metrics.notify.watching import current_trouble
from portal.pages import details, filters, links, reading, sentences, shown, tables
from portal.pages.alerts.attention import Standings
from portal.pages.rail import rail
from portal.pages.themes import THEME_COOKIE, THEME_COOKIE_SECONDS, THEMES, theme_of_browser

Picture = dict[str, Any]
HEALTHS_SHOWN = ("critical", "degraded", "no_data", "pending", "silenced", "healthy")
CAUSES_ON_PAGE = 20


def page_facts(request: HttpRequest) -> dict[str, Any]:
    """What every page knows (a context processor): theme, zone, rail."""
    theme = getattr(request.user, "theme", "")
    theme = theme if theme in THEMES else theme_of_browser(request)
    return {
        "theme": theme,
        "other_theme": "light" if theme == "dark" else "dark",
        "time_zone": str(timezone.get_current_timezone()),
        "rail": rail(""),
        "healths": HEALTHS_SHOWN,
        "workers_gone_since": _workers_gone_since(request),
        "delivery_trouble": _delivery_trouble(request),
    }


def _workers_gone_since(request: HttpRequest) -> str | None:
    """The last sign of a worker where there is none now; "" for never, None while all is well."""
    if not request.user.is_authenticated:
        return None
    since_ms = reading.workers_gone_since()
    return None if since_ms is None else iso(since_ms) if since_ms else ""


def _delivery_trouble(request: HttpRequest) -> str:
    """What keeps people from being told, on every page; empty while nothing does."""
    if not request.user.is_authenticated:
        return ""
    trouble = current_trouble(time.time_ns() // 1_000_000)
    if trouble is None:
        return ""
    # Names of destinations and what they answer are for those who set them up.
    return trouble.sentence if request.user.is_superuser else sentences.delivery_trouble(trouble.what)


@require_safe
@login_required
def fleet(request: HttpRequest) -> HttpResponse:
    """Is anything wrong, where, since when."""
    view = reading.read_fleet(request.user)
    names = {uuid: cluster.name for uuid, cluster in view.by_uuid.items()}
    leading = [(names[cause["cluster"]], cause) for cause in view.fleet["verdict"]["params"]["leading"]]
    causes, standings = view.fleet["causes"][:CAUSES_ON_PAGE], Standings(request.user)
    return render(
        request,
        "pages/fleet.html",
        {
            "rail": rail("fleet"),
            "fleet": view.fleet,
            "verdict": sentences.fleet_verdict(view.fleet),
            "lead": sentences.fleet_lead(leading),
            "health": _fleet_health(view.fleet),
            "links": links.number_links(),
            "causes": shown.cause_rows(causes, view.by_uuid, standings),
            "beside": standings.beside(reading.all_causes(view), view.by_uuid),
            "unowned": sentences.unowned(standings.unowned, standings.firing),
            "groups": shown.groups(view.clusters),
            "has_demo": any(cluster.is_demo for cluster, _picture in view.clusters),
        },
    )


@require_safe
@login_required
def clusters(request: HttpRequest) -> HttpResponse:
    """The list of clusters."""
    view = reading.read_fleet(request.user)
    asked, error = filters.cluster_filter(request)
    pairs = filters.matching_clusters(view.clusters, asked)
    table = tables.CLUSTERS
    rows = tables.rows_of(
        table, [picture for _cluster, picture in pairs], [cluster for cluster, _picture in pairs],
        with_cluster=False,
    )  # fmt: skip
    return render(
        request,
        "pages/list.html",
        {
            "rail": rail("clusters"),
            "heading": table.label,
            "heading_small": str(table.label).lower(),
            "scope": sentences.fleet_verdict(view.fleet),
            "columns": table.columns,
            "rows": rows,
            "total": len(rows),
            "shown": filters.shown_text(len(rows), len(rows)),
            "filters": filters.fields(filters.FIELDS_OF_CLUSTERS, asked),
            "error": error,
            "is_filtered": any(asked.values()),
            "all_href": reverse("clusters"),
            "as_of": view.fleet["as_of"],
            "has_demo": any(cluster.is_demo for cluster, _picture in view.clusters),
            **filters.empty_words(is_filtered=any(asked.values())),
        },
    )


@require_safe
@login_required
def cluster(request: HttpRequest, slug: str) -> HttpResponse:
    """One cluster."""
    found, picture = reading.read_cluster(request.user, slug)
    return render(
        request,
        "pages/cluster.html",
        {
            **_cluster_facts(found, picture, current="overview"),
            "links": links.number_links(slug),
            "causes": shown.own_cause_rows(
                picture["causes"][:CAUSES_ON_PAGE], found, Standings(request.user)
            ),
            "usage_sentence": sentences.usage_sentence(picture),
            "kinds": shown.kind_rows(picture, slug),
        },
    )


@require_safe
@login_required
def fleet_list(request: HttpRequest, name: str) -> HttpResponse:
    """A list over all clusters that can be read now."""
    table = _table(name)
    view = reading.read_list(request, None, {"kind": table.kinds})
    scope = sentences.left_out_sentence(view.left_out)
    facts = {
        "rail": rail(name),
        "scope": scope,
        "all_href": links.list_of(name),
        "has_demo": any(cluster.is_demo for cluster in view.clusters),
    }
    return render(
        request, "pages/list.html", {**facts, **_list_facts(request, table, view, with_cluster=True)}
    )


@require_safe
@login_required
def cluster_list(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A list of one cluster."""
    table = _table(name)
    found, picture = reading.read_cluster(request.user, slug)
    view = reading.read_list(request, slug, {"kind": table.kinds})
    return render(
        request,
        "pages/list.html",
        {
            **_cluster_facts(found, picture, current=name),
            **_list_facts(request, table, view, with_cluster=False),
            "all_href": links.list_of(name, slug),
            "listed_kinds": table.kinds,
            "as_of": picture["as_of"],
        },
    )


@require_safe
@login_required
def detail(request: HttpRequest, slug: str, kind: str, uid: str) -> HttpResponse:
    """One object: its state, its latest events, and the command that shows the same."""
    found, picture, view = reading.read_detail(request.user, slug, kind, uid)
    resource = view.resource
    return render(
        request,
        "pages/detail.html",
        {
            **_cluster_facts(found, picture, current=""),
            "resource": resource,
            "sentence": sentences.resource_sentence(resource, sentences.health_word(resource["health"])),
            "facts": details.facts_of(resource, slug),
            "events": view.events,
            "kubectl": view.kubectl,
            "list_href": links.list_of_kind(kind, slug),
            "list_label": sentences.kind_words(kind),
        },
    )


@require_POST
@login_required
def change_theme(request: HttpRequest) -> HttpResponse:
    """Dark or light, kept for this user and this browser."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        raise Http404
    User.objects.filter(username=request.user.get_username()).update(theme=theme)
    there = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    answer = redirect(there if is_ours else "fleet")
    secure = settings.SESSION_COOKIE_SECURE
    answer.set_cookie(
        THEME_COOKIE, theme, max_age=THEME_COOKIE_SECONDS, httponly=True, samesite="Lax", secure=secure
    )
    return answer


def _cluster_facts(cluster: Cluster, picture: Picture, *, current: str) -> dict[str, Any]:
    return {
        "cluster": cluster,
        "picture": picture,
        "cluster_href": reverse("cluster", args=[cluster.slug]),
        "nodes_href": links.list_of("nodes", cluster.slug),
        "verdict": sentences.cluster_verdict(picture),
        "connection_sentence": sentences.connection_sentence(picture),
        "is_dimmed": shown.is_dimmed(picture),
        "tabs": shown.tabs(picture, cluster.slug, current),
        "has_demo": cluster.is_demo,
    }


def _list_facts(
    request: HttpRequest, table: tables.Table, view: reading.ListView, *, with_cluster: bool
) -> dict[str, Any]:
    asked = filters.asked_of(request)
    return {
        "heading": table.label,
        "heading_small": str(table.label).lower(),
        "columns": tables.columns_of(table, with_cluster=with_cluster),
        "rows": tables.rows_of(table, view.results, view.clusters, with_cluster=with_cluster),
        "total": view.total,
        "shown": filters.shown_text(len(view.results), view.total),
        "next_href": filters.next_href(request, view.cursor),
        "first_href": filters.first_href(request),
        "error": view.error,
        "filters": filters.fields(filters.FIELDS_OF_LIST, asked),
        "kept": filters.kept(asked),
        "is_filtered": bool(asked),
        **filters.empty_words(is_filtered=bool(asked)),
    }


def _table(name: str) -> tables.Table:
    if name not in tables.TABLES:
        raise Http404
    return tables.TABLES[name]


def _fleet_health(fleet: Picture) -> str:
    """The worst health that any cluster has."""
    return next((health for health in HEALTHS_SHOWN if fleet["clusters"][health]), "healthy")
