"""Churn does what it says, and leaves a cluster that works."""

import random

from tests.real.churn import Churn
from tests.real.rig.cluster import Cluster

# What the acts are to the API server: it must have said yes to each at least once.
ASKED = {
    ("patch", "deployments"),
    ("patch", "deployments/scale"),
    ("create", "pods/eviction"),
    ("delete", "pods"),
    ("patch", "nodes"),
    ("create", "namespaces"),
    ("delete", "namespaces"),
    ("create", "jobs"),
    ("delete", "jobs"),
    ("create", "cronjobs"),
    ("patch", "cronjobs"),
}


def test_the_server_sees_each_kind_of_churn_and_every_node_is_back(breakable_cluster: Cluster) -> None:
    cluster = breakable_cluster
    mark = cluster.audit_size_bytes()
    churn = Churn(cluster, seed=random.SystemRandom().randrange(10_000))

    churn.run(seconds=25, acts_a_second=3)

    asked = cluster.rules_used(user="admin", from_byte=mark)
    done = {(each.verb, each.resource) for each in asked if each.code < 300}
    # Objects made by `kubectl apply --server-side` arrive as patches of what is not there yet.
    done |= {("create", each.resource) for each in asked if each.verb == "patch" and each.code == 201}
    assert done >= ASKED, f"seed {churn.seed}"
    cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")
    cluster.check()


def test_the_same_seed_chooses_the_same_acts(cluster: Cluster) -> None:
    first, second = Churn(cluster, 7), Churn(cluster, 7)

    chosen = [[churn._choose().__name__ for _ in range(50)] for churn in (first, second)]

    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) > 5
