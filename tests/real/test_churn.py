"""Churn goes by its seed, and counts what has happened, not what was tried."""

from tests.real.churn import Churn
from tests.real.rig.cluster import Cluster


def test_the_same_seed_chooses_the_same_acts(cluster: Cluster) -> None:
    first, second = Churn(cluster, 7), Churn(cluster, 7)

    chosen = [[churn._choose().__name__ for _ in range(50)] for churn in (first, second)]

    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) > 5


def test_what_came_to_nothing_is_not_counted(cluster: Cluster) -> None:
    churn = Churn(cluster, 7)
    everything = churn.never_done()

    for act in (churn.find_node, churn.delete_namespace):  # Nothing is lost, and no namespace is ours.
        churn.act(act)

    assert not churn.done
    assert churn.never_done() == everything
    assert {"roll_out", "scale", "evict", "lose_node", "delete_namespace", "run_job"} <= everything
