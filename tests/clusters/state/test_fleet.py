"""The fleet is the sum of what is readable now, and says what it left out."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from clusters.state.fleet import Fleet, fleet_picture
from clusters.state.picture import ClusterValues, cluster_picture
from clusters.state.resource import HEALTHS
from clusters.state.summary import Cause, Cpu, HealthCounts, KindState, Memory, Summary

_serial = itertools.count(1)


def a_card(uuid: str = "", *, cpu_used: float | None = 1.0, nodes: int = 2, causes=(), **facts):
    """A live cluster's card."""
    summary = Summary(
        nodes=HealthCounts(healthy=nodes), nodes_ready=nodes, pods=HealthCounts(healthy=10),
        cpu=Cpu(cpu_used, 2.0, 4.0), memory=Memory(1, 2, 4), causes=list(causes), causes_total=len(causes),
    )  # fmt: skip
    ordinary = {"health": "healthy", "connection": "live", "taken_at_ms": 5_000, "summary": summary}
    return cluster_picture(ClusterValues(uuid=uuid or f"u-{next(_serial)}", **{**ordinary, **facts}))


def a_lost_card(**facts):
    """A cluster that was read once and cannot be read now."""
    return a_card(
        **{
            "health": "no_data", "connection": "unreachable", "connection_reason": "refused",
            "connection_since_ms": 9_000, **facts,
        }
    )  # fmt: skip


def a_cause(health: str = "critical", since_ms: int | None = 1_000, name: str = "web") -> Cause:
    return Cause(health, "CrashLoopBackOff", "Deployment", "shop", name, "Pod", 3, since_ms)


def test_a_cluster_that_cannot_be_read_leaves_the_totals_and_is_named() -> None:
    fleet = fleet_picture([a_card(), a_card(), a_lost_card(uuid="lost")])

    assert fleet["nodes"]["total"] == 4
    assert (fleet["clusters"]["current"], fleet["clusters"]["total"]) == (2, 3)
    assert fleet["verdict"]["code"] == "no_data"
    assert [(cause["cluster"], cause["reason"]) for cause in fleet["causes"]] == [("lost", "refused")]


def test_a_sum_that_one_cluster_does_not_know_is_partial() -> None:
    fleet = fleet_picture([a_card(cpu_used=1.5), a_card(cpu_used=None)])

    assert fleet["cpu"]["used_cores"] == 1.5
    assert (fleet["cpu"]["partial"], fleet["cpu"]["left_out"]) == (True, {"used_cores": 1})
    assert fleet["memory"]["partial"] is False


def test_a_sum_that_nobody_knows_is_unknown() -> None:
    fleet = fleet_picture([a_card(cpu_used=None), a_card(cpu_used=None)])

    assert fleet["cpu"]["used_cores"] is None
    assert fleet["cpu"]["requested_cores"] == 4.0


def test_without_any_readable_cluster_every_total_is_unknown() -> None:
    fleet = fleet_picture([a_lost_card(), a_lost_card()])

    assert fleet["nodes"]["total"] is None
    assert fleet["verdict"]["code"] == "nothing_read"


def test_an_empty_fleet_has_nothing_and_says_so() -> None:
    fleet = fleet_picture([])

    assert fleet["verdict"]["code"] == "no_clusters"
    assert fleet["nodes"]["total"] == 0
    assert fleet["as_of"] is None


def test_causes_come_worst_first_then_newest() -> None:
    fleet = fleet_picture(
        [
            a_card("a", health="degraded", causes=[a_cause("degraded", 9_000, "late")]),
            a_card("b", health="critical", causes=[a_cause("critical", 2_000), a_cause("critical", 1_000)]),
            a_card("c", health="critical", causes=[a_cause("critical", 3_500), a_cause("critical", None)]),
        ]
    )

    assert [(cause["cluster"], cause["since"]) for cause in fleet["causes"]] == [
        ("c", "1970-01-01T00:00:03.500Z"), ("b", "1970-01-01T00:00:02Z"), ("b", "1970-01-01T00:00:01Z"),
        ("c", None), ("a", "1970-01-01T00:00:09Z"),
    ]  # fmt: skip
    assert fleet["verdict"]["code"] == "critical"
    assert [cause["cluster"] for cause in fleet["verdict"]["params"]["leading"]] == ["c", "b"]


def test_a_kind_that_is_refused_makes_the_pods_partial() -> None:
    refused = Summary(nodes=HealthCounts(healthy=1), kinds={"Pod": KindState("refused")})

    fleet = fleet_picture([a_card(), a_card(summary=refused)])

    assert fleet["pods"]["total"] == 10
    assert fleet["pods"]["left_out"]["total"] == 1


CORES = st.none() | st.floats(0, 10**6, allow_nan=False)
CAUSES = st.lists(
    st.builds(a_cause, st.sampled_from(HEALTHS[:2]), st.none() | st.integers(0, 10**13)), max_size=4
)
CARDS = st.builds(
    a_card,
    st.sampled_from(["a", "b", "c", "d"]),
    cpu_used=CORES,
    nodes=st.integers(0, 9),
    causes=CAUSES,
    health=st.sampled_from(HEALTHS),
    connection=st.sampled_from(["live", "syncing", "stale", "unreachable", "never_reached", "paused"]),
    taken_at_ms=st.none() | st.integers(0, 10**13),
)


@given(steps=st.lists(CARDS | st.sampled_from(["a", "b", "c", "d"]), max_size=25))
def test_adding_and_taking_away_ends_where_counting_anew_does(steps) -> None:
    fleet, cards = Fleet(), {}
    for step in steps:
        if isinstance(step, str):
            fleet.drop(step)
            cards.pop(step, None)
        else:
            fleet.put(step)
            cards[step["id"]] = step

    assert fleet.picture() == fleet_picture(cards.values())
    assert sum(fleet.picture()["clusters"][health] for health in HEALTHS) == len(cards)
