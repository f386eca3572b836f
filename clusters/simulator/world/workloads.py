"""Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs as Kubernetes objects."""

from clusters.simulator.world.managed import managed_fields
from clusters.simulator.world.rendering import Body, owner_body, stamp, template_body, template_of
from clusters.simulator.world.things import CronJob, Pod, PodSet, Workload

PROGRESS_DEADLINE_SECONDS = 600
_CONTROLLER = "kube-controller-manager"


def standing(pods: list[Pod]) -> list[Pod]:
    """The pods that count: neither ended nor being deleted."""
    return [pod for pod in pods if not pod.is_over and not pod.deleted_ms]


def ready(pods: list[Pod]) -> list[Pod]:
    """The pods that serve."""
    return [pod for pod in standing(pods) if pod.ready and not (pod.node and pod.node.is_lost)]


def workload_body(workload: Workload, now_ms: int) -> Body:
    """The object of any workload but a CronJob."""
    make = {
        "Deployment": _deployment,
        "StatefulSet": _stateful_set,
        "DaemonSet": _daemon_set,
        "Job": _job,
    }[workload.kind]
    body = make(workload, now_ms)
    api_version = "batch/v1" if workload.kind == "Job" else "apps/v1"
    return managed_fields(body, api_version, "argocd-controller", stamp(workload.created_ms), _CONTROLLER)


def _metadata(workload: Workload, annotations: dict[str, str]) -> Body:
    metadata: Body = {
        "name": workload.name,
        "namespace": workload.namespace,
        "uid": workload.uid,
        "resourceVersion": "",
        "generation": workload.generation,
        "creationTimestamp": stamp(workload.created_ms),
        "labels": {"app": workload.name, "app.kubernetes.io/name": workload.name},
    }
    if annotations:
        metadata["annotations"] = annotations
    return metadata


def _deployment(workload: Workload, now_ms: int) -> Body:
    current = workload.sets[-1]
    spec: Body = {
        "replicas": workload.replicas,
        "selector": {"matchLabels": {"app": workload.name}},
        "template": template_body(current),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": PROGRESS_DEADLINE_SECONDS,
    }
    del spec["template"]["metadata"]["labels"]["pod-template-hash"]
    return {
        "metadata": _metadata(workload, {"deployment.kubernetes.io/revision": str(current.revision)}),
        "spec": spec,
        "status": _deployment_status(workload, now_ms),
    }


def _deployment_status(workload: Workload, now_ms: int) -> Body:
    pods = [pod for one in workload.sets for pod in one.pods]
    there, serving = standing(pods), ready(pods)
    status: Body = {"observedGeneration": workload.generation}
    _add_counts(
        status,
        replicas=len(there),
        updatedReplicas=len(standing(workload.sets[-1].pods)),
        readyReplicas=len(serving),
        availableReplicas=len(serving),
        unavailableReplicas=max(workload.replicas - len(serving), 0),
    )
    status["terminatingReplicas"] = sum(bool(pod.deleted_ms) for pod in pods)
    status["conditions"] = [_available(workload, len(serving)), _progressing(workload, now_ms)]
    return status


def _available(workload: Workload, serving: int) -> Body:
    is_available = serving >= workload.replicas - workload.replicas // 4
    moment = stamp(workload.updated_ms or workload.created_ms)
    text = "has minimum availability." if is_available else "does not have minimum availability."
    return {
        "type": "Available",
        "status": str(is_available),
        "lastUpdateTime": moment,
        "lastTransitionTime": moment,
        "reason": f"MinimumReplicas{'Available' if is_available else 'Unavailable'}",
        "message": f"Deployment {text}",
    }


def _progressing(workload: Workload, now_ms: int) -> Body:
    current = workload.sets[-1]
    is_done = len(ready(current.pods)) >= workload.replicas
    updated_ms = workload.updated_ms or workload.created_ms
    status, reason, text = "True", "ReplicaSetUpdated", "is progressing."
    if workload.is_stalled:
        status, reason, text = "False", "ProgressDeadlineExceeded", "has timed out progressing."
    elif is_done or now_ms - updated_ms > PROGRESS_DEADLINE_SECONDS * 1000:
        reason, text = "NewReplicaSetAvailable", "has successfully progressed."
    changed_ms = updated_ms + PROGRESS_DEADLINE_SECONDS * 1000 if workload.is_stalled else updated_ms
    return {
        "type": "Progressing",
        "status": status,
        "lastUpdateTime": stamp(changed_ms),
        "lastTransitionTime": stamp(changed_ms),
        "reason": reason,
        "message": f'ReplicaSet "{current.name}" {text}',
    }


def replica_set_body(pod_set: PodSet) -> Body:
    """A ReplicaSet."""
    workload = pod_set.workload
    labels = {
        "app": workload.name,
        "app.kubernetes.io/name": workload.name,
        "pod-template-hash": pod_set.hash,
    }
    there, serving = standing(pod_set.pods), ready(pod_set.pods)
    surge = workload.replicas + -(-workload.replicas // 4)
    status: Body = {"replicas": len(there)}
    _add_counts(
        status,
        fullyLabeledReplicas=len(there),
        readyReplicas=len(serving),
        availableReplicas=len(serving),
    )
    status["terminatingReplicas"] = sum(bool(pod.deleted_ms) for pod in pod_set.pods)
    status["observedGeneration"] = 1
    body: Body = {
        "metadata": {
            "name": pod_set.name,
            "namespace": workload.namespace,
            "uid": pod_set.uid,
            "resourceVersion": "",
            "generation": 1,
            "creationTimestamp": stamp(pod_set.created_ms),
            "labels": labels,
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": str(workload.replicas),
                "deployment.kubernetes.io/max-replicas": str(surge),
                "deployment.kubernetes.io/revision": str(pod_set.revision),
            },
            "ownerReferences": owner_body("apps/v1", "Deployment", workload.name, workload.uid),
        },
        "spec": {
            "replicas": pod_set.wanted,
            "selector": {"matchLabels": {"app": workload.name, "pod-template-hash": pod_set.hash}},
            "template": template_body(pod_set),
        },
        "status": status,
    }
    return managed_fields(body, "apps/v1", _CONTROLLER, stamp(pod_set.created_ms))


