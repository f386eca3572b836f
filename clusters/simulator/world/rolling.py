"""How a workload changes: more or fewer pods, a new image a quarter at a time, or pods that crash."""

from clusters.simulator.world.living import World
from clusters.simulator.world.naming import template_hash, uid
from clusters.simulator.world.records import Subject
from clusters.simulator.world.things import Container, PodSet, Workload
from clusters.simulator.world.workloads import PROGRESS_DEADLINE_SECONDS, ready, standing


def scale(world: World, workload: Workload, replicas: int) -> None:
    """Somebody wants more or fewer pods."""
    before = workload.replicas
    workload.replicas = replicas
    workload.generation += 1
    current = workload.sets[-1]
    current.wanted = replicas
    direction = "up" if replicas > before else "down"
    subject = Subject("Deployment", workload.namespace, workload.name, workload.uid, "apps/v1")
    if workload.kind == "Deployment":
        message = f"Scaled {direction} replica set {current.name} from {before} to {replicas}"
        world.records.tell(subject, "ScalingReplicaSet", message, component="deployment-controller")
    for pod in standing(current.pods)[replicas:]:
        world.delete_pod(pod)
    if workload.kind == "StatefulSet":
        for index in range(len(current.pods), replicas):
            world.new_pod(current, name=f"{workload.name}-{index}")
    world.want(current)


def roll_out(world: World, workload: Workload, image: str, behaviour: str = "well") -> None:
    """A Deployment gets a new image: new pods come a quarter at a time, old ones leave as those serve."""
    old = workload.sets[-1]
    first, *others = old.containers
    changed = Container(**{**first.__dict__, "image": image})
    workload.generation += 1
    workload.updated_ms = world.now_ms
    workload.is_stalled = False
    workload.containers = [changed, *others]
    new = PodSet(
        workload=workload,
        hash=template_hash(world.chance),
        uid=uid(world.chance),
        revision=old.revision + 1,
        created_ms=world.now_ms,
        containers=workload.containers,
        wanted=0,
        behaviour=behaviour,
    )
    workload.sets.append(new)
    world.settle(workload)
    go_on_rolling(world, workload)
    world.timeline.after(PROGRESS_DEADLINE_SECONDS, lambda: _deadline(world, workload, new))


def go_on_rolling(world: World, workload: Workload) -> None:
    """The next step of a roll-out, if one is under way."""
    new = workload.sets[-1]
    old_pods = [pod for one in workload.sets[:-1] for pod in standing(one.pods)]
    if not old_pods and new.wanted == workload.replicas:
        return
    surge, slack = -(-workload.replicas // 4), workload.replicas // 4
    everybody = len(old_pods) + len(standing(new.pods))
    room = workload.replicas + surge - everybody
    new.wanted = min(workload.replicas, len(standing(new.pods)) + max(room, 0))
    serving = len(ready([pod for one in workload.sets for pod in one.pods]))
    # Pods that do not serve are taken first, as the real controller does.
    spare = serving - (workload.replicas - slack)
    broken = [pod for pod in old_pods if not pod.ready]
    leaving = broken + [pod for pod in old_pods if pod.ready][: max(spare, 0)]
    for pod_set in workload.sets[:-1]:
        pod_set.wanted = len([pod for pod in standing(pod_set.pods) if pod not in leaving])
    for pod in leaving:
        world.delete_pod(pod)
    world.want(new)


def _deadline(world: World, workload: Workload, pod_set: PodSet) -> None:
    if workload.sets[-1] is pod_set and len(ready(pod_set.pods)) < workload.replicas:
        workload.is_stalled = True
        world.settle(workload)


def misbehave(world: World, workload: Workload, behaviour: str) -> None:
    """From now on a workload's pods crash ('crash', 'oom'), each at its own moment; 'well' heals them."""
    pod_set = workload.sets[-1]
    pod_set.behaviour = behaviour
    if behaviour == "well":
        return
    for pod in standing(pod_set.pods):
        world.timeline.after(world.chance.uniform(0.5, 20), lambda pod=pod: world.crash(pod))  # type: ignore[misc]
