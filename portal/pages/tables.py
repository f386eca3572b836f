"""Which columns each list shows, and the cells of its rows. Pure but for the names of addresses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clusters.models import Cluster
from portal.pages import formats
from portal.pages.links import list_of
from portal.pages.sentences import connection_sentence, reason_words

Picture = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One cell: a text, perhaps with a shape, a link or a moment."""

    text: str = ""
    css: str = ""
    health: str = ""
    href: str = ""
    moment: str | None = None
    title: str = ""
    counts: str = ""
    """What the text is the number of, where `href` is the list that it counts."""


@dataclass(frozen=True)
class Column:
    """One column of a list."""

    label: str | Promise
    cell: Callable[[Picture, Cluster], Cell]
    is_number: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a list."""

    uid: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """One list: what it is of, and its columns."""

    label: str | Promise
    kinds: str
    columns: tuple[Column, ...]


def rows_of(
    table: Table, pictures: list[Picture], clusters: list[Cluster], *, with_cluster: bool
) -> list[Row]:
    """The rows of a page; with the cluster's name where the list is the fleet's."""
    columns = columns_of(table, with_cluster=with_cluster)
    return [
        Row(picture.get("uid", ""), [column.cell(picture, cluster) for column in columns])
        for picture, cluster in zip(pictures, clusters, strict=True)
    ]


def columns_of(table: Table, *, with_cluster: bool) -> tuple[Column, ...]:
    """The columns of a list."""
    return (table.columns[0], _CLUSTER, *table.columns[1:]) if with_cluster else table.columns


def _name(picture: Picture, cluster: Cluster) -> Cell:
    href = reverse("detail", args=[cluster.slug, picture["kind"], picture["uid"]])
    return Cell(picture["name"], "name", picture["health"], href, title=picture["name"])


def _text(key: str, css: str = "mid") -> Callable[[Picture, Cluster], Cell]:
    return lambda picture, _cluster: Cell(str(picture.get(key) or formats.NO_VALUE), css)


def _number(key: str) -> Callable[[Picture, Cluster], Cell]:
    return lambda picture, _cluster: Cell(formats.count(picture.get(key)), "number")


def _moment(key: str) -> Callable[[Picture, Cluster], Cell]:
    return lambda picture, _cluster: Cell(css="number", moment=picture.get(key), text=formats.NO_VALUE)


def _cores(key: str) -> Callable[[Picture, Cluster], Cell]:
    return lambda picture, _cluster: Cell(formats.cores(picture["cpu"].get(key)), "number")


def _bytes(key: str) -> Callable[[Picture, Cluster], Cell]:
    return lambda picture, _cluster: Cell(formats.memory(picture["memory"].get(key)), "number")


def _why(picture: Picture, _cluster: Cluster) -> Cell:
    reason = picture["reason"]
    return Cell(reason_words(reason) if reason else "", "mid wrap")


def _ready(picture: Picture, _cluster: Cluster) -> Cell:
    replicas = picture.get("replicas")
    if replicas is not None:
        return Cell(f"{formats.count(replicas['ready'])}/{formats.count(replicas['wanted'])}", "number")
    return Cell(str(picture.get("ready") or formats.NO_VALUE), "number")


def _node(picture: Picture, _cluster: Cluster) -> Cell:
    return Cell(picture["node"] or formats.NO_VALUE, "mid name", title=picture["node"])


_CLUSTER = Column(
    _("Cluster"), lambda _picture, cluster: Cell(cluster.name, href=reverse("cluster", args=[cluster.slug]))
)
_NAMESPACE = Column(_("Namespace"), _text("namespace"))
_SINCE = Column(_("Since"), _moment("since"), is_number=True)
_AGE = Column(_("Age"), _moment("created"), is_number=True)
_WHY = Column(_("Why"), _why)

TABLES = {
    "nodes": Table(
        _("Nodes"),
        "Node",
        (
            Column(_("Node"), _name),
            _WHY,
            Column(_("CPU used"), _cores("used_cores"), is_number=True),
            Column(_("Allocatable"), _cores("allocatable_cores"), is_number=True),
            Column(_("Memory used"), _bytes("used_bytes"), is_number=True),
            Column(_("Allocatable"), _bytes("allocatable_bytes"), is_number=True),
            Column(_("Version"), _text("version")),
            _SINCE,
            _AGE,
        ),
    ),
    "workloads": Table(
        _("Workloads"),
        "Workload",
        (
            Column(_("Workload"), _name),
            Column(_("Kind"), _text("kind")),
            _NAMESPACE,
            Column(_("Ready"), _ready, is_number=True),
            _WHY,
            _SINCE,
            _AGE,
        ),
    ),
    "pods": Table(
        _("Pods"),
        "Pod",
        (
            Column(_("Pod"), _name),
            _NAMESPACE,
            Column(_("Status"), _text("status")),
            Column(_("Ready"), _ready, is_number=True),
            Column(_("Restarts"), _number("restarts"), is_number=True),
            Column(_("CPU used"), _cores("used_cores"), is_number=True),
            Column(_("Requested"), _cores("requested_cores"), is_number=True),
            Column(_("Memory used"), _bytes("used_bytes"), is_number=True),
            Column(_("Requested"), _bytes("requested_bytes"), is_number=True),
            Column(_("Node"), _node),
            _SINCE,
        ),
    ),
    "events": Table(
        _("Events"),
        "Event",
        (
            Column(_("Event"), _name),
            _NAMESPACE,
            Column(_("Type"), _text("type")),
            Column(_("Reason"), _text("reason")),
            Column(_("Message"), _text("message", "text")),
            Column(_("Count"), _number("count"), is_number=True),
            Column(_("Last seen"), _moment("last_seen"), is_number=True),
        ),
    ),
    "everything": Table(
        _("Objects"),
        "",
        (Column(_("Name"), _name), Column(_("Kind"), _text("kind")), _NAMESPACE, _WHY, _SINCE, _AGE),
    ),
}


def _cluster_name(picture: Picture, cluster: Cluster) -> Cell:
    return Cell(cluster.name, "name", picture["health"], reverse("cluster", args=[cluster.slug]))


def _total(group: str) -> Callable[[Picture, Cluster], Cell]:
    def cell(picture: Picture, cluster: Cluster) -> Cell:
        total = picture[group]["total"]
        href = "" if total is None else list_of(group, cluster.slug)
        return Cell(formats.count(total), "number", href=href, counts=group if href else "")

    return cell


CLUSTERS = Table(
    _("Clusters"),
    "",
    (
        Column(_("Cluster"), _cluster_name),
        Column(_("State"), lambda picture, _cluster: Cell(connection_sentence(picture), "mid wrap")),
        Column(_("Version"), _text("version")),
        Column(_("Nodes"), _total("nodes"), is_number=True),
        Column(_("Pods"), _total("pods"), is_number=True),
        Column(_("CPU used"), _cores("used_cores"), is_number=True),
        Column(_("Allocatable"), _cores("allocatable_cores"), is_number=True),
        Column(_("Memory used"), _bytes("used_bytes"), is_number=True),
        Column(_("Allocatable"), _bytes("allocatable_bytes"), is_number=True),
        _SINCE,
    ),
)