def _stateful_set(workload: Workload, now_ms: int) -> Body:
    current = workload.sets[-1]
    there, serving = standing(current.pods), ready(current.pods)
    revision = f"{workload.name}-{current.hash}"
    template = template_body(current)
    del template["metadata"]["labels"]["controller-revision-hash"]
    spec: Body = {
        "replicas": workload.replicas,
        "selector": {"matchLabels": {"app": workload.name}},
        "template": template,
        "serviceName": workload.name,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    }
    status: Body = {"observedGeneration": workload.generation, "replicas": len(there)}
    _add_counts(status, readyReplicas=len(serving), currentReplicas=len(there), updatedReplicas=len(there))
    status |= {"currentRevision": revision, "updateRevision": revision, "collisionCount": 0}
    status["availableReplicas"] = len(serving)
    return {"metadata": _metadata(workload, {}), "spec": spec, "status": status}


def _daemon_set(workload: Workload, now_ms: int) -> Body:
    current = workload.sets[-1]
    there, serving = standing(current.pods), ready(current.pods)
    template = template_body(current)
    del template["metadata"]["labels"]["controller-revision-hash"]
    status: Body = {
        "currentNumberScheduled": len(there),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": workload.replicas,
        "numberReady": len(serving),
        "observedGeneration": workload.generation,
        "updatedNumberScheduled": len(there),
    }
    _add_counts(status, numberAvailable=len(serving), numberUnavailable=workload.replicas - len(serving))
    spec: Body = {
        "selector": {"matchLabels": {"app": workload.name}},
        "template": template,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": 10,
    }
    metadata = _metadata(workload, {"deprecated.daemonset.template.generation": "1"})
    return {"metadata": metadata, "spec": spec, "status": status}


def _job(workload: Workload, now_ms: int) -> Body:
    current = workload.sets[-1]
    labels = {
        "batch.kubernetes.io/controller-uid": workload.uid,
        "batch.kubernetes.io/job-name": workload.name,
        "controller-uid": workload.uid,
        "job-name": workload.name,
    }
    metadata = _metadata(workload, {})
    metadata["labels"] |= labels
    if workload.owner is not None:
        owner = workload.owner
        metadata["ownerReferences"] = owner_body("batch/v1", "CronJob", owner.name, owner.uid)
    spec: Body = {
        "parallelism": 1,
        "completions": workload.replicas,
        "backoffLimit": 6,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": workload.uid}},
        "manualSelector": False,
        "template": template_of(workload, current.containers, labels),
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }
    return {"metadata": metadata, "spec": spec, "status": _job_status(workload)}


def _job_status(workload: Workload) -> Body:
    pods = workload.sets[-1].pods
    succeeded = sum(pod.state == "succeeded" for pod in pods)
    status: Body = {}
    if workload.finished_ms:
        moment = stamp(workload.finished_ms)
        common = {"status": "True", "lastProbeTime": moment, "lastTransitionTime": moment}
        if workload.failed:
            why = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
            kinds = ("FailureTarget", "Failed")
        else:
            why = {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
            kinds = ("SuccessCriteriaMet", "Complete")
            status["completionTime"] = moment
        status["conditions"] = [{"type": kind, **common, **why} for kind in kinds]
    status["startTime"] = stamp(workload.started_ms or workload.created_ms)
    _add_counts(status, active=len(standing(pods)), succeeded=succeeded, failed=workload.failed)
    status |= {"terminating": 0, "uncountedTerminatedPods": {}, "ready": len(ready(pods))}
    return status


def cron_job_body(cron: CronJob) -> Body:
    """A CronJob."""
    template = cron.template
    metadata: Body = {
        "name": cron.name,
        "namespace": cron.namespace,
        "uid": cron.uid,
        "resourceVersion": "",
        "generation": 1,
        "creationTimestamp": stamp(cron.created_ms),
        "labels": {"app": cron.name, "app.kubernetes.io/name": cron.name},
    }
    job_template = {"metadata": {}, "spec": {"template": template_of(template, template.containers, {})}}
    status: Body = {}
    if cron.active:
        status["active"] = [
            {
                "kind": "Job",
                "namespace": job.namespace,
                "name": job.name,
                "uid": job.uid,
                "apiVersion": "batch/v1",
            }
            for job in cron.active
        ]
    if cron.last_schedule_ms:
        status["lastScheduleTime"] = stamp(cron.last_schedule_ms)
    if cron.last_success_ms:
        status["lastSuccessfulTime"] = stamp(cron.last_success_ms)
    body: Body = {
        "metadata": metadata,
        "spec": {
            "schedule": cron.schedule,
            "concurrencyPolicy": "Forbid",
            "suspend": cron.is_suspended,
            "jobTemplate": job_template,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
        "status": status,
    }
    return managed_fields(body, "batch/v1", "argocd-controller", stamp(cron.created_ms), _CONTROLLER)


def _add_counts(status: Body, **counts: int) -> None:
    """Set counts as Kubernetes does: what is 0 is left out."""
    status.update({name: value for name, value in counts.items() if value})
