"""The whole list of what needs attention: in the fleet, or in one cluster."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.pages import filters, links, reading, sentences, shown
from portal.pages.alerts.attention import Standings
from portal.pages.rail import rail

ROWS_ON_PAGE = 100
_LONGEST_NUMBER = 6


@require_safe
@login_required
def attention(request: HttpRequest) -> HttpResponse:
    """Every cause, worst first, a page at a time."""
    slug = request.GET.get("cluster", "").strip()
    number = _page_number(request)
    facts = _of_cluster(request, slug, number) if slug else _of_fleet(request, number)
    until = (number - 1) * ROWS_ON_PAGE + len(facts["causes"])
    return render(
        request,
        "pages/attention.html",
        {
            "rail": rail(""),
            **facts,
            "shown": filters.shown_text(len(facts["causes"]), facts["total"]),
            "next_href": links.attention(slug, page=number + 1) if until < facts["kept"] else "",
            "first_href": links.attention(slug) if number > 1 else "",
        },
    )


def _of_fleet(request: HttpRequest, number: int) -> dict[str, Any]:
    view = reading.read_fleet(request.user)
    causes = reading.all_causes(view)
    return {
        "causes": shown.cause_rows(_cut(causes, number), view.by_uuid, Standings(request.user)),
        **_numbers(kept=len(causes), total=view.fleet["causes_total"]),
        "scope": sentences.fleet_verdict(view.fleet),
        "as_of": view.fleet["as_of"],
        "has_demo": any(cluster.is_demo for cluster, _picture in view.clusters),
    }


def _of_cluster(request: HttpRequest, slug: str, number: int) -> dict[str, Any]:
    cluster, picture = reading.read_cluster(request.user, slug)
    causes = picture["causes"]
    return {
        "cluster": cluster,
        "cluster_href": reverse("cluster", args=[slug]),
        "causes": shown.own_cause_rows(_cut(causes, number), cluster, Standings(request.user)),
        **_numbers(kept=len(causes), total=picture["causes_total"]),
        "scope": sentences.cluster_verdict(picture),
        "as_of": picture["as_of"],
        "has_demo": cluster.is_demo,
    }


def _numbers(*, kept: int, total: int) -> dict[str, Any]:
    """A cluster keeps the worst of its causes, and counts them all."""
    rest = total - kept
    left_out = _("%(n)s lesser causes are counted, but not kept.") % {"n": f"{rest:,}"} if rest else ""
    return {"kept": kept, "total": total, "left_out": left_out}


def _cut(causes: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return causes[(number - 1) * ROWS_ON_PAGE : number * ROWS_ON_PAGE]


def _page_number(request: HttpRequest) -> int:
    """Which page is asked for; what is no number is the first."""
    text = request.GET.get("page", "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return max(1, int(text)) if is_number else 1
