"""Which alerts a cause keeps quiet."""

from hypothesis import given
from hypothesis import strategies as st

from metrics.alerts.inhibition import REACHES, Standing, inhibitions

CLUSTER = Standing(id=1, group=1, kind="Cluster", namespace="", name="", reach="cluster")
NODE = Standing(id=2, group=2, kind="Node", namespace="", name="n1", reach="node")


def pod(
    number: int, *, node: str = "n1", group: int = 9, workload: str = "Deployment/shop", reach: str = ""
) -> Standing:
    return Standing(
        id=number, group=group, kind="Pod", namespace="shop", name=f"shop-{number}",
        node=node, workload=workload, reach=reach,
    )  # fmt: skip


def deployment(number: int, *, group: int = 9, reach: str = "") -> Standing:
    return Standing(id=number, group=group, kind="Deployment", namespace="shop", name="shop", reach=reach)


def test_a_lost_cluster_keeps_everything_in_it_quiet() -> None:
    assert inhibitions([CLUSTER, NODE, pod(3), deployment(4)]) == {2: 1, 3: 1, 4: 1}


def test_a_lost_node_keeps_its_pods_quiet_and_no_others() -> None:
    assert inhibitions([NODE, pod(3), pod(4, node="n2", workload="Deployment/other")]) == {3: 2}


def test_a_workload_in_trouble_on_lost_nodes_alone_is_quiet() -> None:
    assert inhibitions([NODE, pod(3), deployment(4)]) == {3: 2, 4: 2}


def test_a_workload_in_trouble_elsewhere_too_speaks() -> None:
    assert inhibitions([NODE, pod(3), pod(5, node="n2"), deployment(4)]) == {3: 2}


def test_a_pod_without_a_node_speaks_beside_a_lost_node() -> None:
    assert inhibitions([NODE, pod(3, node="")]) == {}


def test_a_stuck_roll_out_keeps_the_pods_of_other_groups_quiet() -> None:
    assert inhibitions([deployment(4, group=4, reach="workload"), pod(3, group=3), pod(5, group=4)]) == {3: 4}


def test_an_image_keeps_its_workload_quiet_and_not_the_other_way() -> None:
    image, stuck = pod(3, group=3, reach="image"), deployment(4, group=4, reach="workload")
    assert inhibitions([image, stuck]) == inhibitions([stuck, image]) == {4: 3}


def test_other_namespaces_are_not_touched() -> None:
    elsewhere = Standing(id=7, group=7, kind="Deployment", namespace="test", name="shop")
    assert inhibitions([deployment(4, group=4, reach="workload"), elsewhere]) == {}


standings = st.lists(
    st.builds(
        Standing,
        id=st.integers(1, 10**6),
        group=st.integers(1, 4),
        kind=st.sampled_from(["Cluster", "Node", "Pod", "Deployment"]),
        namespace=st.sampled_from(["", "a", "b"]),
        name=st.sampled_from(["n1", "n2", "x", "y"]),
        node=st.sampled_from(["", "n1", "n2"]),
        workload=st.sampled_from(["", "Deployment/x"]),
        reach=st.sampled_from(REACHES),
    ),
    unique_by=lambda one: one.id,
)


@given(standings)
def test_somebody_always_speaks(alerts: list[Standing]) -> None:
    """Whoever follows the reasons comes to a group with an alert that is told."""
    quiet = inhibitions(alerts)
    groups = {one.id: one.group for one in alerts}
    assert all(by in groups.values() and by != groups[number] for number, by in quiet.items())
    assert not alerts or len(quiet) < len(alerts)
