"""The card of a cluster says what is known and leaves the rest null."""

import json

import pytest

from clusters.state.picture import ClusterValues, cluster_picture, iso
from clusters.state.summary import Cause, Cpu, HealthCounts, KindState, Memory, Summary


def test_a_cluster_never_read_claims_no_number() -> None:
    picture = cluster_picture(ClusterValues(uuid="u-1"))

    assert picture["nodes"]["total"] is None and picture["pods"]["healthy"] is None
    assert picture["cpu"] == {"used_cores": None, "requested_cores": None, "allocatable_cores": None}
    assert picture["version"] is None and picture["as_of"] is None


def test_counts_by_health_stand_beside_their_total() -> None:
    summary = Summary(nodes=HealthCounts(critical=1, healthy=3), nodes_ready=3, nodes_cordoned=1)

    nodes = cluster_picture(ClusterValues(uuid="u-1", summary=summary))["nodes"]

    assert nodes == {
        "total": 4, "ready": 3, "cordoned": 1, "critical": 1, "degraded": 0, "no_data": 0, "pending": 0,
        "silenced": 0, "healthy": 3,
    }  # fmt: skip


def test_pods_we_may_not_list_are_unknown_and_not_none_at_all() -> None:
    summary = Summary(kinds={"Pod": KindState("refused", "forbidden_403", 1_000)})

    picture = cluster_picture(ClusterValues(uuid="u-1", summary=summary))

    assert picture["pods"]["total"] is None
    assert picture["nodes"]["total"] == 0, "an empty list that we could read is a true 0"
    assert picture["kinds"]["Pod"]["since"] == "1970-01-01T00:00:01Z"


def test_causes_connection_and_place_are_written_out() -> None:
    summary = Summary(
        version="v1.36.3",
        cpu=Cpu(1.5, 2.0, 4.0),
        memory=Memory(1, 2, 3),
        causes=[Cause("critical", "NotReady", "Node", "", "n-1", "Node", 1, 2_500, "kubelet stopped")],
        causes_total=1,
        usage_state=KindState("live"),
        usage_at_ms=3_000,
    )
    values = ClusterValues(
        uuid="u-1", connection="live", connection_since_ms=1_000, fence=7, number=41, summary=summary
    )

    picture = cluster_picture(values)

    assert picture["place"] == "7.41"
    assert picture["connection"]["since"] == "1970-01-01T00:00:01Z"
    assert picture["causes"][0]["since"] == "1970-01-01T00:00:02.500Z"
    assert "since_ms" not in picture["causes"][0]
    assert picture["usage"] == {"state": "live", "reason": "", "at": "1970-01-01T00:00:03Z"}
    assert json.loads(json.dumps(picture)) == picture


@pytest.mark.parametrize("at_ms", [10**20, -(10**20), 253_402_300_800_000])
def test_a_moment_outside_the_calendar_is_unknown(at_ms) -> None:
    assert iso(at_ms) is None
