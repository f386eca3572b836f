"""The rules against simulated clusters, each an hour into its own trouble."""

import time
from collections.abc import Iterator

import pytest

from clusters.kinds import all_kinds
from clusters.kinds.wire import decode_page
from clusters.simulator.scenario import load
from tests.metrics.alerts.matched import Watched
from tests.simulated import SimulatedFleet, simulated

FOUND = {
    "calm": set(),
    "node-lost": {
        "node-not-ready", "node-unreachable", "pod-not-ready", "daemon-set-rollout-stuck",
        "stateful-set-replicas-mismatch",
    },
    "crash-loop": {
        "pod-crash-looping", "pod-not-ready", "pod-out-of-memory", "deployment-replicas-mismatch",
        "deployment-rollout-stuck", "rollout-deadline-exceeded",
    },
    "rollout-stuck": {
        "pod-image-pull-failing", "container-waiting", "pod-not-ready", "deployment-replicas-mismatch",
        "deployment-rollout-stuck", "rollout-deadline-exceeded",
    },
    "filling-up": {"pod-unschedulable", "pod-not-ready", "deployment-replicas-mismatch", "node-pressure"},
}  # fmt: skip


@pytest.fixture(scope="module")
def fleet() -> Iterator[SimulatedFleet]:
    with simulated(*FOUND, frozen=3_600) as started:
        yield started


@pytest.mark.parametrize("scenario", FOUND)
def test_what_is_wrong_in_a_cluster_is_found_and_nothing_else(fleet: SimulatedFleet, scenario: str) -> None:
    cluster = fleet.clusters[load(scenario).cluster]
    watched = Watched()
    watched.now_ms = time.time_ns() // 1_000_000
    for kind in all_kinds():
        page = decode_page(kind, cluster.get(kind.path).body)
        watched.put(*(kind.read(one, watched.now_ms) for one in page.objects))

    assert len(watched.mirror) > 500
    assert {key.rule for key in watched.seen().matches} == FOUND[scenario]
