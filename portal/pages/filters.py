"""The filters above a list: plain GET parameters, the same that REST takes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

from clusters.access.selectors import EVERYTHING, SelectorError, matches, parse_selector
from clusters.models import Cluster
from portal.pages.sentences import health_word

Picture = dict[str, Any]

HEALTHS = ("critical", "degraded", "no_data", "pending", "silenced", "healthy")
FIELDS_OF_LIST = ("q", "namespace", "health")
FIELDS_OF_CLUSTERS = ("q", "selector", "health")
FILTERS = ("q", "namespace", "health", "node", "workload", "reason", "cluster", "kind")
"""What the address may ask for; the rest of it is left alone."""


@dataclass(frozen=True)
class Option:
    """One choice."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One filter."""

    name: str
    label: str
    value: str
    options: list[Option] = field(default_factory=list)


def asked_of(request: HttpRequest) -> dict[str, str]:
    """The filters in the address."""
    return {name: value for name in FILTERS if (value := request.GET.get(name, "").strip())}


def fields(names: tuple[str, ...], asked: dict[str, str]) -> list[Field]:
    """The filters as fields of a form."""
    labels = {
        "q": _("Name contains"),
        "namespace": _("Namespace"),
        "health": _("Health"),
        "selector": _("Labels, as env=prod"),
    }
    return [
        Field(name, labels[name], asked.get(name, ""), _health_options(asked) if name == "health" else [])
        for name in names
    ]


def kept(asked: dict[str, str]) -> list[tuple[str, str]]:
    """Filters that came with a link and have no field of their own."""
    return [(name, value) for name, value in asked.items() if name not in FIELDS_OF_LIST]


def next_href(request: HttpRequest, cursor: str | None) -> str:
    """The address of the next page."""
    if cursor is None:
        return ""
    return f"{request.path}?{urlencode({**asked_of(request), 'cursor': cursor})}"


def first_href(request: HttpRequest) -> str:
    """The address of the first page, on any that comes after it."""
    if not request.GET.get("cursor"):
        return ""
    asked = asked_of(request)
    return f"{request.path}?{urlencode(asked)}" if asked else request.path


def shown_text(number: int, total: int) -> str:
    """How much of the list this page shows."""
    if number == total:
        return _("All %(n)s shown") % {"n": f"{total:,}"}
    return _("%(n)s of %(total)s shown") % {"n": f"{number:,}", "total": f"{total:,}"}


def empty_words(*, is_filtered: bool) -> dict[str, str]:
    """What an empty list says."""
    if is_filtered:
        return {"empty_title": _("Nothing matches"), "empty_text": _("No object meets all filters at once.")}
    return {"empty_title": _("Nothing here"), "empty_text": _("There is no object of this kind.")}


def cluster_filter(request: HttpRequest) -> tuple[dict[str, str], str]:
    """The filters of the list of clusters. A wrong selector is said and left out."""
    given = {name: request.GET.get(name, "").strip() for name in FIELDS_OF_CLUSTERS}
    asked = {name: value for name, value in given.items() if value}
    try:
        parse_selector(asked.get("selector", EVERYTHING))
    except SelectorError as fault:
        return {name: value for name, value in asked.items() if name != "selector"}, str(fault)
    return asked, ""


def matching_clusters(
    pairs: Iterable[tuple[Cluster, Picture]], asked: dict[str, str]
) -> list[tuple[Cluster, Picture]]:
    """The clusters that meet the filters."""
    healths = [health for health in asked.get("health", "").split(",") if health]
    wanted = parse_selector(asked.get("selector", EVERYTHING))
    return [
        (cluster, picture)
        for cluster, picture in pairs
        if asked.get("q", "").lower() in cluster.name.lower()
        and (not healths or picture["health"] in healths)
        and matches(wanted, cluster.labels)
    ]


def _health_options(asked: dict[str, str]) -> list[Option]:
    options = [Option(health, health_word(health)) for health in HEALTHS]
    several = asked.get("health", "")
    if several and "," in several:
        words = ", ".join(health_word(health) for health in several.split(","))
        options.append(Option(several, words))
    return options
