"""A simulated cluster's life: pods are scheduled, start, crash, are replaced; controllers keep count.

Each change is written to the store at once, and each write is one watch event.
"""

import random
from collections.abc import Callable

from clusters.simulator.store import Store, encode
from clusters.simulator.world.naming import suffix, template_hash, uid
from clusters.simulator.world.pods import back_off_seconds, pod_body
from clusters.simulator.world.records import Records, Subject
from clusters.simulator.world.things import CronJob, Node, Pod, PodSet, Workload
from clusters.simulator.world.timeline import Timeline
from clusters.simulator.world.workloads import (
    replica_set_body,
    standing,
    workload_body,
)

DEFAULT_POOL = "general"
API_VERSIONS = {"Job": "batch/v1", "CronJob": "batch/v1"}
START_SECONDS = (1.0, 4.0)
READY_SECONDS = (1.0, 5.0)
CRASH_SECONDS = (2.0, 6.0)
STOP_SECONDS = (1.0, 4.0)


class World:
    """Everything in one cluster, and what it does next."""

    def __init__(self, store: Store, timeline: Timeline, seed: str) -> None:
        self.store = store
        self.timeline = timeline
        self.chance = random.Random(seed)
        self.records = Records(store, timeline, random.Random(f"{seed} events"))
        self.nodes: dict[str, Node] = {}
        self.workloads: dict[tuple[str, str, str], Workload] = {}
        self.crons: dict[tuple[str, str], CronJob] = {}
        self.pods: dict[str, Pod] = {}
        self.evict_after_seconds = 300.0
        # What follows elsewhere: a roll-out's next step, and a CronJob's bookkeeping.
        self.on_ready: Callable[[Workload], None] = lambda workload: None
        self.on_finished: Callable[[CronJob, Workload], None] = lambda cron, job: None

    @property
    def now_ms(self) -> int:
        """The world's present."""
        return self.timeline.now_ms

    def subject(self, pod: Pod) -> Subject:
        """A pod as the subject of events."""
        return Subject("Pod", pod.set.workload.namespace, pod.name, pod.uid)

    def publish_pod(self, pod: Pod) -> None:
        """Write a pod as it is now."""
        self.store.put("Pod", encode("Pod", pod_body(pod)))

    def new_pod(self, pod_set: PodSet, name: str = "") -> Pod:
        """A new pod of a set; it starts its life at once."""
        pod = Pod(
            name=name or f"{pod_set.name}-{suffix(self.chance)}",
            uid=uid(self.chance),
            set=pod_set,
            created_ms=self.now_ms,
            since_ms=self.now_ms,
            phase=self.chance.random() * 6.28,
            volume=suffix(self.chance),
        )
        pod_set.pods.append(pod)
        self.pods[pod.key] = pod
        self.publish_pod(pod)
        owner = self._owner(pod_set)
        message = f"Created pod: {pod.name}"
        component = f"{owner.kind.lower()}-controller"
        self.records.tell(owner, "SuccessfulCreate", message, component=component)
        self.schedule(pod)
        return pod

    def _owner(self, pod_set: PodSet) -> Subject:
        workload = pod_set.workload
        if workload.kind == "Deployment":
            return Subject("ReplicaSet", workload.namespace, pod_set.name, pod_set.uid, "apps/v1")
        api_version = API_VERSIONS.get(workload.kind, "apps/v1")
        return Subject(workload.kind, workload.namespace, workload.name, workload.uid, api_version)

    def schedule(self, pod: Pod) -> None:
        """Find a pod its node, now or later."""
        if pod.key not in self.pods or pod.deleted_ms:
            return
        node = self.place_for(pod)
        if node is None:
            self._cannot_schedule(pod)
            return
        self.bind(pod, node)
        pod.state, pod.unschedulable = "creating", ""
        self.publish_pod(pod)
        message = f"Successfully assigned {pod.key} to {node.name}"
        self.records.tell(self.subject(pod), "Scheduled", message, component="default-scheduler")
        self.timeline.after(self.chance.uniform(*START_SECONDS), lambda: self._start(pod))

    def _cannot_schedule(self, pod: Pod) -> None:
        count = len(self.nodes)
        lost = sum(node.is_lost or node.is_cordoned or node.is_control_plane for node in self.nodes.values())
        message = f"0/{count} nodes are available: {count - lost} Insufficient memory, {lost} node(s) had "
        message += "untolerated taint(s). preemption: 0/{count} nodes are available: no victims found."
        message = message.replace("{count}", str(count))
        is_news = pod.unschedulable != message
        pod.unschedulable = message
        if is_news:
            self.publish_pod(pod)
        self.records.tell(
            self.subject(pod), "FailedScheduling", message, component="default-scheduler", is_warning=True
        )
        self.timeline.after(60, lambda: self.schedule(pod))

    def place_for(self, pod: Pod) -> Node | None:
        """The node with the most memory left that takes this pod."""
        cpu = sum(one.cpu_milli for one in pod.set.containers)
        memory = sum(one.memory_mib for one in pod.set.containers)
        pool = pod.set.workload.pool or DEFAULT_POOL
        fitting = [
            node
            for node in self.nodes.values()
            if not (node.is_lost or node.is_cordoned or node.is_control_plane)
            and node.pool == pool
            and node.taken_cpu_milli + cpu <= node.cpu_milli - 80
            and node.taken_memory_mib + memory <= node.memory_mib - 600
            and node.taken_pods < node.pods_limit
        ]
        return max(
            fitting, key=lambda node: (1 - node.taken_memory_mib / node.memory_mib, node.name), default=None
        )

    def bind(self, pod: Pod, node: Node) -> None:
        """Give a pod its node."""
        pod.node = node
        index = list(self.nodes).index(node.name)
        pod.address = f"10.{42 + index // 250}.{index % 250}.{self.chance.randrange(2, 250)}"
        pod.started_ms = self.now_ms
        node.taken_pods += 1
        for container in pod.set.containers:
            node.taken_cpu_milli += container.cpu_milli
            node.taken_memory_mib += container.memory_mib

    def _start(self, pod: Pod) -> None:
        if pod.key not in self.pods or pod.deleted_ms or (pod.node and pod.node.is_lost):
            return
        image = pod.set.containers[0].image
        if pod.set.behaviour == "bad_image":
            self._fail_pull(pod, image)
            return
        message = f'Container image "{image}" already present on machine'
        self.records.tell(self.subject(pod), "Pulled", message, component="kubelet")
        pod.state, pod.since_ms, pod.ready = "running", self.now_ms, False
        self.publish_pod(pod)
        self.records.tell(
            self.subject(pod),
            "Started",
            f"Started container {pod.set.containers[0].name}",
            component="kubelet",
        )
        if pod.set.behaviour in ("crash", "oom"):
            self.timeline.after(self.chance.uniform(*CRASH_SECONDS), lambda: self.crash(pod))
        else:
            self.timeline.after(self.chance.uniform(*READY_SECONDS), lambda: self._become_ready(pod))
        self.settle(pod.set.workload)

    def _fail_pull(self, pod: Pod, image: str) -> None:
        subject = self.subject(pod)
        pod.state = "pulling" if pod.state != "pulling" else "bad_image"
        pod.since_ms = self.now_ms
        self.publish_pod(pod)
        if pod.state == "pulling":
            message = f'Failed to pull image "{image}": failed to pull and unpack image: not found'
            self.records.tell(subject, "Failed", message, component="kubelet", is_warning=True)
            self.timeline.after(12, lambda: self._start(pod))
        else:
            message = f'Back-off pulling image "{image}"'
            self.records.tell(subject, "BackOff", message, component="kubelet")
            self.timeline.after(150, lambda: self._start(pod))
        self.settle(pod.set.workload)

    def _become_ready(self, pod: Pod) -> None:
        if pod.key not in self.pods or pod.deleted_ms or pod.state != "running" or pod.ready:
            return
        pod.ready, pod.ready_since_ms = True, self.now_ms
        self.publish_pod(pod)
        workload = pod.set.workload
        self.settle(workload)
        if workload.kind == "Deployment":
            self.on_ready(workload)
        elif workload.kind == "Job":
            seconds = workload.lives_seconds or 30
            self.timeline.after(seconds * self.chance.uniform(0.7, 1.3), lambda: self._finish(pod))

    def crash(self, pod: Pod) -> None:
        """A pod's container ends with an error, and is started again after a growing pause."""
        if pod.key not in self.pods or pod.state != "running" or pod.deleted_ms:
            return
        is_memory = pod.set.behaviour == "oom"
        pod.last_reason, pod.last_exit_code = ("OOMKilled", 137) if is_memory else ("Error", 1)
        pod.last_started_ms, pod.last_finished_ms = pod.since_ms, self.now_ms
        pod.state, pod.ready, pod.since_ms = "terminated", False, self.now_ms
        pod.ready_since_ms = self.now_ms
        self.publish_pod(pod)
        self.settle(pod.set.workload)
        self.timeline.after(self.chance.uniform(0.5, 1.5), lambda: self._back_off(pod))

    def _back_off(self, pod: Pod) -> None:
        if pod.key not in self.pods or pod.state != "terminated" or pod.deleted_ms:
            return
        pod.restarts += 1
        pod.state = "crash_wait"
        self.publish_pod(pod)
        container = pod.set.containers[0].name
        message = f"Back-off restarting failed container {container} in pod {pod.name}"
        message += f"_{pod.set.workload.namespace}({pod.uid})"
        self.records.tell(self.subject(pod), "BackOff", message, component="kubelet", is_warning=True)
        self.timeline.after(back_off_seconds(pod.restarts), lambda: self._start(pod))

    def delete_pod(self, pod: Pod) -> None:
        """Somebody deletes a pod: it terminates, and its controller makes another."""
        if pod.deleted_ms or pod.key not in self.pods:
            return
        pod.deleted_ms = self.now_ms
        self.publish_pod(pod)
        self.records.tell(
            self.subject(pod),
            "Killing",
            f"Stopping container {pod.set.containers[0].name}",
            component="kubelet",
        )
        self.timeline.after(self.chance.uniform(*STOP_SECONDS), lambda: self.remove_pod(pod))
        if pod.set.workload.kind in ("Deployment", "DaemonSet"):
            self.want(pod.set)

    def remove_pod(self, pod: Pod) -> None:
        """A pod is gone for good."""
        if self.pods.get(pod.key) is not pod:
            return
        del self.pods[pod.key]
        pod.set.pods.remove(pod)
        if pod.node is not None and not pod.is_over:
            pod.node.taken_pods -= 1
            for container in pod.set.containers:
                pod.node.taken_cpu_milli -= container.cpu_milli
                pod.node.taken_memory_mib -= container.memory_mib
        self.store.delete("Pod", pod.key)
        if pod.set.workload.kind == "StatefulSet" and pod.set.wanted > len(pod.set.pods):
            self.new_pod(pod.set, name=pod.name)
        self.settle(pod.set.workload)

    def _finish(self, pod: Pod) -> None:
        if pod.key not in self.pods or pod.deleted_ms or pod.state != "running":
            return
        job = pod.set.workload
        fails = pod.set.behaviour == "fails"
        pod.state = "failed" if fails else "succeeded"
        pod.last_reason, pod.last_exit_code = ("Error", 1) if fails else ("Completed", 0)
        pod.last_started_ms, pod.last_finished_ms = pod.since_ms, self.now_ms
        pod.ready, pod.ready_since_ms = False, self.now_ms
        if pod.node is not None:
            pod.node.taken_pods -= 1
            for container in pod.set.containers:
                pod.node.taken_cpu_milli -= container.cpu_milli
                pod.node.taken_memory_mib -= container.memory_mib
        self.publish_pod(pod)
        job.finished_ms = self.now_ms
        job.failed = int(fails)
        self.settle(job)
        subject = Subject("Job", job.namespace, job.name, job.uid, "batch/v1")
        reason, message = "Completed", "Job completed"
        if fails:
            reason, message = "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        self.records.tell(subject, reason, message, component="job-controller", is_warning=fails)
        if job.owner is not None:
            self.on_finished(job.owner, job)

    def want(self, pod_set: PodSet) -> None:
        """Make as many pods as a set still lacks."""
        for _ in range(pod_set.wanted - len(standing(pod_set.pods))):
            self.new_pod(pod_set)
        self.settle(pod_set.workload)

    def settle(self, workload: Workload) -> None:
        """Write a workload's and its sets' status, where it has changed."""
        if workload.kind == "Deployment":
            for pod_set in workload.sets:
                self.put_changed("ReplicaSet", replica_set_body(pod_set))
        self.put_changed(workload.kind, workload_body(workload, self.now_ms))

    def put_changed(self, kind: str, body: dict[str, object]) -> None:
        """Write an object unless it is as it was: no change, no event."""
        stored = encode(kind, body)
        present = self.store.get(kind, stored.key)
        if present is None or (present.pieces[0], present.pieces[2]) != (stored.pieces[0], stored.pieces[2]):
            self.store.put(kind, stored)

    def settle_all(self, workloads: dict[int, Workload]) -> None:
        """Write the status of several workloads."""
        for workload in workloads.values():
            self.settle(workload)

    def add_workload(self, workload: Workload, *, behaviour: str = "well") -> PodSet:
        """Take a workload into the world with its first revision; its pods come with `want`."""
        pod_set = PodSet(
            workload=workload,
            hash=template_hash(self.chance),
            uid=uid(self.chance),
            revision=1,
            created_ms=workload.created_ms,
            containers=workload.containers,
            wanted=workload.replicas,
            behaviour=behaviour,
        )
        workload.sets.append(pod_set)
        self.workloads[workload.kind, workload.namespace, workload.name] = workload
        return pod_set

    def remove_workload(self, workload: Workload) -> None:
        """A workload and all its pods go."""
        for pod_set in workload.sets:
            pod_set.wanted = 0
            for pod in list(pod_set.pods):
                self.remove_pod(pod)
            if workload.kind == "Deployment":
                self.store.delete("ReplicaSet", f"{workload.namespace}/{pod_set.name}")
        self.workloads.pop((workload.kind, workload.namespace, workload.name), None)
        self.store.delete(workload.kind, f"{workload.namespace}/{workload.name}")
