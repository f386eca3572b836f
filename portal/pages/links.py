"""The address behind each number: exactly the list that it counts. Pure but for the names of addresses."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

Picture = dict[str, Any]

LIST_OF_KIND = {"Node": "nodes", "Pod": "pods", "Event": "events"}
"""Every other kind is shown on the list of workloads, or of everything else."""
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def list_of(name: str, slug: str | None = None, **query: str) -> str:
    """A list of the fleet, or of one cluster; empty parts of the query are left out."""
    path = reverse("list", args=[name]) if slug is None else reverse("cluster_list", args=[slug, name])
    asked = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(asked)}" if asked else path


def number_links(slug: str | None = None) -> dict[str, str]:
    """The lists behind the totals; those `_by_health` end where the health is to be added."""
    links = {name: list_of(name, slug) for name in ("nodes", "pods", "workloads")}
    links["clusters"] = reverse("clusters")
    by_health = {f"{name}_by_health": f"{link}?health=" for name, link in links.items()}
    return links | by_health | {"attention": attention(slug or "")}


def attention(slug: str = "", *, page: int = 1) -> str:
    """Every cause in the fleet, or in one cluster."""
    asked = {"cluster": slug, "page": "" if page == 1 else str(page)}
    query = urlencode({key: value for key, value in asked.items() if value})
    return f"{reverse('attention')}?{query}" if query else reverse("attention")


def clusters_of(selector: str) -> str:
    """The clusters whose labels a selector selects."""
    return f"{reverse('clusters')}?{urlencode({'selector': selector})}"


def list_of_kind(kind: str, slug: str) -> str:
    """The list of one kind in one cluster."""
    if kind in LIST_OF_KIND:
        return list_of(LIST_OF_KIND[kind], slug)
    return list_of("workloads" if kind in WORKLOAD_KINDS else "everything", slug, kind=kind)


def cause_link(cause: Picture, slug: str) -> str:
    """The objects that a cause counts."""
    trouble = "critical,degraded"
    if cause["kind"] == "Cluster":
        return reverse("cluster", args=[slug])
    if cause["counted_kind"] == "Node":
        return list_of("nodes", slug, health=cause["health"], reason=cause["reason"])
    if cause["counted_kind"] == "Pod" and cause["kind"] != "Pod":
        workload = f"{cause['kind']}/{cause['name']}"
        return list_of("pods", slug, namespace=cause["namespace"], workload=workload, health=trouble)
    if cause["counted_kind"] == "Pod":
        return list_of("pods", slug, namespace=cause["namespace"], q=cause["name"], health=trouble)
    name = "workloads" if cause["counted_kind"] in WORKLOAD_KINDS else "everything"
    return list_of(
        name, slug, kind=cause["counted_kind"], namespace=cause["namespace"], q=cause["name"], health=trouble
    )
