"""Lists show what pods and nodes use now, and null where nobody could tell."""

import time

import pytest

from metrics.models import SeriesTick, UsageRound
from metrics.series.ticks import pack_tick
from metrics.usage.readings import Usage
from metrics.usage.rounds import pack
from tests.builders import a_cluster, a_node_row, a_pod_row, an_admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(client):
    """The used CPU and memory of each object, by name."""
    client.force_login(an_admin("alice"))

    def ask(query: str = "") -> dict[str, tuple]:
        results = client.get(f"/api/v1/resources/?{query}").json()["results"]
        return {one["name"]: (one["cpu"]["used_cores"], one["memory"]["used_bytes"]) for one in results}

    return ask


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_the_newest_round_of_each_cluster_is_joined_in(shown) -> None:
    one, two = a_cluster("one"), a_cluster("two")
    for cluster, cores in ((one, 0.25), (two, 0.5)):
        a_pod_row(cluster, f"web-{cluster.slug}"), a_pod_row(cluster, f"new-{cluster.slug}")
        old, new = (pack([Usage("shop", f"web-{cluster.slug}", used, 1 << 20)]) for used in (9.0, cores))
        UsageRound.objects.create(cluster=cluster, at_ms=now_ms() - 60_000, pods=old)
        UsageRound.objects.create(cluster=cluster, at_ms=now_ms() - 1_000, pods=new)

    assert shown("kind=Pod") == {
        "web-one": (0.25, 1 << 20), "new-one": (None, None),
        "web-two": (0.5, 1 << 20), "new-two": (None, None),
    }  # fmt: skip


def test_usage_of_long_ago_is_not_what_is_used_now(shown) -> None:
    one = a_cluster("one")
    a_pod_row(one, "web")
    UsageRound.objects.create(
        cluster=one, at_ms=now_ms() - 3_600_000, pods=pack([Usage("shop", "web", 1.0, 1)])
    )

    assert shown() == {"web": (None, None)}


def test_nodes_show_the_newest_tick(shown) -> None:
    one = a_cluster("one")
    a_node_row(one, "n-1"), a_node_row(one, "n-2")
    points = {
        "": {"cpu_used_cores": 9.0, "memory_used_bytes": 1 << 30},
        "Node/n-1": {"cpu_used_cores": 1.5, "memory_used_bytes": 3 << 30},
        "Node/n-2": {"cpu_used_cores": None, "memory_used_bytes": None},
    }
    SeriesTick.objects.create(cluster=one, at_ms=now_ms() - 1_000, points=pack_tick(points))

    assert shown() == {"n-1": (1.5, 3 << 30), "n-2": (None, None)}


def test_a_round_that_cannot_be_read_leaves_the_usage_unknown(shown, caplog) -> None:
    one = a_cluster("one")
    a_pod_row(one, "web")
    UsageRound.objects.create(cluster=one, at_ms=now_ms() - 1_000, pods=b"\x09nonsense")

    assert shown() == {"web": (None, None)}
    assert "cannot be read" in caplog.text
