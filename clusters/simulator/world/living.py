"""A simulated cluster's life: pods are scheduled, start, crash, are replaced; controllers keep count.

Each change is written to the store at once, and each write is one watch event.
"""

import random

from clusters.simulator.store import Store, encode
from clusters.simulator.world.naming import suffix, template_hash, uid
from clusters.simulator.world.pods import back_off_seconds, pod_body
from clusters.simulator.world.records import Records, Subject
from clusters.simulator.world.rendering import node_body
from clusters.simulator.world.things import Container, CronJob, Node, Pod, PodSet, Workload
from clusters.simulator.world.timeline import Timeline
from clusters.simulator.world.workloads import (
    PROGRESS_DEADLINE_SECONDS,
    cron_job_body,
    ready,
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
HEARTBEAT_SECONDS = 300.0


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

    @property
    def now_ms(self) -> int:
        """The world's present."""
        return self.timeline.now_ms

    # nodes

    def publish_node(self, node: Node) -> None:
        """Write a node as it is now."""
        self.store.put("Node", encode("Node", node_body(node)))

    def beat(self, node: Node) -> None:
        """A node's status as the kubelet writes it every five minutes."""
        if not node.is_lost:
            node.heartbeat_ms = self.now_ms
            self.publish_node(node)
        self.timeline.after(HEARTBEAT_SECONDS, lambda: self.beat(node))

    def lose_node(self, node: Node) -> None:
        """A node's kubelet stops talking; its pods are not ready, and are evicted later."""
        if node.is_lost:
            return
        node.is_lost = True
        node.changed_ms = self.now_ms
        self.publish_node(node)
        subject = Subject("Node", "", node.name, node.uid)
        self.records.tell(
            subject, "NodeNotReady", f"Node {node.name} status is now: NodeNotReady",
            component="node-controller",
        )  # fmt: skip
        for pod in self.pods_on(node):
            pod.ready_since_ms = self.now_ms
            self.publish_pod(pod)
            self.records.tell(
                self.subject(pod), "NodeNotReady", "Node is not ready",
                component="node-controller", is_warning=True,
            )  # fmt: skip
        self._settle_all({id(pod.set.workload): pod.set.workload for pod in self.pods_on(node)})
        self.timeline.after(self.evict_after_seconds, lambda: self._evict(node))

    def recover_node(self, node: Node) -> None:
        """A lost node is back."""
        if not node.is_lost:
            return
        node.is_lost = False
        node.changed_ms = node.heartbeat_ms = self.now_ms
        self.publish_node(node)
        subject = Subject("Node", "", node.name, node.uid)
        message = f"Node {node.name} status is now: NodeReady"
        self.records.tell(subject, "NodeReady", message, component="kubelet")
        for pod in self.pods_on(node):
            pod.ready_since_ms = self.now_ms
            if pod.deleted_ms:
                self.remove_pod(pod)
            else:
                self.publish_pod(pod)
        self._settle_all({id(pod.set.workload): pod.set.workload for pod in self.pods_on(node)})

    def cordon(self, node: Node) -> None:
        """A node takes no new pods."""
        node.is_cordoned = True
        self.publish_node(node)

    def press_memory(self, node: Node) -> None:
        """A node reports too little memory."""
        node.has_memory_pressure = True
        node.changed_ms = node.heartbeat_ms = self.now_ms
        self.publish_node(node)

    def pods_on(self, node: Node) -> list[Pod]:
        """The pods of one node."""
        return [pod for pod in self.pods.values() if pod.node is node]

    def _evict(self, node: Node) -> None:
        if not node.is_lost:
            return
        for pod in self.pods_on(node):
            if pod.set.workload.kind == "DaemonSet" or pod.deleted_ms or pod.is_over:
                continue
            message = f"Marking for deletion Pod {pod.key}"
            self.records.tell(
                self.subject(pod), "TaintManagerEviction", message, component="taint-eviction-controller"
            )
            pod.deleted_ms = self.now_ms
            self.publish_pod(pod)
            if pod.set.workload.kind != "StatefulSet":
                self.want(pod.set)

    # pods

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
            self.go_on_rolling(workload)
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
            self._close_run(job.owner, job)

    # workloads

    def want(self, pod_set: PodSet) -> None:
        """Make as many pods as a set still lacks."""
        for _ in range(pod_set.wanted - len(standing(pod_set.pods))):
            self.new_pod(pod_set)
        self.settle(pod_set.workload)

    def settle(self, workload: Workload) -> None:
        """Write a workload's and its sets' status, where it has changed."""
        if workload.kind == "Deployment":
            for pod_set in workload.sets:
                self._put_changed("ReplicaSet", replica_set_body(pod_set))
        self._put_changed(workload.kind, workload_body(workload, self.now_ms))

    def _put_changed(self, kind: str, body: dict[str, object]) -> None:
        stored = encode(kind, body)
        present = self.store.get(kind, stored.key)
        if present is None or (present.pieces[0], present.pieces[2]) != (stored.pieces[0], stored.pieces[2]):
            self.store.put(kind, stored)

    def _settle_all(self, workloads: dict[int, Workload]) -> None:
        for workload in workloads.values():
            self.settle(workload)

    def scale(self, workload: Workload, replicas: int) -> None:
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
            self.records.tell(subject, "ScalingReplicaSet", message, component="deployment-controller")
        for pod in standing(current.pods)[replicas:]:
            self.delete_pod(pod)
        if workload.kind == "StatefulSet":
            for index in range(len(current.pods), replicas):
                self.new_pod(current, name=f"{workload.name}-{index}")
        self.want(current)

    def roll_out(self, workload: Workload, image: str, behaviour: str = "well") -> None:
        """A Deployment gets a new image: new pods come a quarter at a time, old ones leave as those serve."""
        old = workload.sets[-1]
        first, *others = old.containers
        changed = Container(**{**first.__dict__, "image": image})
        workload.generation += 1
        workload.updated_ms = self.now_ms
        workload.is_stalled = False
        workload.containers = [changed, *others]
        new = PodSet(
            workload=workload,
            hash=template_hash(self.chance),
            uid=uid(self.chance),
            revision=old.revision + 1,
            created_ms=self.now_ms,
            containers=workload.containers,
            wanted=0,
            behaviour=behaviour,
        )
        workload.sets.append(new)
        self.settle(workload)
        self.go_on_rolling(workload)
        self.timeline.after(PROGRESS_DEADLINE_SECONDS, lambda: self._deadline(workload, new))

    def go_on_rolling(self, workload: Workload) -> None:
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
            self.delete_pod(pod)
        self.want(new)

    def _deadline(self, workload: Workload, pod_set: PodSet) -> None:
        if workload.sets[-1] is pod_set and len(ready(pod_set.pods)) < workload.replicas:
            workload.is_stalled = True
            self.settle(workload)

    def misbehave(self, workload: Workload, behaviour: str) -> None:
        """From now on a workload's pods crash ('crash', 'oom'), each at its own moment; 'well' heals them."""
        pod_set = workload.sets[-1]
        pod_set.behaviour = behaviour
        if behaviour == "well":
            return
        for pod in standing(pod_set.pods):
            self.timeline.after(self.chance.uniform(0.5, 20), lambda pod=pod: self.crash(pod))  # type: ignore[misc]

    # cron jobs

    def run_cron(self, cron: CronJob) -> None:
        """One scheduled run, and the next in its turn."""
        self.timeline.after(cron.every_seconds, lambda: self.run_cron(cron))
        if cron.is_suspended or cron.active:
            return
        now_ms = self.now_ms
        template = cron.template
        job = Workload(
            kind="Job",
            namespace=cron.namespace,
            name=f"{cron.name}-{now_ms // 60_000}",
            uid=uid(self.chance),
            created_ms=now_ms,
            started_ms=now_ms,
            replicas=1,
            containers=template.containers,
            cpu_use=template.cpu_use,
            memory_use=template.memory_use,
            lives_seconds=template.lives_seconds,
            owner=cron,
        )
        if ("Job", job.namespace, job.name) in self.workloads:
            return
        behaviour = template.sets[-1].behaviour if template.sets else "well"
        self.add_workload(job, behaviour=behaviour)
        cron.active.append(job)
        cron.last_schedule_ms = now_ms
        self._put_changed("CronJob", cron_job_body(cron))
        subject = Subject("CronJob", cron.namespace, cron.name, cron.uid, "batch/v1")
        self.records.tell(
            subject, "SuccessfulCreate", f"Created job {job.name}", component="cronjob-controller"
        )
        self.want(job.sets[-1])

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

    def _close_run(self, cron: CronJob, job: Workload) -> None:
        cron.active = [one for one in cron.active if one is not job]
        cron.done.append(job)
        if not job.failed:
            cron.last_success_ms = self.now_ms
        while len(cron.done) > 3:
            self.remove_workload(cron.done.pop(0))
        self._put_changed("CronJob", cron_job_body(cron))
