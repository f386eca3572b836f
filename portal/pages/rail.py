"""The rail beside every page: what there is, and nothing that does not work yet."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.pages import links


@dataclass(frozen=True)
class RailEntry:
    """One entry of the rail."""

    label: str
    icon: str
    href: str
    is_current: bool


def rail(current: str) -> list[RailEntry]:
    """The rail: what there is, and nothing that does not work yet."""
    entries = (
        (_("Fleet"), "fleet", reverse("fleet")),
        (_("Clusters"), "clusters", reverse("clusters")),
        (_("Workloads"), "workloads", links.list_of("workloads")),
        (_("Pods"), "pods", links.list_of("pods")),
        (_("Alerts"), "alerts", reverse("alerts")),
    )
    return [RailEntry(label, icon, href, icon == current) for label, icon, href in entries]
