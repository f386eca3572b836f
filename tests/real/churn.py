"""Bounded churn on a cluster of the rig: roll-outs, scaling, evictions, lost nodes, namespaces, jobs.

    python -m tests.real.churn --cluster data/real/real-1 --seconds 60 --seed 7

The seed decides what is done to whom; when it is felt depends on the cluster.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.rig import workloads
from tests.real.rig.cluster import Cluster
from tests.real.rig.requests import Answer

_CALM = "/apis/apps/v1/namespaces/shop/deployments"
_JOBS = "/apis/batch/v1/namespaces/data/jobs"
_CRON_JOBS = "/apis/batch/v1/namespaces/data/cronjobs"
# Not below: losing every node at once is another test.
_NODES_KEPT = 1
# How long a node stays lost at least: a little more than it takes until the cluster says so.
_NOT_READY_SECONDS = 5.0
_UNKNOWN_SECONDS = 55.0


class ChurnFailed(Exception):
    """The cluster refused something that churn asked for, which is a fault of the churn."""


@dataclass
class Churn:
    """Does one thing after another to a cluster, and remembers what it must put right."""

    cluster: Cluster
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    _made: int = 0
    # Each with the moment from which on it may be found again.
    _lost_nodes: list[tuple[str, float]] = field(default_factory=list)
    _namespaces: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._client = self.cluster.as_admin()
        self._acts: dict[Callable[[], bool], int] = {
            self.roll_out: 5,
            self.scale: 5,
            self.evict: 6,
            self.delete_pod: 4,
            self.break_roll_out: 2,
            self.lose_node: 2,
            self.silence_node: 1,
            self.find_node: 2,
            self.cordon: 2,
            self.add_namespace: 2,
            self.delete_namespace: 2,
            self.run_job: 3,
            self.delete_job: 2,
            self.add_cron_job: 1,
            self.suspend_cron_job: 1,
        }

    def run(self, *, seconds: float, acts_a_second: float = 2.0) -> None:
        """Go on for so long, what was never done before what was; last, bring all nodes back."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self.act(self._choose())
            time.sleep(self._chance.expovariate(acts_a_second))
        for name, _ in self._lost_nodes:
            self.cluster.find_node(name)
        self._lost_nodes.clear()
        self.cluster.kubectl("uncordon", "--selector=kubernetes.io/os=linux")

    def never_done(self) -> set[str]:
        """The acts that have not happened once, whether they were not tried or came to nothing."""
        return {act.__name__ for act in self._acts} - self.done.keys()

    def act(self, act: Callable[[], bool]) -> None:
        """Try one thing, and count it where it has happened: the cluster said yes."""
        if act():
            self.done[act.__name__] += 1

    def roll_out(self) -> bool:
        """A calm Deployment gets a new template, and is mended if it was broken."""
        return self._patch_template({"labels": {"topmast.test/plot": None}}, ready_weight=None)

    def break_roll_out(self) -> bool:
        """A calm Deployment gets a template whose image cannot be pulled."""
        return self._patch_template({"labels": {"topmast.test/plot": "no-image"}}, ready_weight="0")

    def scale(self) -> bool:
        """A calm Deployment gets another number of replicas."""
        replicas = self._chance.randint(0, 7)
        scaled = self._client.patch(f"{self._one_of(_CALM)}/scale", {"spec": {"replicas": replicas}})
        return self._is_done(scaled)

    def evict(self) -> bool:
        """One pod is asked to go, as by a drain."""
        pod = self._some_pod()
        return pod is not None and self.cluster.evict(*pod)

    def delete_pod(self) -> bool:
        """One pod is deleted."""
        pod = self._some_pod()
        return pod is not None and self._delete(f"/api/v1/namespaces/{pod[0]}/pods/{pod[1]}")

    def lose_node(self) -> bool:
        """A node fails, by KWOK's chaos stage."""
        return self._lose(self.cluster.lose_node, for_at_least_seconds=_NOT_READY_SECONDS)

    def silence_node(self) -> bool:
        """A node falls silent; the controllers notice after a while."""
        return self._lose(self.cluster.silence_node, for_at_least_seconds=_UNKNOWN_SECONDS)

    def find_node(self) -> bool:
        """The node that has been lost for longest comes back, once it has been missed."""
        missed = [lost for lost in self._lost_nodes if lost[1] <= time.monotonic()]
        if missed:
            self.cluster.find_node(missed[0][0])
            self._lost_nodes.remove(missed[0])
        return bool(missed)

    def cordon(self) -> bool:
        """A node takes no more pods, or takes them again."""
        name = self._chance.choice(self._names("/api/v1/nodes"))
        cordoned = self._chance.random() < 0.5
        return self._is_done(
            self._client.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": cordoned}})
        )

    def add_namespace(self) -> bool:
        """A namespace with some pods."""
        name = self._new_name("churn")
        self.cluster.apply(
            [
                workloads.namespace(name),
                workloads.deployment(name, "guest", replicas=self._chance.randint(1, 4)),
                workloads.stateful_set(name, "keeper", replicas=1),
            ]
        )
        self._namespaces.append(name)
        return True

    def delete_namespace(self) -> bool:
        """The oldest namespace of ours goes, with all that is in it."""
        return bool(self._namespaces) and self._delete(f"/api/v1/namespaces/{self._namespaces.pop(0)}")

    def run_job(self) -> bool:
        """A Job, one in three of which fails."""
        name = self._new_name("once")
        fails = self._chance.random() < 1 / 3
        manifest = workloads.job("data", name, completions=self._chance.randint(1, 4), fails=fails)
        return self._is_done(self._client.ask("POST", _JOBS, body=manifest))

    def delete_job(self) -> bool:
        """A Job and its pods go."""
        jobs = self._names(_JOBS)
        return bool(jobs) and self._delete(
            f"{_JOBS}/{self._chance.choice(jobs)}?propagationPolicy=Background"
        )

    def add_cron_job(self) -> bool:
        """A CronJob that runs each minute."""
        manifest = workloads.cron_job("data", self._new_name("each-minute"))
        return self._is_done(self._client.ask("POST", _CRON_JOBS, body=manifest))

    def suspend_cron_job(self) -> bool:
        """A CronJob is suspended, or goes on."""
        suspended = self._chance.random() < 0.5
        patched = self._client.patch(self._one_of(_CRON_JOBS), {"spec": {"suspend": suspended}})
        return self._is_done(patched)

    def _choose(self) -> Callable[[], bool]:
        """By chance; every other time among those that have not happened yet, while there are such."""
        undone = [act for act in self._acts if act.__name__ not in self.done]
        if undone and self._chance.random() < 0.5:
            return self._chance.choice(undone)
        return self._chance.choices(list(self._acts), weights=list(self._acts.values()))[0]

    def _lose(self, lose: Callable[[str], None], *, for_at_least_seconds: float) -> bool:
        lost = {name for name, _ in self._lost_nodes}
        well = sorted(set(self._names("/api/v1/nodes")) - lost)
        if len(well) <= _NODES_KEPT:
            return False
        name = self._chance.choice(well)
        lose(name)
        self._lost_nodes.append((name, time.monotonic() + for_at_least_seconds))
        return True

    def _patch_template(self, metadata: dict[str, object], *, ready_weight: str | None) -> bool:
        annotations = {
            "topmast.test/revision": self._new_name("revision"),
            "pod-ready.stage.kwok.x-k8s.io/weight": ready_weight,
        }
        template = {"metadata": metadata | {"annotations": annotations}}
        patched = self._client.patch(self._one_of(_CALM), {"spec": {"template": template}})
        return self._is_done(patched)

    def _some_pod(self) -> tuple[str, str] | None:
        answer = self._client.get("/api/v1/pods?limit=500")
        self._is_done(answer)
        pods = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in answer.json()["items"]]
        return self._chance.choice(pods) if pods else None

    def _names(self, path: str) -> list[str]:
        answer = self._client.get(path)
        self._is_done(answer)
        return sorted(item["metadata"]["name"] for item in answer.json()["items"])

    def _one_of(self, path: str) -> str:
        return f"{path}/{self._chance.choice(self._names(path))}"

    def _new_name(self, what: str) -> str:
        self._made += 1
        return f"{what}-{self.seed}-{self._made}"

    def _delete(self, path: str) -> bool:
        return self._is_done(self._client.ask("DELETE", path))

    def _is_done(self, answer: Answer) -> bool:
        """Gone or changed in between is what churn is about; any other refusal is not."""
        if answer.status >= 400 and answer.status not in (404, 409):
            raise ChurnFailed(f"seed {self.seed}: {answer.status} {answer.body[:500]!r}")
        return answer.status < 300


def main(arguments: list[str] | None = None) -> int:
    """Churn a cluster that `python -m tests.real.rig up` has started."""
    parser = argparse.ArgumentParser(prog="python -m tests.real.churn", description=__doc__)
    parser.add_argument("--cluster", type=Path, required=True, help="its folder, e.g. data/real/real-1")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--acts-a-second", type=float, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    options = parser.parse_args(arguments)
    if not (options.cluster / "ports.json").exists():
        parser.error(f"there is no cluster in {options.cluster}")
    sys.stdout.write(f"Seed {options.seed}\n")
    sys.stdout.flush()
    cluster = Cluster(name=options.cluster.name, folder=options.cluster, dies_with_parent=False)
    churn = Churn(cluster, options.seed)
    churn.run(seconds=options.seconds, acts_a_second=options.acts_a_second)
    sys.stdout.writelines(f"{name}: {count}\n" for name, count in sorted(churn.done.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
