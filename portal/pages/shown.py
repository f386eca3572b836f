"""What the pages show, made from pictures: cards, rows of causes, tabs. No query and no markup."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clusters.access.selectors import SelectorError, parse_selector
from clusters.models import Cluster
from portal.pages import links, sentences
from portal.pages.alerts.attention import Standing, Standings

Picture = dict[str, Any]

UNKNOWN = ("refused", "syncing", "unread")
"""States of a kind in which nobody can say how many objects of it there are."""


@dataclass(frozen=True)
class Card:
    """One cluster on the fleet page."""

    name: str
    href: str
    picture: Picture
    is_demo: bool
    note: str


@dataclass(frozen=True)
class Group:
    """Cards under one heading: those of one environment."""

    title: str
    cards: list[Card]
    href: str
    """The list of just these clusters; empty where no selector can tell them from others."""


@dataclass(frozen=True)
class CauseRow:
    """One row of the attention list."""

    health: str
    name: str
    name_href: str
    subtitle: str
    sentence: str
    detail: str
    since: str | None
    href: str
    standing: Standing | None = None
    """The alert that fires of it; None where none does (yet)."""


@dataclass(frozen=True)
class Tab:
    """One tab of a cluster."""

    label: str
    href: str
    total: int | None
    is_current: bool


@dataclass(frozen=True)
class KindRow:
    """How reading one kind goes."""

    name: str
    sentence: str
    total: int | None
    href: str


def groups(clusters: Iterable[tuple[Cluster, Picture]]) -> list[Group]:
    """Cards by the label `env`, then by name: a card keeps its place whatever happens to it."""
    by_env: dict[str | None, list[Card]] = {}
    for cluster, picture in sorted(clusters, key=lambda pair: pair[0].name):
        by_env.setdefault(cluster.labels.get("env"), []).append(card(cluster, picture))
    return [
        Group(_env_title(env), cards, _env_href(env)) for env, cards in sorted(by_env.items(), key=_env_order)
    ]


def card(cluster: Cluster, picture: Picture) -> Card:
    """The card of one cluster."""
    return Card(
        cluster.name, reverse("cluster", args=[cluster.slug]), picture, cluster.is_demo, _note(picture)
    )


def cause_rows(
    causes: Sequence[Picture], clusters: dict[str, Cluster], standings: Standings
) -> list[CauseRow]:
    """The attention list of the fleet; `clusters` by UUID."""
    of_each = zip(causes, standings.of(causes), strict=True)
    return [
        replace(_cause_row(cause, clusters[cause["cluster"]]), standing=alert) for cause, alert in of_each
    ]


def own_cause_rows(causes: Sequence[Picture], cluster: Cluster, standings: Standings) -> list[CauseRow]:
    """The attention list of one cluster: the name in front is what it is about."""
    of_each = zip(causes, standings.of(causes, str(cluster.uuid)), strict=True)
    rows = (replace(_cause_row(cause, cluster), standing=alert) for cause, alert in of_each)
    named = zip(rows, causes, strict=True)
    return [
        replace(
            row,
            name=cause["name"] or sentences.kind_words(cause["kind"]),
            name_href=row.href,
            subtitle=cause["namespace"],
        )
        for row, cause in named
    ]


def _cause_row(cause: Picture, cluster: Cluster) -> CauseRow:
    return CauseRow(
        health=cause["health"],
        name=cluster.name,
        name_href=reverse("cluster", args=[cluster.slug]),
        subtitle=cluster.labels.get("env"),
        sentence=sentences.cause_sentence(cause),
        detail=cause["message"],
        since=cause["since"],
        href=links.cause_link(cause, cluster.slug),
    )


def tabs(picture: Picture, slug: str, current: str) -> list[Tab]:
    """The tabs of a cluster, with what each list counts."""
    kinds = picture["by_kind"]
    entries = (
        ("overview", _("Overview"), reverse("cluster", args=[slug]), None),
        ("nodes", _("Nodes"), links.list_of("nodes", slug), picture["nodes"]["total"]),
        ("workloads", _("Workloads"), links.list_of("workloads", slug), picture["workloads"]["total"]),
        ("pods", _("Pods"), links.list_of("pods", slug), picture["pods"]["total"]),
        ("events", _("Events"), links.list_of("events", slug), kinds.get("Event")),
    )
    return [Tab(label, href, total, name == current) for name, label, href, total in entries]


def kind_rows(picture: Picture, slug: str) -> list[KindRow]:
    """How reading each kind goes, and how many objects of it there are."""
    return [
        KindRow(
            name=kind,
            sentence=_("As last read") if is_dimmed(picture) else sentences.kind_sentence(state),
            total=None if state["state"] in UNKNOWN else picture["by_kind"].get(kind, 0),
            href="" if state["state"] in UNKNOWN else links.list_of_kind(kind, slug),
        )
        for kind, state in sorted(picture["kinds"].items())
    ]


def is_dimmed(picture: Picture) -> bool:
    """Whether this is a last picture, not the present."""
    return str(picture["health"]) == "no_data"


def _note(picture: Picture) -> str:
    """What a card says in place of its bars, where they would mean nothing or not all."""
    if picture["health"] in ("no_data", "pending", "silenced"):
        return sentences.cluster_verdict(picture)
    unread = sentences.unread_kinds(picture)
    if unread:
        return _("Not read: %(kinds)s") % {"kinds": ", ".join(unread)}
    if picture["cpu"]["used_cores"] is None and picture["usage"]["state"] not in (None, "live"):
        return _("Metrics unavailable: no CPU, no memory")
    return ""


def _env_title(env: str | None) -> str:
    words = {"prod": _("Production"), "stage": _("Staging"), "dev": _("Development"), "": _("Clusters")}
    return words.get(env or "", env or "")


def _env_href(env: str | None) -> str:
    selector = "!env" if env is None else f"env={env}"
    try:
        parse_selector(selector)
    except SelectorError:
        return ""
    return links.clusters_of(selector)


def _env_order(entry: tuple[str | None, list[Card]]) -> tuple[int, str]:
    order = ("prod", "production", "stage", "staging", "dev")
    env = entry[0] or ""
    return (order.index(env) if env in order else len(order) + (not env), env)
